#pragma once
// The yardstick of all figures in GFLOP/s: the geometric mean of Eigen's products 480x480, 480x1920 and 1920x480 with 2048 rows.

#include <algorithm>
#include <cmath>
#include <vector>

#include "eigen_product_native.hpp"

/// GFLOP/s of Eigen's own product on `threads` threads; 0 where Eigen is not installed. Each size counts with its best of
/// `repeats`.
inline double yardstick(int threads, int repeats = 5) {
  const long rows = 2048, shapes[3][2] = {{480, 480}, {1920, 480}, {480, 1920}};
  double logarithm = 0;
  for (const auto& shape : shapes) {
    const double seconds = eigen_seconds(threads, rows, shape[0], shape[1], repeats);
    if (!(seconds > 0)) return 0;
    logarithm += std::log(2e-9 * double(rows) * double(shape[0]) * double(shape[1]) / seconds) / 3;
  }
  return std::exp(logarithm);
}

inline double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t n = values.size();
  return n == 0 ? 0 : (values[(n - 1) / 2] + values[n / 2]) / 2;
}
