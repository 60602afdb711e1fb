#pragma once
/// \file  Generation: solvers of the probability-flow ODE dz/dt = phi'(t) v(z, t) over a flat array of latents.
///
/// In the angle phi the equation is dz/dphi = v for every schedule. Ddim is exact when v rotates rigidly (its step is the
/// rotation of (z, v) by the change of phi); Euler, Heun and Midpoint step in t. Orders of convergence: 1, 1, 2, 2.

#include <cmath>
#include <concepts>
#include <cstddef>
#include <span>
#include <vector>

#include <pleat/diffusion/schedules.hpp>

namespace pleat::inline v0_1 {

/// Steps of equal length in t. Start below t = 1 with a parameterisation that cannot tell v at pure noise (PredictNoise), and end
/// above t = 0 with one that cannot tell it there (PredictClean).
struct SamplerOptions {
  int steps = 50;
  double t_start = 1, t_end = 0; ///< t_start < t_end encodes: data to noise
};

/// Estimates v at (z, t): `velocity(z, t, v)` fills v, of the same length as z.
template <class F, class Real>
concept VelocityFunction = std::invocable < F&,
        std::span<const Real>,
double, std::span < Real >> ;

/// A solver. Your own provides `static constexpr const char* name` and
///   template <class Real, NoiseSchedule S, VelocityFunction<Real> F>
///   static void step(const S&, double from, double to, std::span<Real> z, F& velocity, std::span<Real> first, std::span<Real>
///   second, std::span<Real> moved)
/// which moves z from time `from` to time `to`; the three spans are scratch of the length of z.
struct Ddim {
  static constexpr const char* name = "ddim";
  template <class Real, NoiseSchedule S, VelocityFunction<Real> F>
  static void step(const S& schedule, double from, double to, std::span<Real> z, F& velocity, std::span<Real> v, std::span<Real>,
                   std::span<Real>) {
    velocity(std::span<const Real>(z), from, v);
    const double angle = schedule.phi(to) - schedule.phi(from);
    const Real c = static_cast<Real>(std::cos(angle)), s = static_cast<Real>(std::sin(angle));
    for (std::size_t i = 0; i < z.size(); ++i) z[i] = c * z[i] + s * v[i];
  }
};

struct Euler {
  static constexpr const char* name = "euler";
  template <class Real, NoiseSchedule S, VelocityFunction<Real> F>
  static void step(const S& schedule, double from, double to, std::span<Real> z, F& velocity, std::span<Real> v, std::span<Real>,
                   std::span<Real>) {
    velocity(std::span<const Real>(z), from, v);
    const Real rate = static_cast<Real>((to - from) * schedule.phi_rate(from));
    for (std::size_t i = 0; i < z.size(); ++i) z[i] += rate * v[i];
  }
};

/// Two evaluations a step: the mean of the slopes at both ends.
struct Heun {
  static constexpr const char* name = "heun";
  template <class Real, NoiseSchedule S, VelocityFunction<Real> F>
  static void step(const S& schedule, double from, double to, std::span<Real> z, F& velocity, std::span<Real> first,
                   std::span<Real> second, std::span<Real> moved) {
    const Real here = static_cast<Real>((to - from) * schedule.phi_rate(from));
    const Real there = static_cast<Real>((to - from) * schedule.phi_rate(to));
    velocity(std::span<const Real>(z), from, first);
    for (std::size_t i = 0; i < z.size(); ++i) moved[i] = z[i] + here * first[i];
    velocity(std::span<const Real>(moved), to, second);
    for (std::size_t i = 0; i < z.size(); ++i) z[i] += (here * first[i] + there * second[i]) / 2;
  }
};

/// Two evaluations a step, neither of them at t_end.
struct Midpoint {
  static constexpr const char* name = "midpoint";
  template <class Real, NoiseSchedule S, VelocityFunction<Real> F>
  static void step(const S& schedule, double from, double to, std::span<Real> z, F& velocity, std::span<Real> first,
                   std::span<Real> second, std::span<Real> moved) {
    const double middle = (from + to) / 2;
    const Real half = static_cast<Real>((middle - from) * schedule.phi_rate(from));
    const Real whole = static_cast<Real>((to - from) * schedule.phi_rate(middle));
    velocity(std::span<const Real>(z), from, first);
    for (std::size_t i = 0; i < z.size(); ++i) moved[i] = z[i] + half * first[i];
    velocity(std::span<const Real>(moved), middle, second);
    for (std::size_t i = 0; i < z.size(); ++i) z[i] += whole * second[i];
  }
};

/// Moves `z` from t_start to t_end in place. After each step, `observe(step, t, z)` sees the state (step counts from 1); it may
/// also change z, for example to clamp known positions to alpha z_known + sigma eps.
template <class Solver, class Real, NoiseSchedule S, VelocityFunction<Real> F, class Observe>
void integrate(const S& schedule, const SamplerOptions& options, std::span<Real> z, F&& velocity, Observe&& observe) {
  require_time(options.t_start), require_time(options.t_end);
  require(options.steps >= 1, "a sampler needs at least one step, not ", options.steps, ".");
  std::vector<Real> scratch(3 * z.size());
  auto part = [&](std::size_t i) { return std::span<Real>(scratch).subspan(i * z.size(), z.size()); };
  auto time = [&](int k) { // the last one is t_end itself, not a rounding of it
    return k == options.steps ? options.t_end : options.t_start + (options.t_end - options.t_start) * k / options.steps;
  };
  for (int k = 0; k < options.steps; ++k) {
    Solver::template step<Real>(schedule, time(k), time(k + 1), z, velocity, part(0), part(1), part(2));
    observe(k + 1, time(k + 1), z);
  }
}

template <class Solver, class Real, NoiseSchedule S, VelocityFunction<Real> F>
void integrate(const S& schedule, const SamplerOptions& options, std::span<Real> z, F&& velocity) {
  integrate<Solver, Real>(schedule, options, z, velocity, [](int, double, std::span<Real>) {});
}

} // namespace pleat::inline v0_1
