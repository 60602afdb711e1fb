#pragma once
/// \file  Matrix products with packed weights: forward, gradient of the input, gradient of the weight, sum of rows.
///
/// Bits: every output element is one chain of fused multiply-adds over k = 0, 1, … starting from 0 (two roundings each at level
/// portable), so a row of y depends on that row of x and on the weight only: not on the number of rows, the place of the row, or
/// the number of threads. Sums over rows (dw, db) are such chains over chunks of 256 rows, added in the order of the chunks.
/// Nothing is allocated. Columns between the width and `stride_of(width)` of every output are written as zeros.

#include <algorithm>
#include <cstring>

#include <pleat/backend/cpu/activation.hpp>

namespace pleat::inline v0_1::cpu {

/// What happens to a product before it is stored: y = last(activation(first(x W^T + bias + addend)) + residual) (+ y), where
/// `first` is slope v + shift and `last` is last_slope v + last_shift.
template <class T> struct Epilogue {
  const T* bias = nullptr; // (n)
  Activation activation = Activation::None;
  T* pre_activation = nullptr;                          // (rows, y_stride), x W^T + bias
  const T* residual = nullptr;                          // (rows, y_stride)
  bool accumulate = false;                              // adds to what y holds
  const T* addend = nullptr;                            // (rows, y_stride)
  const T *slope = nullptr, *shift = nullptr;           // (n)
  const T *last_slope = nullptr, *last_shift = nullptr; // (n)
};

namespace detail {
inline constexpr Index panel = 32;         ///< columns of a packed panel; the last one has 16 if that is enough
inline constexpr Index chunk = 256;        ///< rows of one partial sum of dw and db
inline constexpr Index down_columns = 128; ///< columns of dw of one task
} // namespace detail

} // namespace pleat::inline v0_1::cpu

#define PLEAT_BODY <pleat/backend/cpu/body/product.inl>
#include <pleat/backend/cpu/simd/for_each_level.inl>

namespace pleat::inline v0_1::cpu {

/// Elements of a packed weight of `out` rows and `in` columns; of its packed transpose: `packed_size(in, out)`.
constexpr Index packed_size(Index out, Index in) { return stride_of(out) * in; }

namespace detail {
/// B(k, n) = source[n * n_step + k * k_step] in panels of 32 columns, each (k, 32) row-major, zeros beyond n.
template <class T> void pack_panels(const Cpu& cpu, T* packed, const T* source, Index n, Index k, Index n_step, Index k_step) {
  cpu.parallel_for((n + panel - 1) / panel, [=](Index p) {
    const Index first = p * panel, width = (std::min)(panel, stride_of(n) - first), used = (std::min)(width, n - first);
    T* const to = packed + first * k;
    const T* const from = source + first * n_step;
    if (n_step == 1) {
      for (Index i = 0; i < k; ++i) std::memcpy(to + i * width, from + i * k_step, std::size_t(used) * sizeof(T));
    } else {
      for (Index begin = 0; begin < k; begin += 16) // blocks that stay in the first-level cache
        for (Index j = 0; j < used; ++j)
          for (Index i = begin; i < (std::min)(k, begin + 16); ++i) to[i * width + j] = from[j * n_step + i * k_step];
    }
    for (Index i = 0; i < k; ++i)
      for (Index j = used; j < width; ++j) to[i * width + j] = T(0);
  });
}
} // namespace detail

/// Packs `weight` (out, stride_of(in)) for y = x W^T: multiply(…, n = out, k = in).
template <class T> void pack(const Cpu& cpu, T* packed, const T* weight, Index out, Index in) {
  detail::pack_panels(cpu, packed, weight, out, in, stride_of(in), Index(1));
}

/// Packs `weight` (out, stride_of(in)) for dx = dy W: multiply(…, n = in, k = out).
template <class T> void pack_transposed(const Cpu& cpu, T* packed, const T* weight, Index out, Index in) {
  detail::pack_panels(cpu, packed, weight, in, out, Index(1), stride_of(in));
}

/// y (rows, n) = x (rows, k) B (k, n), then the epilogue. y_stride >= stride_of(n), x_stride >= k.
template <class T>
void multiply(const Cpu& cpu, T* y, Index y_stride, const T* x, Index x_stride, const T* packed, Index rows, Index n, Index k,
              const Epilogue<T>& epilogue = {}) {
  if (rows <= 0 || n <= 0) return;
  simd::level();
  // A block of x and a panel share the second-level cache. Few rows: the columns are divided, too. None of it changes bits.
  const Index panels = (n + detail::panel - 1) / detail::panel;
  const Index block = k * Index(sizeof(T)) > 4096 ? 48 : 96, row_blocks = (rows + block - 1) / block;
  const bool few = rows * n * k < 200000;
  const Index wanted = few ? 1 : (std::min)(panels, (16 + row_blocks - 1) / row_blocks);
  const Index group = (panels + wanted - 1) / wanted, groups = (panels + group - 1) / group;
  const auto task = [&](Index t) {
    const Index r = t / groups * block, p = t % groups * group;
    PLEAT_AT_LEVEL(product_block<T>(y, y_stride, x, x_stride, packed, r, (std::min)(rows, r + block), p,
                                    (std::min)(panels, p + group), n, k, epilogue));
  };
  if (few)
    for (Index t = 0; t < row_blocks * groups; ++t) task(t);
  else
    cpu.parallel_for(row_blocks * groups, task);
}

/// dw (out, stride_of(in)) = dy (rows, out)^T x (rows, in), added to what dw holds if `accumulate`.
/// dy_stride >= out; x_stride >= stride_of(in), its columns beyond `in` need not be zero.
template <class T>
void multiply_rows_transposed(const Cpu& cpu, T* dw, const T* dy, Index dy_stride, const T* x, Index x_stride, Index rows,
                              Index out, Index in, bool accumulate) {
  if (out <= 0 || in <= 0) return;
  simd::level();
  // A task keeps its columns of dy for one chunk in the second-level cache while it walks over its panels of x.
  const Index stride = stride_of(in), cut = detail::down_columns, cuts = (stride + cut - 1) / cut;
  const bool few = rows * out * in < 200000;
  const Index wanted = few ? 1 : (std::min)((out + 47) / 48, (std::max)((12 + cuts - 1) / cuts, (out + 239) / 240));
  const Index group = round_up((out + wanted - 1) / wanted, 12), groups = (out + group - 1) / group;
  const auto task = [&](Index t) {
    const Index o = t % groups * group, i = t / groups * cut;
    PLEAT_AT_LEVEL(rows_transposed_block<T>(dw, dy, dy_stride, x, x_stride, rows, o, (std::min)(out, o + group), i,
                                            (std::min)(stride, i + cut), in, accumulate));
  };
  if (few)
    for (Index t = 0; t < cuts * groups; ++t) task(t);
  else
    cpu.parallel_for(cuts * groups, task);
}

/// db (stride_of(n)) = the sum of the rows of dy (rows, n), added to what db holds if `accumulate`.
template <class T> void sum_rows(const Cpu& cpu, T* db, const T* dy, Index dy_stride, Index rows, Index n, bool accumulate) {
  simd::level();
  const Index tasks = (n + 63) / 64;
  const auto task = [&](Index t) {
    PLEAT_AT_LEVEL(sum_rows_block<T>(db, dy, dy_stride, rows, t * 64, (std::min)(stride_of(n), t * 64 + 64), n, accumulate));
  };
  if (rows * n < 32768)
    for (Index t = 0; t < tasks; ++t) task(t);
  else
    cpu.parallel_for(tasks, task);
}

} // namespace pleat::inline v0_1::cpu
