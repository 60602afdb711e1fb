#pragma once
// Rotations, reflections and moves, for tests of symmetry.

#include <cmath>
#include <cstdint>
#include <vector>

#include "support/op_contract.hpp"

namespace contract {

// Rows of an orthogonal matrix, by Gram-Schmidt; `sign` -1 mirrors.
inline std::vector<double> orthogonal(std::uint64_t stream, double sign) {
  auto q = values_of(9, stream);
  for (std::size_t i = 0; i < 3; ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      double along = 0;
      for (std::size_t k = 0; k < 3; ++k) along += q[3 * i + k] * q[3 * j + k];
      for (std::size_t k = 0; k < 3; ++k) q[3 * i + k] -= along * q[3 * j + k];
    }
    double length = 0;
    for (std::size_t k = 0; k < 3; ++k) length += q[3 * i + k] * q[3 * i + k];
    for (std::size_t k = 0; k < 3; ++k) q[3 * i + k] /= std::sqrt(length);
  }
  const double determinant =
      q[0] * (q[4] * q[8] - q[5] * q[7]) - q[1] * (q[3] * q[8] - q[5] * q[6]) + q[2] * (q[3] * q[7] - q[4] * q[6]);
  if (determinant * sign < 0)
    for (std::size_t k = 6; k < 9; ++k) q[k] = -q[k];
  return q;
}

// Q applied to vectors in rows (n * 3, channels), then moved by b.
inline std::vector<double> turned(const std::vector<double>& rows, Index channels, const std::vector<double>& q,
                                  const std::vector<double>& b = {0, 0, 0}) {
  std::vector<double> out(rows.size());
  const Index n = static_cast<Index>(rows.size()) / channels / 3;
  for (Index i = 0; i < n; ++i)
    for (Index c = 0; c < channels; ++c)
      for (Index k = 0; k < 3; ++k) {
        double sum = b[static_cast<std::size_t>(k)];
        for (Index j = 0; j < 3; ++j)
          sum += q[static_cast<std::size_t>(3 * k + j)] * rows[static_cast<std::size_t>((3 * i + j) * channels + c)];
        out[static_cast<std::size_t>((3 * i + k) * channels + c)] = sum;
      }
  return out;
}

} // namespace contract
