#pragma once
/// \file  Decoy moves along the smoothest modes of an elastic network of C-alphas, carried out in the torsions of the backbone.

#include <algorithm>
#include <cmath>
#include <pleat/core/error.hpp>
#include <pleat/core/philox.hpp>
#include <pleat/data/decoys/movable_chain.hpp>
#include <pleat/data/decoys/torsion_moves.hpp>
#include <string_view>
#include <utility>
#include <vector>

namespace pleat::inline v0_1 {

namespace detail {

/// Symmetric positive definite matrix (n, n), row-major, as its Cholesky factor; only the lower half is read.
class CholeskyFactor {
public:
  CholeskyFactor(std::vector<double> matrix, std::size_t n) : l_(std::move(matrix)), n_(n) {
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t j = 0; j <= i; ++j) {
        double sum = l_[i * n + j];
        const double *a = &l_[i * n], *b = &l_[j * n];
        for (std::size_t k = 0; k < j; ++k) sum -= a[k] * b[k];
        if (i == j) require(sum > 0, "a matrix of an elastic network is not positive definite; are there atoms in one place?");
        l_[i * n + j] = i == j ? std::sqrt(sum) : sum / l_[j * n + j];
      }
  }
  void solve(double* x) const {
    for (std::size_t i = 0; i < n_; ++i) {
      for (std::size_t k = 0; k < i; ++k) x[i] -= l_[i * n_ + k] * x[k];
      x[i] /= l_[i * n_ + i];
    }
    for (std::size_t i = n_; i-- > 0;) {
      x[i] /= l_[i * n_ + i];
      for (std::size_t k = 0; k < i; ++k) x[k] -= l_[i * n_ + k] * x[i];
    }
  }

private:
  std::vector<double> l_;
  std::size_t n_;
};

/// Rows of `rows` (m, n) made orthonormal by two passes of Gram-Schmidt.
inline void orthonormalise(std::vector<double>& rows, std::size_t m, std::size_t n) {
  for (std::size_t i = 0; i < m; ++i) {
    double* x = &rows[i * n];
    for (std::size_t j = 0; j < 2 * i; ++j) {
      const double* y = &rows[(j % i) * n];
      double along = 0;
      for (std::size_t k = 0; k < n; ++k) along += x[k] * y[k];
      for (std::size_t k = 0; k < n; ++k) x[k] -= along * y[k];
    }
    double length = 0;
    for (std::size_t k = 0; k < n; ++k) length += x[k] * x[k];
    for (std::size_t k = 0; k < n; ++k) x[k] /= std::sqrt(length);
  }
}

} // namespace detail

