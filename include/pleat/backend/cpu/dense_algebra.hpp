#pragma once
/// \file  Dense algebra on the CPU, by Eigen.

#include <algorithm>
#include <cmath>
#include <type_traits>

#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <Eigen/Eigenvalues>

#include <pleat/backend/cpu/device.hpp>
#include <pleat/ops/dense_algebra.hpp>

namespace pleat::inline v0_1 {
namespace detail {

template <class Real>
using EigenMatrix = Eigen::Matrix<std::remove_const_t<Real>, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
template <class Real>
using EigenView =
    Eigen::Map<std::conditional_t<std::is_const_v<Real>, const EigenMatrix<Real>, EigenMatrix<Real>>, Eigen::Unaligned>;

template <class Real> EigenView<Real> eigen_view(Real* data, Index rows, Index columns) {
  return EigenView<Real>(data, rows, columns);
}

} // namespace detail

template <> struct kernel<multiply_op, Cpu> {
  template <class Real>
  static void run(const Cpu&, Index m, Index n, Index k, const Real* a, const Real* b, Real* out, Transposed transposed,
                  bool accumulate) {
    auto result = detail::eigen_view(out, m, n);
    if (!accumulate) result.setZero();
    if (transposed == Transposed::None)
      result.noalias() += detail::eigen_view(a, m, k) * detail::eigen_view(b, k, n);
    else if (transposed == Transposed::Left)
      result.noalias() += detail::eigen_view(a, k, m).transpose() * detail::eigen_view(b, k, n);
    else
      result.noalias() += detail::eigen_view(a, m, k) * detail::eigen_view(b, n, k).transpose();
  }
};

/// The lower triangle is cut into square tiles; one task computes one tile, so threads never change a sum.
template <> struct kernel<gram_op, Cpu> {
  template <class Real> static void run(const Cpu& device, Index rows, Index width, const Real* x, Real* out) {
    constexpr Index tile = 128;
    Index tiles = (width + tile - 1) / tile;
    auto points = detail::eigen_view(x, rows, width);
    auto result = detail::eigen_view(out, width, width);
    device.parallel_for(tiles * (tiles + 1) / 2, [&](Index task) {
      Index row = 0;
      while ((row + 1) * (row + 2) / 2 <= task) ++row;
      Index column = task - row * (row + 1) / 2;
      Index i = row * tile, j = column * tile;
      Index height = (std::min)(tile, width - i), breadth = (std::min)(tile, width - j);
      result.block(i, j, height, breadth).noalias() = points.middleCols(i, height).transpose() * points.middleCols(j, breadth);
    });
    for (Index i = 0; i < width; ++i)
      for (Index j = 0; j < i; ++j) out[j * width + i] = out[i * width + j];
  }
};

template <> struct kernel<cholesky_op, Cpu> {
  template <class Real> static bool run(const Cpu&, Index n, const Real* matrix, Real* factor) {
    Eigen::LLT<detail::EigenMatrix<Real>, Eigen::Lower> decomposition(detail::eigen_view(matrix, n, n));
    if (decomposition.info() != Eigen::Success) return false;
    detail::eigen_view(factor, n, n) = decomposition.matrixL();
    return true;
  }
};

template <> struct kernel<solve_op, Cpu> {
  template <class Real>
  static bool run(const Cpu&, Index n, Index columns, const Real* matrix, const Real* right, Real* solution) {
    Eigen::LLT<detail::EigenMatrix<Real>, Eigen::Lower> decomposition(detail::eigen_view(matrix, n, n));
    if (decomposition.info() != Eigen::Success) return false;
    auto result = detail::eigen_view(solution, n, columns);
    if (right != solution) result = detail::eigen_view(right, n, columns);
    decomposition.solveInPlace(result);
    return true;
  }
};

template <> struct kernel<symmetric_eigen_op, Cpu> {
  template <class Real> static bool run(const Cpu&, Index n, const Real* matrix, Real* values, Real* vectors) {
    // Eigen would scale by the largest element and hand back zeros or loop on NaN; say so instead.
    for (Index i = 0; i < n * n; ++i)
      if (!std::isfinite(matrix[i])) return false;
    using Dense = Eigen::Matrix<Real, Eigen::Dynamic, Eigen::Dynamic>;
    Dense copy = detail::eigen_view(matrix, n, n);
    Eigen::SelfAdjointEigenSolver<Dense> solver(copy);
    if (solver.info() != Eigen::Success) return false;
    for (Index i = 0; i < n; ++i) {
      Index from = n - 1 - i;
      values[i] = solver.eigenvalues()[from];
      auto vector = solver.eigenvectors().col(from);
      Index largest = 0;
      for (Index j = 1; j < n; ++j)
        if (std::abs(vector[j]) > std::abs(vector[largest])) largest = j;
      Real sign = vector[largest] < 0 ? Real(-1) : Real(1);
      for (Index j = 0; j < n; ++j) vectors[i * n + j] = sign * vector[j];
    }
    return true;
  }
};

} // namespace pleat::inline v0_1
