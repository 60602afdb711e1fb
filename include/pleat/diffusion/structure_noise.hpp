#pragma once
/// \file  Noise of coordinates: betas along a sigmoid, and the deviation in Angstrom that they come to at a step.

#include <cmath>
#include <concepts>

#include <pleat/core/error.hpp>
#include <pleat/core/index.hpp>

namespace pleat::inline v0_1 {

/// A schedule of coordinate noise. Your own gives `steps`, how many levels there are, and `deviation(t)`, the standard deviation
/// in Angstrom of the noise of level t, above 0.
template <class S>
concept StructureNoise = requires(const S schedule, Index t) {
  { schedule.steps } -> std::convertible_to<Index>;
  { schedule.deviation(t) } -> std::convertible_to<double>;
};

/// Betas of SiamDiff (arXiv 2301.12068): beta_t = begin + (end - begin) sigmoid(x_t), x_t equally spaced from -6 to 6.
/// Coordinates are not scaled down: x~ = x + s_t eps with s_t = sqrt((1 - abar_t) / abar_t), abar_t the product of (1 - beta_i),
/// i <= t; that is DDPM's x_t / sqrt(abar_t). A t outside 0 ... steps - 1 is an error.
struct SigmoidBeta {
  double begin = 1e-3, end = 0.1;
  Index steps = 100;

  double beta(Index t) const {
    require(steps > 0 && begin > 0 && end > 0 && begin < 1 && end < 1,
            "a sigmoid schedule has steps and betas between 0 and 1, not ", steps, " steps from ", begin, " to ", end,
            "; correct it");
    require(t >= 0 && t < steps, "level ", t, " is none of the ", steps, " of a noise schedule; they count from 0");
    const double x = steps > 1 ? -6.0 + 12.0 * static_cast<double>(t) / static_cast<double>(steps - 1) : -6.0;
    return begin + (end - begin) / (1.0 + std::exp(-x));
  }
  /// abar_t, the share of the variance of DDPM that is signal.
  double signal(Index t) const { return std::exp(log_signal(t)); }
  /// s_t, Angstrom; exact where abar_t is near 1, too.
  double deviation(Index t) const { return std::sqrt(std::expm1(-log_signal(t))); }

private:
  double log_signal(Index t) const {
    double sum = std::log1p(-beta(t));
    for (Index i = 0; i < t; ++i) sum += std::log1p(-beta(i));
    return sum;
  }
};
static_assert(StructureNoise<SigmoidBeta>);

/// The published schedules: first large noise (0.04 to 13.9 Angstrom), then small (0.010 to 0.022 Angstrom).
inline constexpr SigmoidBeta large_noise{.begin = 1e-3, .end = 0.1, .steps = 100};
inline constexpr SigmoidBeta small_noise{.begin = 1e-4, .end = 1e-4, .steps = 5};

} // namespace pleat::inline v0_1
