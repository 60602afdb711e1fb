#pragma once
/// \file  Noise schedules: one angle phi(t) from 0 (clean) to at most pi/2 (pure noise); all else follows from it.
///
/// z_t = alpha z_0 + sigma eps with alpha = cos phi, sigma = sin phi, so that (z_t, v) is (z_0, eps) rotated by phi. Every
/// formula that depends on the schedule goes through phi and its rate: the probability-flow ODE is dz/dt = phi'(t) v for all
/// schedules.

#include <cmath>
#include <concepts>

#include <pleat/core/error.hpp>

namespace pleat::inline v0_1 {

/// The double nearest to pi/2: the angle of pure noise. `noise_level_of` maps it to alpha = 0 exactly.
inline constexpr double pure_noise_angle = 1.57079632679489661923;

/// A noise schedule. Your own provides two const member functions for t in [0, 1]:
///   double phi(double t)        the angle in radians; phi(0) = 0, non-decreasing, at most `pure_noise_angle`;
///   double phi_rate(double t)   its derivative d phi / dt.
/// If it cannot reach pure noise, phi(1) may be smaller; then sampling should start from alpha z_0 + sigma eps, not from eps.
template <class S>
concept NoiseSchedule = requires(const S& schedule, double t) {
  { schedule.phi(t) } -> std::convertible_to<double>;
  { schedule.phi_rate(t) } -> std::convertible_to<double>;
};

/// Amounts of signal and noise: alpha^2 + sigma^2 = 1.
struct NoiseLevel {
  double alpha = 1, sigma = 0;
};

/// {cos phi, sin phi}, exact at both ends ({1, 0} and {0, 1}).
inline NoiseLevel noise_level_of(double phi) {
  return phi >= pure_noise_angle ? NoiseLevel{0, 1} : NoiseLevel{std::cos(phi), std::sin(phi)};
}

/// Refuses anything but 0 <= t <= 1 (NaN too).
inline void require_time(double t) {
  require(t >= 0 && t <= 1, "diffusion time t = ", t, " is outside [0, 1]; 0 is clean, 1 is pure noise.");
}

/// phi = pi t / 2, the schedule of LSD.
struct CosineSchedule {
  double phi(double t) const { return pure_noise_angle * t; }
  double phi_rate(double) const { return pure_noise_angle; }
  double time_of(double phi) const { return phi / pure_noise_angle; }
};

struct TanOptions {
  double d = 10; ///< tan phi = d tan(pi t / 2); d = 1 is the cosine schedule
  friend constexpr bool operator==(const TanOptions&, const TanOptions&) = default;
};

/// The "tan-d" schedule of DiMA, alpha = 1 / sqrt(1 + d^2 tan^2(pi t / 2)): the cosine schedule after the change of time
/// tan phi' = d tan phi. Write `TanSchedule<TanOptions{.d = 3}>` for another d.
template <TanOptions O = TanOptions{}> struct TanSchedule {
  static_assert(O.d > 0, "TanSchedule: d must be positive.");
  double phi(double t) const {
    NoiseLevel base = noise_level_of(pure_noise_angle * t);
    return std::atan2(O.d * base.sigma, base.alpha);
  }
  double phi_rate(double t) const {
    NoiseLevel base = noise_level_of(pure_noise_angle * t);
    return pure_noise_angle * O.d / (base.alpha * base.alpha + O.d * O.d * base.sigma * base.sigma);
  }
  double time_of(double phi) const {
    NoiseLevel level = noise_level_of(phi);
    return std::atan2(level.sigma, O.d * level.alpha) / pure_noise_angle;
  }
};

/// alpha and sigma at time t.
template <NoiseSchedule S> NoiseLevel noise_level(const S& schedule, double t) { return noise_level_of(schedule.phi(t)); }
template <NoiseSchedule S> double alpha(const S& schedule, double t) { return noise_level(schedule, t).alpha; }
template <NoiseSchedule S> double sigma(const S& schedule, double t) { return noise_level(schedule, t).sigma; }

/// ln(alpha^2 / sigma^2) = 2 ln cot phi: +inf at t = 0, -inf at pure noise.
template <NoiseSchedule S> double logsnr(const S& schedule, double t) {
  NoiseLevel at = noise_level(schedule, t);
  return 2 * (std::log(at.alpha) - std::log(at.sigma));
}

/// Rate of the variance-preserving SDE, beta = -2 d ln alpha / dt = 2 phi' tan phi: +inf at pure noise.
template <NoiseSchedule S> double beta(const S& schedule, double t) {
  NoiseLevel at = noise_level(schedule, t);
  return 2 * schedule.phi_rate(t) * at.sigma / at.alpha;
}

/// w(t) for which the integral of w |v - v_hat|^2 dt is the evidence bound, in nats: phi' cot phi. Diverges as t -> 0, so
/// integrate from some t_min > 0. (d logSNR / dt = -2 phi' / (alpha sigma) and |eps - eps_hat|^2 = alpha^2 |v - v_hat|^2.)
template <NoiseSchedule S> double evidence_weight(const S& schedule, double t) {
  NoiseLevel at = noise_level(schedule, t);
  return schedule.phi_rate(t) * at.alpha / at.sigma;
}

/// The t in [0, 1] at which the schedule has angle `phi`; by bisection where the schedule has no `time_of`.
template <NoiseSchedule S> double time_of(const S& schedule, double phi) {
  if constexpr (requires { schedule.time_of(phi); }) {
    return schedule.time_of(phi);
  } else {
    double low = 0, high = 1;
    for (int i = 0; i < 60; ++i) {
      double middle = (low + high) / 2;
      (schedule.phi(middle) < phi ? low : high) = middle;
    }
    return (low + high) / 2;
  }
}

static_assert(NoiseSchedule<CosineSchedule> && NoiseSchedule<TanSchedule<>>);

} // namespace pleat::inline v0_1
