#pragma once
/// \file  How kernels share out rows: a team of neighbouring lanes has a row, each lane some of its elements in registers.

#include <bit>
#include <type_traits>

#include <pleat/backend/cuda/launch.hpp>

namespace pleat::inline v0_1::cuda {

/// What sums of T are formed in.
template <class T> using AccumulateOf = std::conditional_t<std::is_same_v<T, double>, double, float>;

/// A row of Width elements of T, held by a team of lanes: 16 bytes at a time, neighbouring lanes next to each other. Tails are
/// part of what is moved, so that rows that are written have their zeros.
template <class T, Index Width> struct RowTeam {
  using A = AccumulateOf<T>;
  static constexpr Index stride = stride_of(Width); ///< of 64 bits, since row numbers that it multiplies need not be
  static constexpr int pack = per_access<T>, packs = static_cast<int>(stride) / pack;
  static constexpr int lanes = packs >= warp_size ? warp_size : static_cast<int>(std::bit_ceil(static_cast<unsigned>(packs)));
  static constexpr int turns = (packs + lanes - 1) / lanes, values = turns * pack;
  static constexpr bool ragged = turns * lanes != packs; ///< some lanes have nothing in the last turn

  /// Rows of a block of 256 threads, and the grid for the bucket of so many rows.
  static constexpr int threads = 256, rows_of_block = threads / lanes;
  static Grid grid(Index rows) { return grid_for(capacity_of(rows), lanes, threads); }
  /// The row of this thread's team.
  __device__ static Index row() { return global_thread() / lanes; }
  /// The number of a value of this lane within the row; beyond the stride where the lane has none.
  __device__ static int element(int value) { return (value / pack * lanes + thread() % lanes) * pack + value % pack; }

  /// This lane's elements of a row, as numbers that sums are formed in; 0 where it has none.
  struct Values {
    A at[values];
  };
  __device__ static Values read(const T* row) {
    Values v;
#pragma unroll
    for (int t = 0; t < turns; ++t) {
      const int p = t * lanes + thread() % lanes;
      if (!ragged || p < packs) {
        const Pack<T> moved = load(row + p * pack);
#pragma unroll
        for (int i = 0; i < pack; ++i) v.at[t * pack + i] = static_cast<A>(moved.at[i]);
      } else {
#pragma unroll
        for (int i = 0; i < pack; ++i) v.at[t * pack + i] = 0;
      }
    }
    return v;
  }
  /// Also rounded, to rows of the same stride of a narrower type.
  template <class To> __device__ static void write(To* row, const Values& v) {
#pragma unroll
    for (int t = 0; t < turns; ++t) {
      const int p = t * lanes + thread() % lanes;
      if (ragged && p >= packs) continue;
      Pack<To, pack> moved;
#pragma unroll
      for (int i = 0; i < pack; ++i) moved.at[i] = static_cast<To>(v.at[t * pack + i]);
      store(row + p * pack, moved);
    }
  }
  /// Adds to a row of memory, or overwrites it.
  __device__ static void contribute(T* row, Values v, bool accumulate) {
    if (accumulate) {
      const Values before = read(row);
#pragma unroll
      for (int i = 0; i < values; ++i) v.at[i] += before.at[i];
    }
    write(row, v);
  }
  /// Sum over the whole row, the same bits in each lane of the team. All lanes of the warp call it.
  __device__ static A sum(A mine) { return group_sum<lanes>(mine); }
  __device__ static A largest(A mine) { return group_max<lanes>(mine); }
  /// Whether value i belongs to a channel: not to the tail, nor beyond.
  __device__ static bool is_channel(int value) { return element(value) < Width; }
};

/// Rows that one partial sum over rows is formed of; a constant, so that the sums do not depend on the GPU.
inline constexpr Index rows_of_sum = 128;
/// How many there are for the bucket of a row count; those of rows that are not there are zero.
constexpr Index sums_of(Index rows) { return (capacity_of(rows) + rows_of_sum - 1) / rows_of_sum; }

/// to[c] += sum over `parts` of partial[part * width + c], in a fixed order: where partial sums of a kernel before end. A null
/// `to` is left out. Bytes a part: its width.
template <class A, class T> __global__ void finish_sums(const A* partial, Index parts, Index width, T* to) {
  const Index c = global_thread();
  if (c >= width) return;
  A sum = 0;
  for (Index p = 0; p < parts; ++p) sum += partial[p * width + c];
  to[c] = static_cast<T>(static_cast<A>(to[c]) + sum);
}

} // namespace pleat::inline v0_1::cuda