/// The `count` smoothest modes of an anisotropic network (Atilgan et al. 2001) of (points): every pair nearer than `cutoff` is
/// joined by a spring of strength 1, its Hessian is the sum of -d d^T / |d|^2 over springs. Rows (count, 3 points) are
/// orthonormal, the six rigid motions taken out, by rising eigenvalue in `values`. By subspace iteration with the inverse; the
/// signs are such that each row's largest component is positive. Errors: fewer than 3 points, more modes than 3 points - 6.
struct ElasticModes {
  std::vector<double> values, rows;
};
inline ElasticModes elastic_modes(const std::vector<Vector3>& points, Index count, double cutoff = 15) {
  const std::size_t n = 3 * points.size(), wanted = static_cast<std::size_t>(count);
  require(points.size() >= 3 && count > 0 && wanted + 6 <= n, "an elastic network of ", points.size(), " points has no ", count,
          " modes beside its rigid motions; ask for fewer.");
  std::vector<double> hessian(n * n);
  for (std::size_t i = 0; i < points.size(); ++i)
    for (std::size_t j = i + 1; j < points.size(); ++j) {
      const Vector3 d = detail::operator-(points[i], points[j]);
      const double square = detail::dot(d, d);
      if (square >= cutoff * cutoff) continue;
      for (std::size_t a = 0; a < 3; ++a)
        for (std::size_t b = 0; b < 3; ++b) {
          const double spring = d[a] * d[b] / square;
          hessian[(3 * i + a) * n + 3 * i + b] += spring, hessian[(3 * j + a) * n + 3 * j + b] += spring;
          hessian[(3 * i + a) * n + 3 * j + b] -= spring, hessian[(3 * j + a) * n + 3 * i + b] -= spring;
        }
    }
  constexpr double shift = 1e-3; // makes the rigid motions invertible
  std::vector<double> shifted = hessian;
  for (std::size_t i = 0; i < n; ++i) shifted[i * n + i] += shift;
  const detail::CholeskyFactor inverse(std::move(shifted), n);

  // The rigid motions are known: three shifts, and three turns about the origin. Those of a line of points are fewer.
  std::vector<double> rigid(6 * n);
  for (std::size_t i = 0; i < points.size(); ++i)
    for (std::size_t c = 0; c < 3; ++c) {
      rigid[c * n + 3 * i + c] = 1;
      Vector3 axis{};
      axis[c] = 1;
      const Vector3 turned = detail::cross(axis, points[i]);
      for (std::size_t k = 0; k < 3; ++k) rigid[(3 + c) * n + 3 * i + k] = turned[k];
    }
  const std::size_t block = (std::min)(n - 6, 2 * wanted + 8), all = 6 + block;
  std::vector<double> basis = std::move(rigid);
  Philox draws(0, 0xE1A57);
  while (basis.size() < all * n) basis.push_back(draws.normal());
  for (int turn = 0; turn < 30; ++turn) {
    for (std::size_t i = 6; i < all; ++i) inverse.solve(&basis[i * n]);
    detail::orthonormalise(basis, all, n);
  }
  // Ritz values and vectors within the block, by Jacobi rotations.
  std::vector<double> image(block * n), small_matrix(block * block), turn(block * block);
  for (std::size_t i = 0; i < block; ++i)
    for (std::size_t r = 0; r < n; ++r) {
      double sum = 0;
      for (std::size_t c = 0; c < n; ++c) sum += hessian[r * n + c] * basis[(6 + i) * n + c];
      image[i * n + r] = sum;
    }
  for (std::size_t i = 0; i < block; ++i)
    for (std::size_t j = 0; j < block; ++j) {
      double sum = 0;
      for (std::size_t c = 0; c < n; ++c) sum += basis[(6 + i) * n + c] * image[j * n + c];
      small_matrix[i * block + j] = sum, turn[i * block + j] = i == j ? 1 : 0;
    }
  for (int sweep = 0; sweep < 60; ++sweep)
    for (std::size_t p = 0; p < block; ++p)
      for (std::size_t q = p + 1; q < block; ++q) {
        const double off = small_matrix[p * block + q];
        if (std::abs(off) < 1e-14) continue;
        const double theta = (small_matrix[q * block + q] - small_matrix[p * block + p]) / (2 * off);
        const double t = (theta < 0 ? -1 : 1) / (std::abs(theta) + std::hypot(theta, 1.0)), c = 1 / std::hypot(t, 1.0), s = t * c;
        for (std::size_t k = 0; k < block; ++k) {
          const double x = small_matrix[k * block + p], y = small_matrix[k * block + q];
          small_matrix[k * block + p] = c * x - s * y, small_matrix[k * block + q] = s * x + c * y;
        }
        for (std::size_t k = 0; k < block; ++k) {
          const double x = small_matrix[p * block + k], y = small_matrix[q * block + k];
          const double u = turn[p * block + k], v = turn[q * block + k];
          small_matrix[p * block + k] = c * x - s * y, small_matrix[q * block + k] = s * x + c * y;
          turn[p * block + k] = c * u - s * v, turn[q * block + k] = s * u + c * v;
        }
      }
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < block; ++i) order.push_back(i);
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return small_matrix[a * block + a] < small_matrix[b * block + b]; });
  ElasticModes modes;
  for (std::size_t k = 0; k < wanted; ++k) {
    const std::size_t from = order[k];
    std::vector<double> row(n);
    for (std::size_t i = 0; i < block; ++i)
      for (std::size_t c = 0; c < n; ++c) row[c] += turn[from * block + i] * basis[(6 + i) * n + c];
    const auto largest = std::max_element(row.begin(), row.end(), [](double a, double b) { return std::abs(a) < std::abs(b); });
    const double sign = *largest < 0 ? -1 : 1;
    for (const double x : row) modes.rows.push_back(sign * x);
    modes.values.push_back(small_matrix[from * block + from]);
  }
  return modes;
}

/// Moves along the smoothest modes of the native's C-alphas. Each mode is translated into the changes of phi and psi that come
/// nearest to it, by least squares with a small ridge, so that bond lengths and bond angles hold exactly at any amplitude. A move
/// is a random mixture of the modes, the softer ones weighing more (by 1 / sqrt(value)), with a root mean square shift of the
/// C-alphas of about amplitude * |N(0, 1)| Angstrom; a quarter of the moves carries it out along a stretch of the chain only. The
/// other half are torsion moves (torsion_moves.hpp) with amplitudes of 0.002 to 0.2 radians, by which the chain settles: atoms
/// that a mode would push together give way.
class ElasticMoves {
public:
  static constexpr std::string_view name = "elastic";
  static constexpr double widening = 0.04;
  static constexpr double largest_amplitude = 3; ///< Angstrom
  static constexpr Index mode_count = 40;

