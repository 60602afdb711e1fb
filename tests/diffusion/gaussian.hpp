#pragma once
// Closed forms for Gaussian data N(mean, cov): with C = a^2 cov + s^2 I and r = C^-1 (z - a mean),
// score = -r, E[z0 | z] = mean + a cov r, eps_hat = s r, v_hat = a eps_hat - s E[z0 | z].
#include <array>
#include <cstddef>
#include <span>
#include <vector>

#include <pleat/diffusion/schedules.hpp>

struct Gaussian {
  std::vector<double> mean, cov; // (n), (n, n)

  std::vector<double> solve(pleat::NoiseLevel at, std::span<const double> z) const {
    const std::size_t n = mean.size();
    std::vector<double> c(n * n), r(n);
    for (std::size_t i = 0; i < n; ++i) {
      r[i] = z[i] - at.alpha * mean[i];
      for (std::size_t j = 0; j < n; ++j)
        c[i * n + j] = at.alpha * at.alpha * cov[i * n + j] + (i == j ? at.sigma * at.sigma : 0);
    }
    for (std::size_t k = 0; k < n; ++k) // positive definite: elimination needs no pivots
      for (std::size_t i = 0; i < n; ++i) {
        if (i == k) continue;
        double f = c[i * n + k] / c[k * n + k];
        for (std::size_t j = k; j < n; ++j) c[i * n + j] -= f * c[k * n + j];
        r[i] -= f * r[k];
      }
    for (std::size_t k = 0; k < n; ++k) r[k] /= c[k * n + k];
    return r;
  }
  template <class Real> void velocity(pleat::NoiseLevel at, std::span<const Real> z, std::span<Real> v) const {
    const std::size_t n = mean.size();
    for (std::size_t row = 0; row < z.size(); row += n) {
      std::vector<double> point(z.begin() + static_cast<std::ptrdiff_t>(row), z.begin() + static_cast<std::ptrdiff_t>(row + n));
      auto r = solve(at, point);
      for (std::size_t i = 0; i < n; ++i) {
        double clean = mean[i];
        for (std::size_t j = 0; j < n; ++j) clean += at.alpha * cov[i * n + j] * r[j];
        v[row + i] = static_cast<Real>(at.alpha * at.sigma * r[i] - at.sigma * clean);
      }
    }
  }
};
