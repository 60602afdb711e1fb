#pragma once
// Rotations, reflections and moves of positions.

#include <array>
#include <cmath>
#include <vector>

#include <pleat/core/philox.hpp>

namespace contract {

// Rows of an orthogonal matrix; `mirrors`: of determinant -1.
inline std::array<std::array<double, 3>, 3> orthogonal(std::uint64_t seed, bool mirrors) {
  pleat::Philox draws(seed, 31);
  std::array<std::array<double, 3>, 3> q{};
  for (std::size_t i = 0; i < 2; ++i) {
    for (double& x : q[i]) x = draws.normal();
    for (std::size_t j = 0; j < i; ++j) {
      const double along = q[i][0] * q[j][0] + q[i][1] * q[j][1] + q[i][2] * q[j][2];
      for (std::size_t k = 0; k < 3; ++k) q[i][k] -= along * q[j][k];
    }
    const double length = std::hypot(q[i][0], q[i][1], q[i][2]);
    for (double& x : q[i]) x /= length;
  }
  for (std::size_t k = 0; k < 3; ++k)
    q[2][k] = (mirrors ? -1 : 1) * (q[0][(k + 1) % 3] * q[1][(k + 2) % 3] - q[0][(k + 2) % 3] * q[1][(k + 1) % 3]);
  return q;
}

// Positions (n, 3) turned by q, then moved.
inline std::vector<double> moved(const std::vector<double>& positions, const std::array<std::array<double, 3>, 3>& q,
                                 const std::array<double, 3>& by) {
  std::vector<double> out(positions.size());
  for (std::size_t i = 0; i < positions.size(); i += 3)
    for (std::size_t k = 0; k < 3; ++k)
      out[i + k] = by[k] + q[k][0] * positions[i] + q[k][1] * positions[i + 1] + q[k][2] * positions[i + 2];
  return out;
}

} // namespace contract