  explicit ElasticMoves(const MovableChain& native) : settle_(native) {
    std::vector<Vector3> alphas;
    for (Index r = 0; r < native.residues(); ++r) alphas.push_back(native.alpha(r));
    const std::size_t points = alphas.size(), n = 3 * points, torsions = 2 * points, unknowns = torsions + 6;
    const auto modes = static_cast<std::size_t>((std::min)(mode_count, static_cast<Index>(n) - 6));
    const ElasticModes elastic = elastic_modes(alphas, static_cast<Index>(modes));
    // Columns of the Jacobian (3 points): a torsion turns all C-alphas beyond its axis; then three shifts and three turns.
    std::vector<double> columns(unknowns * n);
    for (std::size_t t = 0; t < unknowns; ++t)
      for (std::size_t i = 0; i < points; ++i) {
        Vector3 shift{};
        if (t >= torsions + 3) {
          Vector3 axis{};
          axis[t - torsions - 3] = 1;
          shift = detail::cross(axis, alphas[i]);
        } else if (t >= torsions) {
          shift[t - torsions] = 1;
        } else if (i > t / 2 && (t % 2 == 1 || native.phi_turns(static_cast<Index>(t / 2)))) {
          const BackboneAtoms& atoms = native.atoms_of(static_cast<Index>(t / 2));
          const Vector3 &from = native.at(t % 2 == 0 ? atoms.n : atoms.ca), &to = native.at(t % 2 == 0 ? atoms.ca : atoms.c);
          shift = detail::cross(detail::unit(detail::operator-(to, from)), detail::operator-(alphas[i], to));
        }
        for (std::size_t c = 0; c < 3; ++c) columns[t * n + 3 * i + c] = shift[c];
      }
    std::vector<double> normal(unknowns * unknowns);
    double trace = 0;
    for (std::size_t s = 0; s < unknowns; ++s)
      for (std::size_t t = 0; t <= s; ++t) {
        double sum = 0;
        for (std::size_t c = 0; c < n; ++c) sum += columns[s * n + c] * columns[t * n + c];
        normal[s * unknowns + t] = sum;
        if (s == t) trace += sum;
      }
    for (std::size_t s = 0; s < unknowns; ++s) normal[s * unknowns + s] += 1e-4 * trace / static_cast<double>(unknowns);
    const detail::CholeskyFactor factor(std::move(normal), unknowns);
    for (std::size_t k = 0; k < modes; ++k) {
      std::vector<double> x(unknowns);
      for (std::size_t t = 0; t < unknowns; ++t)
        for (std::size_t c = 0; c < n; ++c) x[t] += columns[t * n + c] * elastic.rows[k * n + c];
      factor.solve(x.data());
      x.resize(torsions);
      for (std::size_t t = 0; t < torsions; t += 2)
        if (!native.phi_turns(static_cast<Index>(t / 2))) x[t] = 0;
      // A unit vector of 3 points is a shift of sqrt(1 / points) on average.
      const double weight = std::sqrt(static_cast<double>(points) * elastic.values[0] / (elastic.values[k] + 1e-12));
      for (const double change : x) changes_.push_back(weight * change);
    }
  }

  void move(MovableChain& chain, Philox& draws, double amplitude) const {
    std::vector<double> delta(static_cast<std::size_t>(2 * chain.residues()));
    const std::size_t modes = changes_.size() / delta.size();
    const Index kind = draws.index(4);
    if (kind >
        1) { // room for what is squeezed; angles of all sizes, whatever the amplitude, which shrinks with what modes run into
      const double angle = 0.2 * std::pow(10.0, -2 * draws.uniform());
      return settle_.move(chain, draws, angle);
    }
    const double scale = amplitude * draws.normal() / std::sqrt(static_cast<double>(modes));
    for (std::size_t k = 0; k < modes; ++k) {
      const double share = scale * draws.normal();
      for (std::size_t t = 0; t < delta.size(); ++t) delta[t] += share * changes_[k * delta.size() + t];
    }
    if (kind == 1) { // along a stretch only
      const Index length = chain.residues() / 8 + draws.index(chain.residues() / 2), first = draws.index(chain.residues());
      for (std::size_t t = 0; t < delta.size(); ++t)
        if (static_cast<Index>(t / 2) < first || static_cast<Index>(t / 2) >= first + length) delta[t] = 0;
    }
    chain.turn(delta);
  }

private:
  TorsionMoves settle_;
  std::vector<double> changes_; // (modes, 2 residues) radians
};

} // namespace pleat::inline v0_1
