#pragma once
/// \file  Optimal superposition of two sets of points that belong together one by one: the rotation, the shift and the RMSD.

#include <array>
#include <cmath>
#include <cstddef>
#include <pleat/core/error.hpp>
#include <pleat/core/index.hpp>
#include <pleat/data/structure.hpp>
#include <span>

namespace pleat::inline v0_1 {

/// x -> rotation x + shift: never a reflection.
struct Superposition {
  double rotation[3][3] = {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}; ///< determinant +1
  double shift[3] = {0, 0, 0};                               ///< Angstrom
  double rmsd = 0;                                           ///< of the points it was made from, Angstrom

  std::array<double, 3> operator()(const std::array<double, 3>& p) const {
    std::array<double, 3> to{};
    for (std::size_t i = 0; i < 3; ++i) to[i] = rotation[i][0] * p[0] + rotation[i][1] * p[1] + rotation[i][2] * p[2] + shift[i];
    return to;
  }
  Position operator()(const Position& p) const {
    const auto to =
        (*this)(std::array<double, 3>{static_cast<double>(p.x()), static_cast<double>(p.y()), static_cast<double>(p.z())});
    return Position::angstrom(static_cast<float>(to[0]), static_cast<float>(to[1]), static_cast<float>(to[2]));
  }
};

namespace detail {

/// Point i of (points, 3) numbers, in double.
inline std::array<double, 3> point_at(std::span<const float> points, std::size_t i) {
  return {static_cast<double>(points[3 * i]), static_cast<double>(points[3 * i + 1]), static_cast<double>(points[3 * i + 2])};
}

/// Unit eigenvector of the largest eigenvalue of a symmetric matrix, by cyclic Jacobi rotations; the first of equal ones.
inline std::array<double, 4> largest_eigenvector(std::array<std::array<double, 4>, 4> a) {
  std::array<std::array<double, 4>, 4> v{};
  for (std::size_t i = 0; i < 4; ++i) v[i][i] = 1;
  for (int sweep = 0; sweep < 50; ++sweep) {
    double off = 0, all = 0;
    for (std::size_t i = 0; i < 4; ++i)
      for (std::size_t j = 0; j < 4; ++j) all += a[i][j] * a[i][j], off += i == j ? 0 : a[i][j] * a[i][j];
    if (!(off > 1e-32 * all)) break;
    for (std::size_t p = 0; p < 3; ++p)
      for (std::size_t q = p + 1; q < 4; ++q) {
        if (a[p][q] == 0) continue;
        const double theta = (a[q][q] - a[p][p]) / (2 * a[p][q]);
        const double t = (theta < 0 ? -1 : 1) / (std::abs(theta) + std::hypot(theta, 1.0)); // tangent of the angle
        const double c = 1 / std::hypot(t, 1.0), s = t * c;
        for (std::size_t k = 0; k < 4; ++k) {
          const double x = a[k][p], y = a[k][q];
          a[k][p] = c * x - s * y, a[k][q] = s * x + c * y;
        }
        for (std::size_t k = 0; k < 4; ++k) {
          const double x = a[p][k], y = a[q][k], m = v[k][p], n = v[k][q];
          a[p][k] = c * x - s * y, a[q][k] = s * x + c * y;
          v[k][p] = c * m - s * n, v[k][q] = s * m + c * n;
        }
      }
  }
  std::size_t top = 0;
  for (std::size_t i = 1; i < 4; ++i)
    if (a[i][i] > a[top][top]) top = i;
  return {v[0][top], v[1][top], v[2][top], v[3][top]};
}

/// `number(k)` is the k-th of `count` points that take part.
template <class Number>
Superposition superpose_points(std::span<const float> from, std::span<const float> onto, std::size_t count,
                               const Number& number) {
  require(from.size() == onto.size() && from.size() % 3 == 0, "a superposition got ", from.size(), " and ", onto.size(),
          " coordinates; give two sets of equally many points, three coordinates a point, in the same order");
  require(count > 0, "a superposition got no points; give at least one pair of points");
  std::array<double, 3> here{}, there{};
  for (std::size_t k = 0; k < count; ++k) {
    const auto i = static_cast<std::size_t>(number(k));
    require(3 * i < from.size(), "a superposition was asked for point ", i, " of ", from.size() / 3, "; points count from 0");
    const auto p = point_at(from, i), q = point_at(onto, i);
    for (std::size_t c = 0; c < 3; ++c) {
      require(std::isfinite(p[c]) && std::isfinite(q[c]), "point ", i,
              " of a superposition is not finite; leave out points without coordinates on both sides");
      here[c] += p[c] / static_cast<double>(count), there[c] += q[c] / static_cast<double>(count);
    }
  }
  double m[3][3] = {}; // sum of (p - here)(q - there)^T
  for (std::size_t k = 0; k < count; ++k) {
    const auto i = static_cast<std::size_t>(number(k));
    const auto p = point_at(from, i), q = point_at(onto, i);
    for (std::size_t r = 0; r < 3; ++r)
      for (std::size_t c = 0; c < 3; ++c) m[r][c] += (p[r] - here[r]) * (q[c] - there[c]);
  }
  const auto [w, x, y, z] =
      largest_eigenvector({{{m[0][0] + m[1][1] + m[2][2], m[1][2] - m[2][1], m[2][0] - m[0][2], m[0][1] - m[1][0]},
                            {m[1][2] - m[2][1], m[0][0] - m[1][1] - m[2][2], m[0][1] + m[1][0], m[2][0] + m[0][2]},
                            {m[2][0] - m[0][2], m[0][1] + m[1][0], m[1][1] - m[0][0] - m[2][2], m[1][2] + m[2][1]},
                            {m[0][1] - m[1][0], m[2][0] + m[0][2], m[1][2] + m[2][1], m[2][2] - m[0][0] - m[1][1]}}});
  Superposition found{{{w * w + x * x - y * y - z * z, 2 * (x * y - w * z), 2 * (x * z + w * y)},
                       {2 * (x * y + w * z), w * w - x * x + y * y - z * z, 2 * (y * z - w * x)},
                       {2 * (x * z - w * y), 2 * (y * z + w * x), w * w - x * x - y * y + z * z}},
                      {0, 0, 0},
                      0};
  const auto turned = found(here);
  for (std::size_t c = 0; c < 3; ++c) found.shift[c] = there[c] - turned[c];
  double sum = 0;
  for (std::size_t k = 0; k < count; ++k) {
    const auto i = static_cast<std::size_t>(number(k));
    const auto p = found(point_at(from, i)), q = point_at(onto, i);
    for (std::size_t c = 0; c < 3; ++c) sum += (p[c] - q[c]) * (p[c] - q[c]);
  }
  found.rmsd = std::sqrt(sum / static_cast<double>(count));
  return found;
}

} // namespace detail

/// The proper rotation and the shift that bring `from` (points, 3) nearest to `onto` (points, 3), in Angstrom, by least squares
/// (Kabsch 1976; solved by the quaternion of Horn 1987). Where several rotations are equally good (points on a line, a single
/// point) it is one of them, the identity if all are. A mirror image keeps a residual: reflections are not used. Errors: no
/// point, different numbers of points, coordinates that are not finite.
inline Superposition superpose(std::span<const float> from, std::span<const float> onto) {
  return detail::superpose_points(from, onto, from.size() / 3, [](std::size_t k) { return k; });
}

/// The same from the points `chosen` only; its RMSD is that of the chosen points.
inline Superposition superpose(std::span<const float> from, std::span<const float> onto, std::span<const Index> chosen) {
  return detail::superpose_points(from, onto, chosen.size(), [chosen](std::size_t k) { return chosen[k]; });
}

/// Root mean square distance of two sets of points as they lie, Angstrom. Errors: as `superpose`.
inline double rmsd_in_place(std::span<const float> a, std::span<const float> b) {
  require(a.size() == b.size() && a.size() % 3 == 0 && !a.empty(), "an RMSD got ", a.size(), " and ", b.size(),
          " coordinates; give two sets of equally many points, at least one");
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double d = static_cast<double>(a[i]) - static_cast<double>(b[i]);
    sum += d * d;
  }
  return std::sqrt(3 * sum / static_cast<double>(a.size()));
}

} // namespace pleat::inline v0_1
