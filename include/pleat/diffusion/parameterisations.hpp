#pragma once
/// \file  What the denoiser's output means, and how any reading of it is a linear combination of output and input.
///
/// With alpha = cos phi, sigma = sin phi:  z_t = alpha z_0 + sigma eps,  v = alpha eps - sigma z_0,  and back
/// z_0 = alpha z_t - sigma v,  eps = sigma z_t + alpha v,  score = -eps / sigma. The same holds for conditional means, so every
/// quantity is c_network * network + c_input * z_t with two numbers per row: the network is never instantiated per reading.

#include <concepts>

#include <pleat/diffusion/readings.hpp>
#include <pleat/diffusion/schedules.hpp>

namespace pleat::inline v0_1 {

/// network * (output of the denoiser) + input * z_t; or the reason why that quantity does not exist at this level.
struct Combination {
  double network = 0, input = 0;
  const char* refusal = nullptr; ///< null, or one sentence with reason and remedy

  constexpr explicit operator bool() const { return refusal == nullptr; }
};

/// What a loss compares: |network * output - (clean * z_0 + noise * eps)|^2, mean over channels. `velocity_weight` times that
/// equals |v - v_hat|^2 at the same level; it is not finite where `refusal` is set.
struct TrainingTarget {
  double network = 1, clean = 0, noise = 0, velocity_weight = 1;
  const char* refusal = nullptr;
};

/// A parameterisation. Your own provides
///   static constexpr const char* name;
///   static constexpr Combination velocity(NoiseLevel)       v_hat from output and z_t, with a refusal where it divides by zero;
///   static constexpr TrainingTarget target(NoiseLevel)      what the output is regressed on.
/// It may also provide noise(NoiseLevel), clean(NoiseLevel) and score(NoiseLevel), where these exist although the route through v
/// divides by zero.
template <class P>
concept Parameterisation = requires(NoiseLevel at) {
  { P::name } -> std::convertible_to<const char*>;
  { P::velocity(at) } -> std::same_as<Combination>;
  { P::target(at) } -> std::same_as<TrainingTarget>;
};

namespace detail {
inline constexpr const char* score_refusal =
    "the score is -eps_hat / sigma and sigma = 0 at t = 0; use t > 0, the reading eps, or the parameterisation ScaledV.";
inline constexpr const char* tan_refusal =
    "the reading tan divides by alpha and alpha = 0 at pure noise (t = 1); use t < 1 or the reading eps.";
inline constexpr const char* noise_refusal = "PredictNoise cannot tell z_0 or v at pure noise (t = 1), where it divides by "
                                             "alpha = 0; use t < 1, the reading eps, or PredictV.";
inline constexpr const char* clean_refusal = "PredictClean cannot tell eps or v at t = 0, where it divides by sigma = 0; use "
                                             "t > 0, the reading denoised, or PredictV.";

constexpr Combination divided(Combination c, double by, const char* refusal) {
  if (c.refusal) return c;
  if (by == 0) return {0, 0, refusal};
  return {c.network / by, c.input / by, nullptr};
}
} // namespace detail

/// v_hat of the network's output.
template <Parameterisation P> constexpr Combination velocity(NoiseLevel at) { return P::velocity(at); }

/// eps_hat = sigma z_t + alpha v_hat.
template <Parameterisation P> constexpr Combination noise(NoiseLevel at) {
  if constexpr (requires { P::noise(at); }) {
    return P::noise(at);
  } else {
    Combination v = P::velocity(at);
    return v ? Combination{at.alpha * v.network, at.sigma + at.alpha * v.input} : v;
  }
}

/// z_0_hat = alpha z_t - sigma v_hat.
template <Parameterisation P> constexpr Combination clean(NoiseLevel at) {
  if constexpr (requires { P::clean(at); }) {
    return P::clean(at);
  } else {
    Combination v = P::velocity(at);
    return v ? Combination{-at.sigma * v.network, at.alpha - at.sigma * v.input} : v;
  }
}

/// grad log p_t(z_t) = -eps_hat / sigma.
template <Parameterisation P> constexpr Combination score(NoiseLevel at) {
  if constexpr (requires { P::score(at); })
    return P::score(at);
  else
    return detail::divided(noise<P>(at), -at.sigma, detail::score_refusal);
}

/// The numbers that turn the output of the network at `at` into a reading; Encoder and Hidden are not functions of the output.
template <Parameterisation P> constexpr Combination combination(Reading reading, NoiseLevel at) {
  switch (reading) {
  case Reading::V:
    return velocity<P>(at);
  case Reading::EpsHat:
    return noise<P>(at);
  case Reading::Eq8Literal: {
    Combination v = velocity<P>(at);
    return v ? Combination{v.network, v.input + at.sigma} : v;
  }
  case Reading::TanScaled:
    return detail::divided(noise<P>(at), at.alpha, detail::tan_refusal); // v + tan(phi) z
  case Reading::Score:
    return score<P>(at);
  case Reading::Denoised:
    return clean<P>(at);
  case Reading::Encoder:
  case Reading::Hidden:
    break;
  }
  return {0, 0, "the readings z and hidden are not made from the output of the denoiser."};
}

/// As above for a schedule and a time; throws an Error that says why where the reading does not exist.
template <Parameterisation P, NoiseSchedule S> Combination combination(Reading reading, const S& schedule, double t) {
  require_time(t);
  Combination result = combination<P>(reading, noise_level(schedule, t));
  require(bool(result), "reading ", name_of(reading), " at t = ", t, ": ", result.refusal ? result.refusal : "");
  return result;
}

/// The network predicts v (the default).
struct PredictV {
  static constexpr const char* name = "v";
  static constexpr Combination velocity(NoiseLevel) { return {1, 0}; }
  static constexpr TrainingTarget target(NoiseLevel at) { return {1, -at.sigma, at.alpha, 1}; }
};

/// The network predicts eps. velocity_weight = 1 / alpha^2.
struct PredictNoise {
  static constexpr const char* name = "noise";
  static constexpr Combination velocity(NoiseLevel at) {
    return detail::divided({1, -at.sigma}, at.alpha, detail::noise_refusal);
  }
  static constexpr Combination noise(NoiseLevel) { return {1, 0}; }
  static constexpr Combination clean(NoiseLevel at) { return detail::divided({-at.sigma, 1}, at.alpha, detail::noise_refusal); }
  static constexpr TrainingTarget target(NoiseLevel at) {
    if (at.alpha == 0) return {1, 0, 1, 0, detail::noise_refusal};
    return {1, 0, 1, 1 / (at.alpha * at.alpha)};
  }
};

/// The network predicts z_0. velocity_weight = 1 / sigma^2.
struct PredictClean {
  static constexpr const char* name = "clean";
  static constexpr Combination velocity(NoiseLevel at) {
    return detail::divided({-1, at.alpha}, at.sigma, detail::clean_refusal);
  }
  static constexpr Combination noise(NoiseLevel at) { return detail::divided({-at.alpha, 1}, at.sigma, detail::clean_refusal); }
  static constexpr Combination clean(NoiseLevel) { return {1, 0}; }
  static constexpr TrainingTarget target(NoiseLevel at) {
    if (at.sigma == 0) return {1, 1, 0, 0, detail::clean_refusal};
    return {1, 1, 0, 1 / (at.sigma * at.sigma)};
  }
};

/// v_hat = sigma * network: the vanishing of v at t = 0 is built in, so that score = -z - alpha * network is finite there.
/// The loss is taken on v, so that nothing divides by sigma.
struct ScaledV {
  static constexpr const char* name = "scaled_v";
  static constexpr Combination velocity(NoiseLevel at) { return {at.sigma, 0}; }
  static constexpr Combination score(NoiseLevel at) { return {-at.alpha, -1}; }
  static constexpr TrainingTarget target(NoiseLevel at) { return {at.sigma, -at.sigma, at.alpha, 1}; }
};

static_assert(Parameterisation<PredictV> && Parameterisation<PredictNoise> && Parameterisation<PredictClean> &&
              Parameterisation<ScaledV>);

} // namespace pleat::inline v0_1
