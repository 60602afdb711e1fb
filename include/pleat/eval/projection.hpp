#pragma once
/// \file  Principal components of a cloud of latents, to look at it.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>
#include <vector>

#include <pleat/core/error.hpp>
#include <pleat/core/index.hpp>
#include <pleat/ops/dense_algebra.hpp>

namespace pleat::inline v0_1 {

struct Projection {
  Index components = 0;
  std::vector<double> points;    ///< (rows, components)
  std::vector<double> explained; ///< share of the total variance of each component, falling
  std::vector<double> axes;      ///< (components, width), unit rows
  std::vector<double> mean;      ///< (width)
};

/// The first `components` principal components of `latents` (rows, width), row-major, by the eigenvectors of the covariance.
/// A cloud without variance has explained shares of 0.
template <class Device>
Projection principal_components(const Device& device, const float* latents, Index rows, Index width, Index components = 2) {
  require(rows >= 2 && components >= 1 && components <= width, "a projection on ", components,
          " components needs at least two rows and as many columns, not ", rows, " x ", width);
  auto n = static_cast<std::size_t>(rows), d = static_cast<std::size_t>(width), k = static_cast<std::size_t>(components);
  Projection result;
  result.components = components;
  result.mean.resize(d);
  for (std::size_t i = 0; i < n * d; ++i) result.mean[i % d] += static_cast<double>(latents[i]);
  double nothing = 0; // variance that float rounding alone can make
  for (double& m : result.mean) m /= static_cast<double>(rows), nothing += 1e-14 * m * m * static_cast<double>(rows);
  std::vector<double> centred(n * d), covariance(d * d), values(d), vectors(d * d);
  for (std::size_t i = 0; i < n * d; ++i) centred[i] = static_cast<double>(latents[i]) - result.mean[i % d];
  gram(device, rows, width, centred.data(), covariance.data());
  require(symmetric_eigen(device, width, covariance.data(), values.data(), vectors.data()),
          "the latents to project hold NaN or infinity: the encoder is broken");
  double total = 0;
  for (double v : values) total += (std::max)(v, 0.0);
  for (std::size_t c = 0; c < k; ++c) result.explained.push_back(total > nothing ? (std::max)(values[c], 0.0) / total : 0.0);
  vectors.resize(k * d);
  result.axes = std::move(vectors);
  result.points.resize(n * k);
  multiply(device, rows, components, width, centred.data(), result.axes.data(), result.points.data(), Transposed::Right);
  return result;
}

} // namespace pleat::inline v0_1
