#pragma once
/// \file  The Gaussian floor: the v-loss of the best predictor for latents of which only mean and covariance are known.
///
/// For z_0 ~ N(m, Sigma), z_t = alpha z_0 + sigma eps and v = alpha eps - sigma z_0, the conditional mean is linear. Along an
/// eigenvector of Sigma with variance lambda: Var v = alpha^2 + sigma^2 lambda, Var z_t = alpha^2 lambda + sigma^2,
/// Cov(v, z_t) = alpha sigma (1 - lambda), so Var(v | z_t) = lambda / (alpha^2 lambda + sigma^2), as alpha^2 + sigma^2 = 1.

#include <algorithm>
#include <cmath>
#include <span>
#include <vector>

#include <pleat/core/error.hpp>
#include <pleat/diffusion/schedules.hpp>
#include <pleat/ops/dense_algebra.hpp>

namespace pleat::inline v0_1 {

/// v-loss of one channel of `variance` (>= 0) under the best predictor: 1 at t = 0 and for variance 1 at every t; 0 for variance
/// 0 at t > 0, where z_t is sigma eps and tells v.
constexpr double gaussian_v_loss(double variance, NoiseLevel at) {
  return at.sigma == 0 ? 1.0 : variance / (at.alpha * at.alpha * variance + at.sigma * at.sigma);
}
/// v-loss of that same predictor where the channel's mean square about the mean is `moment`, not `variance`: on data it was not
/// fitted on. Never below `gaussian_v_loss(moment, at)`, and equal to it where both agree.
constexpr double gaussian_v_loss(double variance, double moment, NoiseLevel at) {
  const double a = at.alpha, s = at.sigma;
  if (s == 0) return 1.0;
  const double slope = a * s * (1 - variance) / (a * a * variance + s * s); // E[v | z_t] = -s m + slope (z_t - a m)
  return a * a + s * s * moment - 2 * slope * a * s * (1 - moment) + slope * slope * (a * a * moment + s * s);
}

/// Mean and covariance of rows, in double, added up part by part: memory does not grow with the rows.
class CovarianceSums {
public:
  explicit CovarianceSums(Index width)
      : width_(width), sum_(static_cast<std::size_t>(width)), products_(static_cast<std::size_t>(width * width)) {}

  /// Rows (count, width) without strides; best standardised, so that the mean costs no digits.
  template <class Device> void add(const Device& device, std::span<const float> rows) {
    require(width_ > 0 && static_cast<Index>(rows.size()) % width_ == 0, "a covariance of width ", width_, " got ", rows.size(),
            " numbers, which are no whole rows; give (rows, width).");
    constexpr Index part = 2048;
    const Index count = static_cast<Index>(rows.size()) / width_;
    std::vector<double> chunk, squares(products_.size());
    for (Index begin = 0; begin < count; begin += part) {
      const Index n = (std::min)(part, count - begin);
      const auto from = rows.subspan(static_cast<std::size_t>(begin * width_), static_cast<std::size_t>(n * width_));
      chunk.assign(from.begin(), from.end());
      for (std::size_t i = 0; i < chunk.size(); ++i) sum_[i % sum_.size()] += chunk[i];
      gram(device, n, width_, chunk.data(), squares.data());
      for (std::size_t i = 0; i < products_.size(); ++i) products_[i] += squares[i];
    }
    count_ += static_cast<double>(count);
  }

  Index width() const { return width_; }
  double count() const { return count_; }
  std::vector<double> mean() const {
    require(count_ > 0, "a mean was asked for before any row was added; add rows first.");
    std::vector<double> mean = sum_;
    for (double& m : mean) m /= count_;
    return mean;
  }
  /// (width, width) mean of (row - centre)(row - centre)^T.
  std::vector<double> moments_about(std::span<const double> centre) const {
    const std::vector<double> m = mean();
    require(centre.size() == m.size(), "moments of width ", width_, " were asked for about a centre of width ", centre.size(),
            "; both must be of the same latents.");
    std::vector<double> moments(products_.size());
    for (std::size_t i = 0; i < m.size(); ++i)
      for (std::size_t j = 0; j < m.size(); ++j)
        moments[i * m.size() + j] =
            products_[i * m.size() + j] / count_ - m[i] * centre[j] - centre[i] * m[j] + centre[i] * centre[j];
    return moments;
  }

private:
  Index width_;
  double count_ = 0;
  std::vector<double> sum_, products_;
};

/// The Gaussian with the mean and covariance of the latents, and what its denoiser pays. It sees one row at a time: a network
/// that reads a whole protein may go below it, by what neighbours tell of each other as well as by what is not Gaussian.
class GaussianFloor {
public:
  template <class Device>
  GaussianFloor(const Device& device, const CovarianceSums& fit)
      : mean_(fit.mean()), variances_(mean_.size()), directions_(mean_.size() * mean_.size()) {
    const std::vector<double> covariance = fit.moments_about(mean_);
    require(symmetric_eigen(device, fit.width(), covariance.data(), variances_.data(), directions_.data()),
            "the covariance of the latents has no eigenvalues; they are not finite, train the encoder again.");
    for (double& v : variances_) v = v > 0 ? v : 0; // rounding
  }

  /// (width) variances along the eigenvectors, falling.
  const std::vector<double>& variances() const { return variances_; }

  /// Mean over the channels, on data of this mean and covariance.
  double operator()(NoiseLevel at) const {
    double sum = 0;
    for (const double v : variances_) sum += gaussian_v_loss(v, at);
    return sum / static_cast<double>(variances_.size());
  }
  /// The same predictor on other data, of which `moments` are the `moments_of`.
  double operator()(NoiseLevel at, std::span<const double> moments) const {
    require(moments.size() == variances_.size(), "a Gaussian of ", variances_.size(), " channels got ", moments.size(),
            " moments; take them with moments_of.");
    double sum = 0;
    for (std::size_t i = 0; i < moments.size(); ++i) sum += gaussian_v_loss(variances_[i], moments[i], at);
    return sum / static_cast<double>(variances_.size());
  }
  /// (width) mean squares of other data about this mean, along the eigenvectors.
  std::vector<double> moments_of(const CovarianceSums& other) const {
    const std::vector<double> about = other.moments_about(mean_);
    const std::size_t n = mean_.size();
    std::vector<double> moments(n);
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t j = 0; j < n; ++j) {
        double row = 0;
        for (std::size_t k = 0; k < n; ++k) row += about[j * n + k] * directions_[i * n + k];
        moments[i] += directions_[i * n + j] * row;
      }
    return moments;
  }

private:
  std::vector<double> mean_, variances_, directions_;
};

} // namespace pleat::inline v0_1
