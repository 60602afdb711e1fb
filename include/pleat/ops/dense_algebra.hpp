#pragma once
/// \file  Dense algebra that probes and statistics need: products, Gram matrices, Cholesky, SPD solves, symmetric eigenpairs.
/// All matrices are row-major without padding; `Real` is float or double. The device does the work in
/// `backend/<device>/dense_algebra.hpp`.

#include <pleat/core/index.hpp>
#include <pleat/core/kernel.hpp>

namespace pleat::inline v0_1 {

struct multiply_op;
struct gram_op;
struct cholesky_op;
struct solve_op;
struct symmetric_eigen_op;

/// Which factor of a product is read transposed.
enum class Transposed { None, Left, Right };

/// `out` (m, n) = A B, or `out` += A B with `accumulate`. A is (m, k) and B (k, n); with Left A is stored (k, m), with Right B is
/// stored (n, k). Runs on the calling thread only, so that it can be called inside `parallel_for`.
template <class Real, class Device>
void multiply(const Device& device, Index m, Index n, Index k, const Real* a, const Real* b, Real* out,
              Transposed transposed = Transposed::None, bool accumulate = false) {
  kernel<multiply_op, Device>::run(device, m, n, k, a, b, out, transposed, accumulate);
}

/// `out` (width, width) = X^T X for X (rows, width): both triangles are written. Uses the device's threads; its bits do not
/// depend on them.
template <class Real, class Device> void gram(const Device& device, Index rows, Index width, const Real* x, Real* out) {
  kernel<gram_op, Device>::run(device, rows, width, x, out);
}

/// Lower triangular `factor` (n, n) with L L^T = `matrix`; the upper triangle is set to zero. May work in place.
/// \return false where the matrix is not positive definite (the factor is then meaningless).
template <class Real, class Device> bool cholesky(const Device& device, Index n, const Real* matrix, Real* factor) {
  return kernel<cholesky_op, Device>::run(device, n, matrix, factor);
}

/// Solves A S = B for a symmetric positive definite `matrix` A (n, n) and B, S (n, columns); `right` and `solution` may be the
/// same. \return false where the matrix is not positive definite (the solution is then not written).
template <class Real, class Device>
bool solve(const Device& device, Index n, Index columns, const Real* matrix, const Real* right, Real* solution) {
  return kernel<solve_op, Device>::run(device, n, columns, matrix, right, solution);
}

/// Eigenpairs of a symmetric `matrix` (n, n; the lower triangle is read): `values` (n) fall, row i of `vectors` (n, n) is the
/// unit eigenvector of values[i], its largest component positive. \return false where the iteration does not converge (NaN or
/// infinity in the matrix).
template <class Real, class Device>
bool symmetric_eigen(const Device& device, Index n, const Real* matrix, Real* values, Real* vectors) {
  return kernel<symmetric_eigen_op, Device>::run(device, n, matrix, values, vectors);
}

} // namespace pleat::inline v0_1
