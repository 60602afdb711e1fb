#pragma once
/// \file  Rows in the order of the group they belong to (their token, their residue type), sorted on the device: sums over groups
/// are then sums over neighbours, in a fixed order and without atomics.

#include <pleat/backend/cuda/rows.hpp>
#include <pleat/backend/cuda/sort.hpp>
#include <pleat/core/tokens.hpp>

namespace pleat::inline v0_1::cuda {

/// What rows are grouped by; -1: in no group.
enum class GroupBy : unsigned char { Token, ResidueType, Nothing };
template <GroupBy By> __device__ Index group_of(const std::uint8_t* tokens, Index row) {
  if constexpr (By == GroupBy::Token) return tokens[row];
  if constexpr (By == GroupBy::ResidueType) return residue_type(tokens[row]);
  return 0;
}

// The pairs to sort, for the capacity of a row count. Bytes a row: a token, a key and a number.
template <GroupBy By>
__global__ void __launch_bounds__(256) key_of_rows(const std::uint8_t* tokens, std::uint32_t* keys, std::int32_t* numbers,
                                                   const Index* rows, Index groups, Index capacity) {
  const Index r = global_thread();
  if (r >= capacity) return;
  const Index g = r < *rows ? group_of<By>(tokens, r) : -1;
  keys[r] = static_cast<std::uint32_t>(g >= 0 ? g : groups), numbers[r] = static_cast<std::int32_t>(r);
}

/// Lists of the rows of each group, ascending. `tokens`: of the host. The first `reserved` bytes of the workspace stay the
/// caller's.
template <GroupBy By>
Lists grouped_rows(const Cuda& cuda, const std::uint8_t* tokens, Index rows, Index groups, Index reserved = 0) {
  const Index capacity = capacity_of(rows);
  return make_lists(cuda, capacity, groups, reserved, [&](std::uint32_t* keys, std::int32_t* numbers) {
    launch(cuda, bucket_grid(rows), key_of_rows<By>, cuda.stream->view(tokens, rows), keys, numbers, cuda.stream->count(rows),
           groups, capacity);
  });
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
