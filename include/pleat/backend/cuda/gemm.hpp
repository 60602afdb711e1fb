#pragma once
/// \file  The gate by which matrix products reach the GPU: cuBLASLt, one algorithm for each pair of widths whatever the row
/// count.

#include <bit>
#include <cstdint>
#include <type_traits>

#include <pleat/backend/cuda/launch.hpp>
#include <pleat/core/bfloat16.hpp>

#if defined(__CUDACC__)
#include <pleat/backend/cuda/blas.hpp>
#endif

namespace pleat::inline v0_1::cuda {

/// D = op(A) op(B) + beta C (+ bias of each row of D), all column by column: D (m, n), op(A) (m, k), op(B) (k, n). A block of
/// rows of pleat, row by row, is its transpose. A and B have the type that products read, C, D and the bias that of rows.
template <class T, class Operand = T> struct Product {
  const Operand* a;
  Index lda;
  bool transpose_a;
  const Operand* b;
  Index ldb;
  bool transpose_b;
  const T* c; // read where beta is not 0
  T* d;       // C and D have the same leading dimension
  Index ldd;
  const T* bias; // (m) or null
  Index m, n, k;
  bool accumulate; // beta = 1, or 0
  bool sums_rows;  // k is a row count: partial sums over k may be formed side by side, in a fixed order
};

/// Rows that a product sums at once, of those that scratch has room for: many are a multiple of what a block sums in a step, so
/// that a sum in parts has no rest (blas.hpp).
constexpr Index rows_at_once(Index room) { return room > 256 ? room / 256 * 256 : room; }

/// What a product reads of a number: on the emulator, where a tf32 is rounded as its products have it.
template <class Operand> double factor(Operand x) { return static_cast<double>(x); }
inline double factor(Tensorfloat32 x) {
  const auto bits = std::bit_cast<std::uint32_t>(x.value);
  return static_cast<double>(std::bit_cast<float>((bits + 0xFFFu + ((bits >> 13) & 1u)) & ~0x1FFFu));
}

/// Runs it, now or when its graph runs.
template <class T, class Operand = T> void gemm(const Cuda& device, const Product<T, Operand>& p) {
  if (p.m == 0 || p.n == 0) return;
  // An algorithm is asked for with other row counts than this one: no row count may be a leading dimension.
  PLEAT_IN_TESTS(require((p.sums_rows ? !p.transpose_a && p.transpose_b : !p.transpose_b) &&
                             p.lda >= (p.transpose_a ? p.k : p.m) && p.ldb >= (p.transpose_b ? p.n : p.k) && p.ldd >= p.m,
                         "a product has a layout that the library refuses");)
  Stream& stream = *device.stream;
  stream.fold(p.a, p.lda, p.transpose_a, p.b, p.ldb, p.transpose_b, p.c, p.d, p.ldd, p.bias, p.m, p.n, p.k, p.accumulate,
              p.sums_rows);
#if defined(__CUDACC__)
  blas_multiply(stream, p);
#else
  if (!stream.launches()) return;
  emulator::enqueue(stream.handle(), [p] {
    for (Index j = 0; j < p.n; ++j)
      for (Index i = 0; i < p.m; ++i) {
        double sum = p.accumulate ? static_cast<double>(p.c[j * p.ldd + i]) : 0.0;
        for (Index l = 0; l < p.k; ++l)
          sum += factor(p.a[p.transpose_a ? i * p.lda + l : l * p.lda + i]) *
                 factor(p.b[p.transpose_b ? l * p.ldb + j : j * p.ldb + l]);
        if (p.bias != nullptr) sum += static_cast<double>(p.bias[i]);
        p.d[j * p.ldd + i] = static_cast<T>(sum);
      }
  });
#endif
}

} // namespace pleat::inline v0_1::cuda
