#pragma once
/// \file  Tiles of bfloat16 of attention on tensor cores: rows of floats come by way of registers, where they are turned and
/// rounded, matrix units read the tiles, and sums go back to rows of floats.
///
/// Rows are floats in memory, so a tile cannot be copied to where matrix units read it. Its floats are loaded to registers while
/// the products of the tile before run, then turned, rounded and stored once: staging floats in shared memory by asynchronous
/// copies would move twice as many bytes more through it, which is what these kernels have least of. Only the turns of the next
/// tile, which are read as they are, come by asynchronous copies. (Rounding all rows beforehand would save turning them again for
/// each block, for 12 bytes a channel of memory written and read more and scratch for all rows: what short sequences are bound
/// by.)

#include <algorithm>
#include <bit>

#include <pleat/backend/cuda/attention_tiles.hpp>

namespace pleat::inline v0_1::cuda {

/// Sizes that follow from the width of a head. A block has rows of its own, 16 for each of its warps; others pass by
/// (tuning.hpp).
template <int Dim> struct HeadSizes {
  static constexpr int half = Dim / 2;
  static constexpr int padded = (Dim + 15) / 16 * 16, steps = padded / 16; ///< products take 16 channels at a time
  static constexpr int access = half % 4 == 0 ? 4 : half % 2 == 0 ? 2 : 1; ///< channels of a load: heads begin at multiples of it
};

/// Rows of one head, rounded, in shared memory.
template <int Rows, int Dim> struct OperandTile {
  using Sizes = HeadSizes<Dim>;
  alignas(16) Bfloat16 at[Rows][Sizes::padded + 8]; // 16 bytes times an odd number, so that 8 rows do not meet in a bank

  /// Zeros in the channels beyond the head.
  __device__ void clear_padding() {
    constexpr int padding = Sizes::padded - Dim;
    if constexpr (padding > 0)
      for (int i = thread(); i < Rows * padding; i += threads()) at[i / padding][Dim + i % padding] = Bfloat16();
  }
  /// 16 rows and 16 channels as the left matrix of a product.
  __device__ __forceinline__ FragmentA left(int row, int channel) const {
    return load_matrices<4>(&at[row + lane() % 16][channel + lane() / 16 * 8]);
  }
  /// 16 rows and 16 channels as the right matrix of a product that sums over channels: two fragments, each of 8 rows.
  __device__ __forceinline__ Matrices<4> columns(int row, int channel) const {
    return load_matrices<4>(&at[row + lane() / 16 * 8 + lane() % 8][channel + lane() / 8 % 2 * 8]);
  }
  /// ... that sums over rows: two fragments, each of 8 channels.
  __device__ __forceinline__ Matrices<4> upright(int row, int channel) const {
    return load_matrices<4, true>(&at[row + lane() % 16][channel + lane() / 16 * 8]);
  }
};

// c[0], c[1] += a times the two fragments of b.
__device__ __forceinline__ void multiply(FragmentC* c, const FragmentA& a, const Matrices<4>& b) {
  mma(c[0], a, FragmentB{{b.at[0], b.at[1]}});
  mma(c[1], a, FragmentB{{b.at[2], b.at[3]}});
}
/// sums (16, padded) += weights (16, 16) times 16 rows of a tile.
template <int Rows, int Dim>
__device__ __forceinline__ void add_rows(FragmentC (&sums)[HeadSizes<Dim>::padded / 8], const FragmentA& weights,
                                         const OperandTile<Rows, Dim>& tile, int row) {
#pragma unroll
  for (int s = 0; s < HeadSizes<Dim>::steps; ++s) multiply(sums + 2 * s, weights, tile.upright(row, 16 * s));
}
/// Sums (16, 16), rounded, as the left matrix of the next product: they lie in the same lanes.
__device__ __forceinline__ FragmentA rounded_sums(const FragmentC* sums) {
  return {{pack(sums[0].at[0], sums[0].at[1]), pack(sums[0].at[2], sums[0].at[3]), pack(sums[1].at[0], sums[1].at[1]),
           pack(sums[1].at[2], sums[1].at[3])}};
}
template <int Count> __device__ __forceinline__ void clear(FragmentC (&sums)[Count]) {
#pragma unroll
  for (int n = 0; n < Count; ++n) sums[n] = {{0, 0, 0, 0}};
}
/// Multiplies rows of sums: those of this lane in the upper and in the lower half.
template <int Count> __device__ __forceinline__ void scale_rows(FragmentC (&sums)[Count], float upper, float lower) {
#pragma unroll
  for (int n = 0; n < Count; ++n) sums[n].at[0] *= upper, sums[n].at[1] *= upper, sums[n].at[2] *= lower, sums[n].at[3] *= lower;
}

/// The 16 rows of a warp as left matrices, in registers where there is room.
template <int Mine, int Dim, bool Kept> struct LeftRows {
  using Sizes = HeadSizes<Dim>;
  FragmentA fragments[Kept ? Sizes::steps : 1];
  const OperandTile<Mine, Dim>& tile;
  __device__ __forceinline__ explicit LeftRows(const OperandTile<Mine, Dim>& from) : tile(from) {
    if constexpr (Kept)
#pragma unroll
      for (int s = 0; s < Sizes::steps; ++s) fragments[s] = tile.left(16 * warp(), 16 * s);
  }
  __device__ __forceinline__ FragmentA at(int s) const {
    if constexpr (Kept)
      return fragments[s];
    else
      return tile.left(16 * warp(), 16 * s);
  }
  /// Products (16, Columns) with rows of a tile.
  template <int Rows, int Count>
  __device__ __forceinline__ void times(const OperandTile<Rows, Dim>& theirs, int row, FragmentC (&products)[Count]) const {
    clear(products);
#pragma unroll
    for (int s = 0; s < Sizes::steps; ++s) {
      const FragmentA mine = at(s);
#pragma unroll
      for (int n = 0; n < Count / 2; ++n) multiply(products + 2 * n, mine, theirs.columns(row + 16 * n, 16 * s));
    }
  }
};

/// Rows on their way from memory to a tile. A thread has channels c and c + half, which turn together, of every so many rows.
template <int Threads, int Rows, int Dim> struct IncomingRows {
  using Sizes = HeadSizes<Dim>;
  static constexpr int half = Sizes::half, access = Sizes::access;
  static constexpr int lanes = (std::max)(static_cast<int>(std::bit_ceil(static_cast<unsigned>(half / access))), Threads / Rows);
  static constexpr int at_once = Threads / lanes, count = Rows / at_once;
  static_assert(count * at_once == Rows);
  Pack<float, access> first[count], second[count];

  __device__ static int row() { return thread() / lanes; }
  __device__ static int channel() { return thread() % lanes * access; }

  /// Begins to load rows [from, from + Rows) of a sequence; those beyond its length are zero.
  __device__ __forceinline__ void load_rows(const float* rows, Index stride, int from, int length) {
    const float* const at = rows + (from + row()) * stride + channel();
#pragma unroll
    for (int t = 0; t < count; ++t)
      if (channel() < half && from + row() + t * at_once < length) {
        first[t] = load<access>(at + t * at_once * stride), second[t] = load<access>(at + t * at_once * stride + half);
      } else {
#pragma unroll
        for (int k = 0; k < access; ++k) first[t].at[k] = 0, second[t].at[k] = 0;
      }
  }
  /// Scales, turns where `turns` (of these rows) is not null, rounds and stores them.
  __device__ __forceinline__ void round_to(OperandTile<Rows, Dim>& tile, float scale, const float* turns) {
    if (channel() >= half) return;
#pragma unroll
    for (int t = 0; t < count; ++t) {
      const int r = row() + t * at_once;
#pragma unroll
      for (int k = 0; k < access; ++k) first[t].at[k] *= scale, second[t].at[k] *= scale;
      if (turns != nullptr) {
        const auto cosines = load<access>(turns + r * Dim + channel()), sines = load<access>(turns + r * Dim + half + channel());
#pragma unroll
        for (int k = 0; k < access; ++k) rotate_pair(first[t].at[k], second[t].at[k], cosines.at[k], sines.at[k]);
      }
      store_rounded(&tile.at[r][channel()], first[t]), store_rounded(&tile.at[r][channel() + half], second[t]);
    }
  }
};

/// The turns of a tile of rows, in shared memory.
template <int Threads, int Rows, int Dim> struct TurnTile {
  static_assert(Rows % 4 == 0);
  alignas(16) float at[Rows * Dim];
  /// Begins to copy them from the table of all positions; they are there after async_wait and a barrier.
  __device__ __forceinline__ void copy(const float* turns, int from) {
    constexpr int all = Rows * Dim / 4;
    const float* const source = turns + static_cast<Index>(from) * Dim + 4 * thread();
#pragma unroll
    for (int i = 0; i < all; i += Threads)
      if (i + Threads <= all || i + thread() < all) async_copy(&at[4 * (i + thread())], source + 4 * i);
    async_commit();
  }
};

/// Sums of the rows of a block, in shared memory on their way to rows in memory.
template <int Mine, int Dim> struct SumTile {
  using Sizes = HeadSizes<Dim>;
  float at[Mine][Sizes::padded + 8];

  /// Writes the sums of a warp to the first `rows` rows of the block, or adds them; turned back where `turns` (of these rows) is
  /// not null.
  __device__ void store_rows(const FragmentC (&sums)[Sizes::padded / 8], float* to, Index stride, int rows, const float* turns,
                             bool accumulate) {
    constexpr int half = Sizes::half, access = Sizes::access, each = half / access;
    const int top = 16 * warp();
    warp_barrier(); // what was stored before is read
#pragma unroll
    for (int n = 0; n < Sizes::padded / 8; ++n)
#pragma unroll
      for (int h = 0; h < 2; ++h)
        store(&at[top + 8 * h + lane() / 4][8 * n + lane() % 4 * 2], Pack<float, 2>{{sums[n].at[2 * h], sums[n].at[2 * h + 1]}});
    warp_barrier();
    for (int i = lane(); i < 16 * each; i += warp_size) {
      const int r = top + i / each, c = i % each * access;
      if (r >= rows) break;
      auto first = load<access>(&at[r][c]), second = load<access>(&at[r][c + half]);
      float* const row = to + r * stride + c;
      if (turns != nullptr) {
        const auto cosines = load<access>(turns + r * Dim + c), sines = load<access>(turns + r * Dim + half + c);
#pragma unroll
        for (int k = 0; k < access; ++k) rotate_pair(first.at[k], second.at[k], cosines.at[k], -sines.at[k]);
      }
      if (accumulate) {
        const auto before = load<access>(row), before_too = load<access>(row + half);
#pragma unroll
        for (int k = 0; k < access; ++k) first.at[k] += before.at[k], second.at[k] += before_too.at[k];
      }
      store(row, first), store(row + half, second);
    }
  }
};

/// What a block keeps in shared memory: tiles, and in their place sums at the end.
template <class Tiles> union TensorMemory {
  Tiles tiles;
  typename Tiles::Sums sums;
};

} // namespace pleat::inline v0_1::cuda
