#pragma once
/// \file  Sums over many rows, of a sequence or a graph: a block has a slice of their channels, each of its teams every so many
/// rows.

#include <bit>

#include <pleat/backend/cuda/pointwise.hpp>

namespace pleat::inline v0_1::cuda {

/// Up to a warp's width of packs of a row of Width elements. What a block forms depends on the number of its rows only, not on
/// the batch they are in nor on the GPU.
template <class T, Index Width> struct RowSlice {
  using A = AccumulateOf<T>;
  static constexpr int stride = static_cast<int>(stride_of(Width)), pack = per_access<T>, packs = stride / pack;
  static constexpr int lanes = packs >= warp_size ? warp_size : static_cast<int>(std::bit_ceil(static_cast<unsigned>(packs)));
  static constexpr int slices = (packs + lanes - 1) / lanes, threads = 256, teams = threads / lanes;
  static constexpr int ahead = 4; ///< rows that are loaded before the first of them is used

  /// Blocks for the bucket of so many results of `each` parts, each of `stride` channels.
  static constexpr Grid grid(Index results, Index each = 1) {
    return {capacity_of(results) * each * slices, threads, threads * 16};
  }
  /// The result that this block has a slice of.
  __device__ static Index result() { return block() / slices; }
  /// First channel of this thread; `has()` is false where there is none.
  __device__ static int column() { return (static_cast<int>(block() % slices) * lanes + thread() % lanes) * pack; }
  __device__ static bool has() { return column() < stride; }
  __device__ static int team() { return thread() / lanes; }
  /// Whether this thread writes what its column came to.
  __device__ static bool writes() { return team() == 0 && has(); }

  /// `start` with read(k) for first <= k < last by op(into, other), in a fixed order; `start` is neutral. The same in all teams.
  /// All threads of the block call it.
  template <class V, class Read, class Op>
  __device__ static V fold(Index first, Index last, const V& start, const Read& read, const Op& op) {
    static_assert(sizeof(V) <= 16);
    struct Shared {
      V at[threads];
    };
    V mine = start;
    if (has())
      for (Index k = first + team(); k < last; k += ahead * teams) {
        V next[ahead];
#pragma unroll
        for (int j = 0; j < ahead; ++j) next[j] = k + j * teams < last ? read(k + j * teams) : start;
#pragma unroll
        for (int j = 0; j < ahead; ++j) op(mine, next[j]);
      }
    V* const shared = shared_memory<Shared>().at;
    shared[thread()] = mine;
    barrier();
    V all = shared[thread() % lanes];
    for (int t = 1; t < teams; ++t) op(all, shared[t * lanes + thread() % lanes]);
    barrier();
    return all;
  }
  /// Sums of packs.
  template <class Read> __device__ static PackOf<T> sum(Index first, Index last, const Read& read) {
    return fold(first, last, PackOf<T>{}, read, [](PackOf<T>& into, const PackOf<T>& other) {
#pragma unroll
      for (int i = 0; i < pack; ++i) into.at[i] += other.at[i];
    });
  }
};

} // namespace pleat::inline v0_1::cuda
