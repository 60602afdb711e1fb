#pragma once
/// \file  Samplers of the diffusion time: which t a training step sees, with the weight that keeps the loss unbiased.
///
/// t = t_min + (1 - t_min) x with x drawn from a density q on (0, 1); weight = 1 / q(x), so that the mean of weight * loss(t)
/// estimates the mean loss over uniform t in [t_min, 1] whatever q is, and the mean weight is 1.

#include <algorithm>
#include <array>
#include <cmath>
#include <concepts>
#include <span>

#include <pleat/core/error.hpp>
#include <pleat/core/philox.hpp>

namespace pleat::inline v0_1 {

/// One drawn time and its weight 1 / p(t) relative to uniform.
struct TimeDraw {
  double t = 0, weight = 1;
};

/// A sampler of times. Your own is default-constructible and provides
///   static constexpr const char* name;
///   void draw(NoiseKey, std::span<TimeDraw>) const      one time for each sequence of the batch; a pure function of key and
///   state; void observe(std::span<const double> t, std::span<const double> loss)   the unweighted loss per channel that each t
///   had; static constexpr Index state_size;  void save(std::span<double>) const;  void load(std::span<const double>);
/// State is a flat array of `state_size` numbers, so that a checkpoint can hold it; 0 if the sampler learns nothing.
template <class S>
concept TimeSampler = std::default_initializable<S> &&
    requires(S& sampler, const S& fixed, NoiseKey key, std::span<TimeDraw> draws, std::span<const double> values,
             std::span<double> state) {
  { S::name } -> std::convertible_to<const char*>;
  { S::state_size } -> std::convertible_to<Index>;
  fixed.draw(key, draws);
  sampler.observe(values, values);
  fixed.save(state);
  sampler.load(values);
};

/// Times at which a loss is taken: [t_min, 1]. Below t_min the signal to learn has vanished and the evidence weight diverges.
struct TimeRange {
  double t_min = 1e-3;
  constexpr double at(double x) const { return t_min + (1 - t_min) * x; }
  constexpr double x_of(double t) const { return (t - t_min) / (1 - t_min); }
  friend constexpr bool operator==(const TimeRange&, const TimeRange&) = default;
};

namespace detail {

inline constexpr std::uint32_t time_draw_number = 0xFFFF'0001; // of NoiseCounter: apart from the draws of a forward pass

inline double time_uniform(NoiseKey key, std::size_t i, std::uint32_t group = 0) {
  PhiloxBlock block = philox(key, {time_draw_number, static_cast<std::uint32_t>(i), 0, group});
  return uniform_double(block[0], block[1]);
}

// u_0 + i / n modulo 1: each is uniform, together they cover (0, 1) evenly ("low-discrepancy" sampling of variational diffusion).
inline double stratified_uniform(NoiseKey key, std::size_t i, std::size_t n) {
  double u = time_uniform(key, 0) + static_cast<double>(i) / static_cast<double>(n);
  u = u < 1 ? u : u - 1;
  return (std::max)(u, 0x1p-53);
}

// A piecewise constant density on equal bins of (0, 1), sampled by inversion.
template <std::size_t Bins> struct BinnedDensity {
  std::array<double, Bins> mass; // sums to 1

  explicit BinnedDensity(const std::array<double, Bins>& unnormalised) : mass(unnormalised) {
    double sum = 0;
    for (double m : mass) sum += m;
    for (double& m : mass) m /= sum;
  }
  static constexpr std::size_t bin_of(double x) {
    return (std::min)(static_cast<std::size_t>((std::max)(x, 0.0) * static_cast<double>(Bins)), Bins - 1);
  }
  TimeDraw draw(TimeRange range, double u) const {
    std::size_t bin = 0;
    while (bin + 1 < Bins && u >= mass[bin]) u -= mass[bin++];
    double inside = (std::min)(u / mass[bin], 1.0);
    double x = (static_cast<double>(bin) + inside) / static_cast<double>(Bins);
    return {range.at(x), 1 / (mass[bin] * static_cast<double>(Bins))};
  }
};

// Samplers that learn nothing.
struct Stateless {
  static constexpr Index state_size = 0;
  void observe(std::span<const double>, std::span<const double>) {}
  void save(std::span<double>) const {}
  void load(std::span<const double>) {}
};

// The last `History` losses of each bin, and how many there were; flat as [bins][1 + History].
template <std::size_t Bins, std::size_t History> class LossHistory {
public:
  static constexpr Index state_size = static_cast<Index>(Bins * (History + 1));

  void push(double x, double loss) {
    double* bin = &state_[BinnedDensity<Bins>::bin_of(x) * (History + 1)];
    bin[1 + static_cast<std::size_t>(bin[0]) % History] = loss;
    // Beyond two rounds only the place in the ring matters: the count stays small and exact.
    bin[0] = bin[0] + 1 < 2.0 * History ? bin[0] + 1 : static_cast<double>(History);
  }
  bool warm() const {
    for (std::size_t b = 0; b < Bins; ++b)
      if (state_[b * (History + 1)] < static_cast<double>(History)) return false;
    return true;
  }
  double mean(std::size_t bin) const {
    return sum(bin, [](double l) { return l; }) / static_cast<double>(History);
  }
  double mean_square(std::size_t bin) const {
    return sum(bin, [](double l) { return l * l; }) / static_cast<double>(History);
  }

  void save(std::span<double> to) const { std::copy(state_.begin(), state_.end(), to.begin()); }
  void load(std::span<const double> from, const char* name) {
    require(from.size() == state_.size(), "the state of time sampler ", name, " has ", from.size(), " numbers instead of ",
            state_.size(), "; the checkpoint belongs to another sampler.");
    for (std::size_t i = 0; i < from.size(); ++i) {
      bool count = i % (History + 1) == 0;
      require(std::isfinite(from[i]) && (!count || (from[i] >= 0 && from[i] < 2.0 * History && from[i] == std::floor(from[i]))),
              "the state of time sampler ", name, " holds ", from[i], " at place ", i, "; the checkpoint is damaged.");
    }
    std::copy(from.begin(), from.end(), state_.begin());
  }

private:
  template <class F> double sum(std::size_t bin, F of) const {
    double total = 0;
    for (std::size_t i = 1; i <= History; ++i) total += of(state_[bin * (History + 1) + i]);
    return total;
  }
  std::array<double, Bins*(History + 1)> state_{};
};

// What LossSecondMoment and ReducibleLoss share; Derived::mass(history, bin) is the unnormalised probability of a bin.
template <class Derived, std::size_t Bins, std::size_t History> class AdaptiveSampler {
public:
  static constexpr Index state_size = LossHistory<Bins, History>::state_size;

  void draw(NoiseKey key, std::span<TimeDraw> draws) const {
    const auto density = this->density();
    for (std::size_t i = 0; i < draws.size(); ++i)
      draws[i] = density.draw(Derived::range, stratified_uniform(key, i, draws.size()));
  }
  void observe(std::span<const double> t, std::span<const double> loss) {
    for (std::size_t i = 0; i < t.size(); ++i)
      if (std::isfinite(loss[i])) history_.push(Derived::range.x_of(t[i]), loss[i]);
  }
  void save(std::span<double> to) const { history_.save(to); }
  void load(std::span<const double> from) { history_.load(from, Derived::name); }

  /// Probability of each bin; uniform until every bin has its full history.
  BinnedDensity<Bins> density() const {
    std::array<double, Bins> mass;
    mass.fill(1);
    if (history_.warm())
      for (std::size_t b = 0; b < Bins; ++b) mass[b] = Derived::mass(history_, b);
    double sum = 0;
    for (double m : mass) sum += m;
    // A share of uniform keeps every weight bounded by 1 / share; all of it where there is nothing to prefer.
    for (double& m : mass) m = sum > 0 ? (1 - Derived::uniform_share) * m / sum + Derived::uniform_share / Bins : 1;
    return BinnedDensity<Bins>(mass);
  }

private:
  LossHistory<Bins, History> history_;
};

} // namespace detail

/// Independent uniform times.
template <TimeRange Range = TimeRange{}> struct Uniform : detail::Stateless {
  static constexpr const char* name = "uniform";
  void draw(NoiseKey key, std::span<TimeDraw> draws) const {
    for (std::size_t i = 0; i < draws.size(); ++i) draws[i] = {Range.at(detail::time_uniform(key, i)), 1};
  }
};

/// One uniform offset, times evenly spaced from it (the default): unbiased like Uniform, with less variance.
template <TimeRange Range = TimeRange{}> struct Stratified : detail::Stateless {
  static constexpr const char* name = "stratified";
  void draw(NoiseKey key, std::span<TimeDraw> draws) const {
    for (std::size_t i = 0; i < draws.size(); ++i) draws[i] = {Range.at(detail::stratified_uniform(key, i, draws.size())), 1};
  }
};

struct LossSecondMomentOptions {
  double uniform_share = 1e-3;
  TimeRange range{};
  friend constexpr bool operator==(const LossSecondMomentOptions&, const LossSecondMomentOptions&) = default;
};

/// p proportional to sqrt(E L^2) over the last `History` losses of each bin, as in improved DDPM. Spends samples at the two
/// ends of t, where the v-loss is largest but irreducible: see ReducibleLoss.
template <LossSecondMomentOptions O = LossSecondMomentOptions{}, std::size_t Bins = 32, std::size_t History = 10>
struct LossSecondMoment : detail::AdaptiveSampler<LossSecondMoment<O, Bins, History>, Bins, History> {
  static constexpr const char* name = "loss_second_moment";
  static constexpr TimeRange range = O.range;
  static constexpr double uniform_share = O.uniform_share;
  static double mass(const detail::LossHistory<Bins, History>& history, std::size_t bin) {
    return std::sqrt(history.mean_square(bin));
  }
};

struct ReducibleLossOptions {
  double floor = 0.1; ///< c
  double uniform_share = 1e-3;
  TimeRange range{};
  friend constexpr bool operator==(const ReducibleLossOptions&, const ReducibleLossOptions&) = default;
};

/// p proportional to max(0, 1 - mean loss) + c: where the denoiser has learnt something. For unit-variance latents the v-loss of
/// a zero output is 1 at every t, and so is the irreducible loss at both ends.
template <ReducibleLossOptions O = ReducibleLossOptions{}, std::size_t Bins = 32, std::size_t History = 10>
struct ReducibleLoss : detail::AdaptiveSampler<ReducibleLoss<O, Bins, History>, Bins, History> {
  static_assert(O.floor > 0, "ReducibleLoss: the floor must be positive, else some times are never drawn.");
  static constexpr const char* name = "reducible_loss";
  static constexpr TimeRange range = O.range;
  static constexpr double uniform_share = O.uniform_share;
  static double mass(const detail::LossHistory<Bins, History>& history, std::size_t bin) {
    return (std::max)(0.0, 1 - history.mean(bin)) + O.floor;
  }
};

struct LogitNormalOptions {
  double mean = 0, deviation = 1; ///< of logit(x)
  double uniform_share = 0.1;     ///< mixed in: the weights of a pure logit-normal have no finite variance
  TimeRange range{};
  friend constexpr bool operator==(const LogitNormalOptions&, const LogitNormalOptions&) = default;
};

/// x = sigmoid(mean + deviation * normal), with a share of uniform.
template <LogitNormalOptions O = LogitNormalOptions{}> struct LogitNormal : detail::Stateless {
  static_assert(O.deviation > 0 && O.uniform_share > 0 && O.uniform_share <= 1,
                "LogitNormal: deviation must be positive and uniform_share in (0, 1].");
  static constexpr const char* name = "logit_normal";
  static double density(double x) {
    double g = (std::log(x / (1 - x)) - O.mean) / O.deviation;
    double pure = std::exp(-0.5 * g * g) / (2.50662827463100050242 * O.deviation * x * (1 - x));
    return (1 - O.uniform_share) * pure + O.uniform_share;
  }
  void draw(NoiseKey key, std::span<TimeDraw> draws) const {
    for (std::size_t i = 0; i < draws.size(); ++i) {
      double x = detail::time_uniform(key, i, 1);
      if (detail::time_uniform(key, i) >= O.uniform_share) {
        double g = detail::box_muller(x, detail::time_uniform(key, i, 2))[0];
        x = 1 / (1 + std::exp(-(O.mean + O.deviation * g)));
        x = (std::min)((std::max)(x, 0x1p-40), 1 - 0x1p-40);
      }
      draws[i] = {O.range.at(x), 1 / density(x)};
    }
  }
};

/// A density of your own: `Density` is a function double(double) of x in (0, 1), positive, taken at the middle of 256 bins and
/// normalised; drawn by inversion, stratified.
template <auto Density, TimeRange Range = TimeRange{}> class UserDensity : public detail::Stateless {
public:
  static constexpr const char* name = "user_density";
  UserDensity() : density_(table()) {}
  void draw(NoiseKey key, std::span<TimeDraw> draws) const {
    for (std::size_t i = 0; i < draws.size(); ++i)
      draws[i] = density_.draw(Range, detail::stratified_uniform(key, i, draws.size()));
  }

private:
  static constexpr std::size_t bins = 256;
  static std::array<double, bins> table() {
    std::array<double, bins> mass{};
    for (std::size_t b = 0; b < bins; ++b) {
      double x = (static_cast<double>(b) + 0.5) / bins;
      mass[b] = Density(x);
      require(mass[b] > 0 && std::isfinite(mass[b]), "UserDensity: the density is ", mass[b], " at x = ", x,
              "; it must be positive and finite, else the loss cannot be unbiased.");
    }
    return mass;
  }
  detail::BinnedDensity<bins> density_;
};

static_assert(TimeSampler<Uniform<>> && TimeSampler<Stratified<>> && TimeSampler<LossSecondMoment<>> &&
              TimeSampler<ReducibleLoss<>> && TimeSampler<LogitNormal<>>);

} // namespace pleat::inline v0_1
