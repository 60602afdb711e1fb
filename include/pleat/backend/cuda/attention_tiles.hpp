#pragma once
/// \file  What the kernels of attention share: which rows a block has, their tiles in shared memory, and rotary positions.

#include <algorithm>
#include <bit>
#include <cstdint>
#include <type_traits>
#include <vector>

#include <pleat/backend/cuda/segments.hpp>
#include <pleat/backend/cuda/tuning.hpp>

namespace pleat::inline v0_1::cuda {

/// The first tile (of `Rows` rows) of each sequence: what finds a block its sequence. (sequences + 1), made by the host.
struct AttentionTiles {
  const std::int32_t* first;
  Index count;
};
template <int Rows> AttentionTiles attention_tiles(const Cuda& cuda, const Index* offsets, Index sequences) {
  std::vector<std::int32_t> first(static_cast<std::size_t>(sequences) + 1);
  for (Index s = 0; s < sequences; ++s)
    first[static_cast<std::size_t>(s) + 1] =
        first[static_cast<std::size_t>(s)] + static_cast<std::int32_t>((offsets[s + 1] - offsets[s] + Rows - 1) / Rows);
  // The bound depends on row and sequence counts only, so that one graph serves all batches of these; blocks beyond return.
  return {cuda.stream->send(first.data(), sequences + 1, capacity_of(sequences) + 1),
          capacity_of(offsets[sequences]) / Rows + capacity_of(sequences)};
}

/// Where a block stands: its sequence's rows and its tile of them. `length` 0: nothing to do.
struct AttentionPlace {
  Index begin = 0, length = 0, tile = 0, head = 0;
  __device__ static AttentionPlace of(const Index* offsets, const std::int32_t* first, Index sequences, Index heads) {
    const Index number = block() / heads;
    if (number >= first[sequences]) return {};
    const Index s = sequence_of(first, sequences, number);
    return {offsets[s], offsets[s + 1] - offsets[s], number - first[s], block() % heads};
  }
};

/// A tile of rows of one head, turned to their positions, in shared memory; rows beyond the sequence are zero.
template <class A, int Rows, int Dim> struct AttentionTile {
  A at[Rows][Dim + 1]; // one more, so that threads of a warp do not meet in a bank
};

/// The pair (c, c + Dim / 2) of a row turned by the angle position 10000^(-2c / Dim).
template <class A> __device__ void rotate_pair(A& first, A& second, A cosine, A sine) {
  const A a = first, b = second;
  first = a * cosine - b * sine, second = b * cosine + a * sine;
}
// The turns of all positions (positions, Dim), once for all tiles that read them: cosines, then sines. A thread has one channel
// of so many positions, exact in the first and turned on from there, in double: where that is slow, this is what takes time.
// Bytes a position: Dim numbers.
inline constexpr Index turned_positions = 32;
template <class A, int Dim> __global__ void __launch_bounds__(256) rotary_turns(A* turns, Index positions) {
  constexpr int half = Dim / 2;
  const Index i = global_thread(), channel = i % half, from = i / half * turned_positions;
  const double angle = power(10000.0, -2.0 * static_cast<double>(channel) / Dim);
  double sine, cosine, step_sine, step_cosine;
  sine_cosine(static_cast<double>(from) * angle, &sine, &cosine), sine_cosine(angle, &step_sine, &step_cosine);
  for (Index p = from; p < from + turned_positions && p < positions; ++p) {
    turns[p * Dim + channel] = static_cast<A>(cosine), turns[p * Dim + half + channel] = static_cast<A>(sine);
    const double turned = cosine * step_cosine - sine * step_sine;
    sine = sine * step_cosine + cosine * step_sine, cosine = turned;
  }
}
/// Positions of the table of turns for a pass of so many rows: no sequence is longer than all rows together, a table of that size
/// keeps launches the same for one bucket, and tiles that begin within a sequence end within the table.
constexpr Index rotary_positions(Index rows) { return capacity_of(rows) + 128; }
/// Makes it.
template <int Dim, class A> const A* turns_of(const Cuda& cuda, A* to, Index rows) {
  const Index positions = rotary_positions(rows);
  launch(cuda, grid_for((positions + turned_positions - 1) / turned_positions * (Dim / 2)), rotary_turns<A, Dim>, to, positions);
  return to;
}

// Rows [from, from + Rows) of a sequence, scaled, and turned where `turns` is not null.
template <int Threads, class T, class A, int Rows, int Dim>
__device__ void load_tile(AttentionTile<A, Rows, Dim>& tile, const T* rows, Index stride, Index from, Index length,
                          std::type_identity_t<A> scale, const std::type_identity_t<A>* turns) {
  constexpr int half = Dim / 2;
  for (int i = thread(); i < Rows * half; i += Threads) {
    const int r = i / half, c = i % half;
    A first = 0, second = 0;
    if (from + r < length) {
      const T* const row = rows + (from + r) * stride;
      first = static_cast<A>(row[c]) * scale, second = static_cast<A>(row[c + half]) * scale;
      if (turns != nullptr) rotate_pair(first, second, turns[(from + r) * Dim + c], turns[(from + r) * Dim + half + c]);
    }
    tile.at[r][c] = first, tile.at[r][c + half] = second;
  }
}

template <class A, int Dim> __device__ A dot(const A (&a)[Dim + 1], const A (&b)[Dim + 1]) {
  A sum = 0;
#pragma unroll
  for (int d = 0; d < Dim; ++d) sum = fused(a[d], b[d], sum);
  return sum;
}

/// Lanes that share a head of a row.
template <class T, Index Dim> struct RowProduct {
  static constexpr int access = Dim % per_access<T> == 0 ? per_access<T> : 2;
  static constexpr int lanes = (std::min)(warp_size, static_cast<int>(std::bit_ceil(static_cast<unsigned>(Dim / access))));
};
// sum over channels of out dout, for each row and head: what softmax's gradient subtracts. It is of dout as products read it, so
// that what the two have in common cancels. Bytes a row: 2 strides.
template <class T, class Operand, Index Heads, Index Width>
__global__ void __launch_bounds__(256)
    attention_row_products(const T* out, const T* dout, AccumulateOf<T>* products, const Index* row_count) {
  using A = AccumulateOf<T>;
  constexpr Index stride = stride_of(Width), dim = Width / Heads;
  constexpr int access = RowProduct<T, dim>::access, lanes = RowProduct<T, dim>::lanes;
  const Index i = global_thread() / lanes, r = i / Heads, at = r * stride + i % Heads * dim;
  const bool there = r < *row_count;
  A sum = 0;
  for (Index c = thread() % lanes * access; there && c < dim; c += lanes * access) {
    const auto x = load<access>(out + at + c), dx = load<access>(dout + at + c);
#pragma unroll
    for (int k = 0; k < access; ++k) sum = fused(static_cast<A>(x.at[k]), static_cast<A>(rounded<Operand>(dx.at[k])), sum);
  }
  sum = group_sum<lanes>(sum);
  if (there && thread() % lanes == 0) products[i] = sum;
}
/// The same as a call: (rows, Heads).
template <class Operand, Index Heads, Index Width, class T, class A>
void row_products_of(const Cuda& cuda, const T* out, const T* dout, A* products, Index rows) {
  launch(cuda, bucket_grid(rows, Heads * RowProduct<T, Width / Heads>::lanes), attention_row_products<T, Operand, Heads, Width>,
         out, dout, products, cuda.stream->count(rows));
}

} // namespace pleat::inline v0_1::cuda
