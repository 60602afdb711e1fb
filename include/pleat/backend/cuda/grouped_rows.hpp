#pragma once
/// \file  Rows in the order of the group they belong to (their token, their residue type), which the host sorts: sums over groups
/// are then sums over neighbours, in a fixed order and without atomics.

#include <cstdint>
#include <vector>

#include <pleat/backend/cuda/rows.hpp>

namespace pleat::inline v0_1::cuda {

/// Group g has the rows order[begin[g]], ..., order[begin[g + 1] - 1], ascending. On the device.
struct GroupedRows {
  const std::int32_t* order;
  const std::int32_t* begin; // (groups + 1)
};

/// group_of(row) from -1 (none) to groups - 1.
template <class GroupOf> GroupedRows grouped_rows(const Cuda& cuda, Index rows, Index groups, const GroupOf& group_of) {
  std::vector<std::int32_t> order(static_cast<std::size_t>(rows)), begin(static_cast<std::size_t>(groups) + 1);
  for (Index r = 0; r < rows; ++r)
    if (const Index g = group_of(r); g >= 0) ++begin[static_cast<std::size_t>(g) + 1];
  for (std::size_t g = 0; g < static_cast<std::size_t>(groups); ++g) begin[g + 1] += begin[g];
  auto next = begin;
  for (Index r = 0; r < rows; ++r)
    if (const Index g = group_of(r); g >= 0)
      order[static_cast<std::size_t>(next[static_cast<std::size_t>(g)]++)] = static_cast<std::int32_t>(r);
  // As many elements as there are rows, whatever group they are in: what is sent has one size for one row count.
  return {cuda.stream->send(order.data(), rows), cuda.stream->send(begin.data(), groups + 1)};
}

/// A thread of a block of 128 has a channel of a group.
template <Index Stride> constexpr Grid grouped_grid(Index groups) { return {groups * ((Stride + 127) / 128), 128, 0}; }
template <Index Stride> __device__ Index group_of_block() { return block() / ((Stride + 127) / 128); }
template <Index Stride> __device__ Index channel_of_block() { return block() % ((Stride + 127) / 128) * 128 + thread(); }

// to (groups, Stride) += sums over the rows of x (rows, Stride) of each group. Bytes a row: a stride.
template <class T, Index Stride>
__global__ void __launch_bounds__(128) add_group_sums(const T* x, const std::int32_t* order, const std::int32_t* begin, T* to) {
  using A = AccumulateOf<T>;
  const Index g = group_of_block<Stride>(), c = channel_of_block<Stride>();
  if (c >= Stride) return;
  A sum = 0;
  for (std::int32_t i = begin[g]; i < begin[g + 1]; ++i) sum += static_cast<A>(x[order[i] * Stride + c]);
  to[g * Stride + c] = static_cast<T>(static_cast<A>(to[g * Stride + c]) + sum);
}

// Means and biased variances (groups, Stride) about them, in double; 0 where a group has no rows. Bytes a row: 2 strides.
template <class T, Index Stride>
__global__ void __launch_bounds__(128) group_moments(const T* x, const std::int32_t* order, const std::int32_t* begin,
                                                     double* mean, double* variance, double* counts) {
  const Index g = group_of_block<Stride>(), c = channel_of_block<Stride>();
  if (c >= Stride) return;
  const double n = begin[g + 1] - begin[g];
  double sum = 0, squares = 0;
  for (std::int32_t i = begin[g]; i < begin[g + 1]; ++i) sum += static_cast<double>(x[order[i] * Stride + c]);
  const double m = n > 0 ? sum / n : 0.0;
  for (std::int32_t i = begin[g]; i < begin[g + 1]; ++i) {
    const double d = static_cast<double>(x[order[i] * Stride + c]) - m;
    squares += d * d;
  }
  mean[g * Stride + c] = m, variance[g * Stride + c] = n > 0 ? squares / n : 0.0;
  if (c == 0) counts[g] = n;
}

} // namespace pleat::inline v0_1::cuda
