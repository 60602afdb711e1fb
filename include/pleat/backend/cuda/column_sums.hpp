#pragma once
/// \file  How kernels sum over rows: a block has 32 neighbouring columns, a lane each, and its warps share out the rows.

#include <pleat/backend/cuda/launch.hpp>

namespace pleat::inline v0_1::cuda {

/// Blocks of Warps warps over rows of `Stride` elements; blocks of neighbouring columns follow each other.
template <Index Stride, int Warps> struct ColumnSums {
  static constexpr int threads = Warps * warp_size;
  static constexpr Index slices = (Stride + warp_size - 1) / warp_size;
  /// For so many parts of the rows.
  static constexpr Grid grid(Index parts, Index shared_bytes) { return {parts * slices, threads, shared_bytes}; }
  __device__ static Index part() { return block() / slices; }
  /// The column of this lane; the last block may have lanes without one.
  __device__ static Index column() { return block() % slices * warp_size + lane(); }
  __device__ static bool inside() { return column() < Stride; }

  template <class A> struct Scratch { A at[Warps][warp_size]; };
  /// Sum over the warps for the column of this lane, in their order, the same bits in each warp. All threads of the block call
  /// it.
  template <class A> __device__ static A sum(A mine, Scratch<A>& scratch) {
    scratch.at[warp()][lane()] = mine;
    barrier();
    A all = 0;
#pragma unroll
    for (int w = 0; w < Warps; ++w) all += scratch.at[w][lane()];
    barrier();
    return all;
  }
};

} // namespace pleat::inline v0_1::cuda
