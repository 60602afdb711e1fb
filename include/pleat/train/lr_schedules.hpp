#pragma once
/// \file  Learning rate as a function of the optimiser step.

#include <cmath>
#include <concepts>

#include <pleat/core/error.hpp>
#include <pleat/core/index.hpp>

namespace pleat::inline v0_1 {

/// A schedule of the learning rate. Your own provides `double rate(Index step) const` for step = 1, 2, … (the first step is 1).
template <class S>
concept LearningRate = requires(const S& schedule, Index step) {
  { schedule.rate(step) } -> std::convertible_to<double>;
};

/// The same rate at every step.
struct ConstantRate {
  double peak = 4e-4;
  double rate(Index) const { return peak; }
};

/// Where the warm-up starts counting.
enum class WarmUp {
  step_over_warmup, ///< step k has k / warm_up, so the first step is 1 / warm_up and step `warm_up` has the peak (default)
  step_plus_one     ///< the same curve one step ahead, for code that numbers its steps from 0 but must not start with rate 0
};

/// Linear warm-up to `peak`, half a cosine from there to `floor` * peak at step `total`, constant afterwards.
struct WarmUpCosine {
  double peak = 4e-4;
  Index warm_up = 2000, total = 100'000; ///< steps; warm_up may be 0
  double floor = 0;                      ///< fraction of the peak at the end
  WarmUp count = WarmUp::step_over_warmup;

  /// The factor on `peak`.
  double multiplier(Index step) const {
    require(warm_up >= 0 && warm_up <= total && total > 0, "learning rate: the warm-up of ", warm_up,
            " steps must lie within the ", total, " steps of training.");
    const Index k = count == WarmUp::step_plus_one ? step + 1 : step;
    if (k < warm_up) return static_cast<double>(k) / static_cast<double>(warm_up);
    if (k >= total) return floor;
    const double done = static_cast<double>(k - warm_up) / static_cast<double>(total - warm_up);
    return floor + (1 - floor) * 0.5 * (1 + std::cos(3.14159265358979323846 * done));
  }
  double rate(Index step) const { return peak * multiplier(step); }
};

static_assert(LearningRate<ConstantRate> && LearningRate<WarmUpCosine>);

} // namespace pleat::inline v0_1
