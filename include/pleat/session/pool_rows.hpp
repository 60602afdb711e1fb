#pragma once
/// \file  Pooling of finished rows on the host, for results that leave a session.

#include <algorithm>
#include <cmath>
#include <span>
#include <vector>

#include <pleat/ops/pooling.hpp>

namespace pleat::inline v0_1 {

constexpr Index pooled_width(Pool pool, Index width) { return pool == Pool::mean_std ? 2 * width : width; }

/// `rows` (residues, width) to `out` (pooled_width): mean, maximum, or mean and standard deviation over residues; zeros where
/// there are none. Sums are in double.
inline void pool_rows(Pool pool, std::span<const float> rows, Index width, std::span<float> out) {
  const auto w = static_cast<std::size_t>(width);
  const std::size_t count = w > 0 ? rows.size() / w : 0;
  std::fill(out.begin(), out.end(), 0.0f);
  if (count == 0) return;
  if (pool == Pool::max) {
    std::copy_n(rows.begin(), w, out.begin());
    for (std::size_t r = 1; r < count; ++r)
      for (std::size_t c = 0; c < w; ++c) out[c] = (std::max)(out[c], rows[r * w + c]);
    return;
  }
  std::vector<double> sum(w, 0.0), square(w, 0.0);
  for (std::size_t r = 0; r < count; ++r)
    for (std::size_t c = 0; c < w; ++c) sum[c] += static_cast<double>(rows[r * w + c]);
  const auto n = static_cast<double>(count);
  for (std::size_t c = 0; c < w; ++c) out[c] = static_cast<float>(sum[c] / n);
  if (pool != Pool::mean_std) return;
  for (std::size_t r = 0; r < count; ++r)
    for (std::size_t c = 0; c < w; ++c) {
      const double d = static_cast<double>(rows[r * w + c]) - sum[c] / n;
      square[c] += d * d;
    }
  for (std::size_t c = 0; c < w; ++c) out[w + c] = static_cast<float>(std::sqrt(square[c] / n));
}

} // namespace pleat::inline v0_1
