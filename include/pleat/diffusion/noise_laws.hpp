#pragma once
/// \file  Laws of the corruption time t of each position in noise masking: z_a -> cos(pi t_a / 2) z_a + sin(pi t_a / 2) eps.

#include <cmath>
#include <concepts>
#include <cstdint>

#include <pleat/core/philox.hpp>

namespace pleat::inline v0_1 {

/// A law of t in [0, 1] per position. Your own provides
///   static constexpr const char* name;
///   double t(NoiseKey, std::uint32_t draw, std::uint32_t record, std::uint32_t position) const
/// as a pure function of its arguments (`draw` tells the draws of one pass apart), so that a record has the same corruption in
/// any batch.
template <class L>
concept NoiseLaw = std::default_initializable<L> && requires(const L& law, NoiseKey key, std::uint32_t i) {
  { L::name } -> std::convertible_to<const char*>;
  { law.t(key, i, i, i) } -> std::convertible_to<double>;
};

namespace detail {
// Channel groups from here on belong to times, so that they share no block with the noise of the same draw and position.
inline constexpr std::uint32_t law_group = 0x8000'0000;
inline constexpr std::uint32_t whole_sequence = 0xFFFF'FFFF; // as position: one value per record

struct UniformPair {
  double first, second;
};
inline UniformPair law_uniforms(NoiseKey key, std::uint32_t draw, std::uint32_t record, std::uint32_t position,
                                std::uint32_t group = 0) {
  PhiloxBlock b = philox(key, {draw, record, position, law_group + group});
  return {uniform_double(b[0], b[1]), uniform_double(b[2], b[3])};
}
} // namespace detail

/// t uniform in (0, 1), independent per position (the default).
struct UniformLaw {
  static constexpr const char* name = "uniform";
  double t(NoiseKey key, std::uint32_t draw, std::uint32_t record, std::uint32_t position) const {
    return detail::law_uniforms(key, draw, record, position).first;
  }
};

struct BetaOptions {
  double a = 2, b = 2;
  friend constexpr bool operator==(const BetaOptions&, const BetaOptions&) = default;
};

/// t ~ Beta(a, b): a / (a + b) on average.
template <BetaOptions O = BetaOptions{}> struct BetaLaw {
  static_assert(O.a > 0 && O.b > 0, "BetaLaw: a and b must be positive.");
  static constexpr const char* name = "beta";
  double t(NoiseKey key, std::uint32_t draw, std::uint32_t record, std::uint32_t position) const {
    double x = log_gamma_draw(O.a, key, draw, record, position, 0),
           y = log_gamma_draw(O.b, key, draw, record, position, 1u << 16);
    return 1 / (1 + std::exp(y - x)); // X / (X + Y) without overflow or 0 / 0 for small a and b
  }

private:
  // ln of a Gamma(shape) variate by Marsaglia and Tsang (2000); each trial has its own block, so the result is a pure function.
  static double log_gamma_draw(double shape, NoiseKey key, std::uint32_t draw, std::uint32_t record, std::uint32_t position,
                               std::uint32_t group) {
    double boost = 0;
    if (shape < 1) { // Gamma(shape) = Gamma(shape + 1) * u^(1 / shape)
      boost = std::log(detail::law_uniforms(key, draw, record, position, group++).first) / shape;
      shape += 1;
    }
    const double d = shape - 1.0 / 3, c = 1 / std::sqrt(9 * d);
    for (;;) {
      auto [first, second] = detail::law_uniforms(key, draw, record, position, group++);
      double accept = detail::law_uniforms(key, draw, record, position, group++).first;
      double x = detail::box_muller(first, second)[0], v = 1 + c * x;
      if (v <= 0) continue;
      v = v * v * v;
      if (std::log(accept) < 0.5 * x * x + d - d * v + d * std::log(v)) return std::log(d * v) + boost;
    }
  }
};

struct MixtureOptions {
  double p_mask = 0.5;
  friend constexpr bool operator==(const MixtureOptions&, const MixtureOptions&) = default;
};

/// With probability p_mask t is uniform, else 0: the position is left clean.
template <MixtureOptions O = MixtureOptions{}> struct MixtureLaw {
  static_assert(O.p_mask >= 0 && O.p_mask <= 1, "MixtureLaw: p_mask must be in [0, 1].");
  static constexpr const char* name = "mixture";
  double t(NoiseKey key, std::uint32_t draw, std::uint32_t record, std::uint32_t position) const {
    auto [time, choice] = detail::law_uniforms(key, draw, record, position);
    return choice < O.p_mask ? time : 0;
  }
};

struct SequenceLevelOptions {
  double jitter = 0; ///< half-width of a uniform offset per position, reflected at 0 and 1
  friend constexpr bool operator==(const SequenceLevelOptions&, const SequenceLevelOptions&) = default;
};

/// One uniform t per sequence, with an optional jitter per position.
template <SequenceLevelOptions O = SequenceLevelOptions{}> struct SequenceLevelLaw {
  static_assert(O.jitter >= 0 && O.jitter <= 1, "SequenceLevelLaw: jitter must be in [0, 1].");
  static constexpr const char* name = "sequence_level";
  double t(NoiseKey key, std::uint32_t draw, std::uint32_t record, std::uint32_t position) const {
    double base = detail::law_uniforms(key, draw, record, detail::whole_sequence).first;
    if constexpr (O.jitter == 0) return base;
    double moved = base + O.jitter * (2 * detail::law_uniforms(key, draw, record, position).first - 1);
    return moved < 0 ? -moved : moved > 1 ? 2 - moved : moved; // reflection keeps the law uniform
  }
};

struct BernoulliOptions {
  double p = 0.15;
  friend constexpr bool operator==(const BernoulliOptions&, const BernoulliOptions&) = default;
};

/// t = 1 with probability p, else 0: masked language modelling with a Gaussian mask in latent space.
template <BernoulliOptions O = BernoulliOptions{}> struct BernoulliLaw {
  static_assert(O.p >= 0 && O.p <= 1, "BernoulliLaw: p must be in [0, 1].");
  static constexpr const char* name = "bernoulli";
  double t(NoiseKey key, std::uint32_t draw, std::uint32_t record, std::uint32_t position) const {
    return detail::law_uniforms(key, draw, record, position).first < O.p ? 1 : 0;
  }
};

/// F(t) = t - sin(pi t) / pi, the distribution with density 2 sin^2(pi t / 2): drawing t from it and leaving the loss unweighted
/// is the importance-sampled form of uniform t with weight sin^2(pi t / 2) (times 1/2).
inline double importance_cdf(double t) { return t - std::sin(3.14159265358979323846 * t) / 3.14159265358979323846; }

/// The t with F(t) = u, u in [0, 1].
inline double importance_time(double u) {
  double low = 0, high = 1;
  for (int i = 0; i < 54; ++i) { // bisection: F is flat at 0, where Newton crawls
    double middle = (low + high) / 2;
    (importance_cdf(middle) < u ? low : high) = middle;
  }
  return (low + high) / 2;
}

/// t with density 2 sin^2(pi t / 2), to be used with weight 1 (see importance_cdf).
struct ImportanceLaw {
  static constexpr const char* name = "importance";
  double t(NoiseKey key, std::uint32_t draw, std::uint32_t record, std::uint32_t position) const {
    return importance_time(detail::law_uniforms(key, draw, record, position).first);
  }
};

static_assert(NoiseLaw<UniformLaw> && NoiseLaw<BetaLaw<>> && NoiseLaw<MixtureLaw<>> && NoiseLaw<SequenceLevelLaw<>> &&
              NoiseLaw<BernoulliLaw<>> && NoiseLaw<ImportanceLaw>);

} // namespace pleat::inline v0_1
