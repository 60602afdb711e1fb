#pragma once
/// \file  Attention on tensor cores, forward: floats are turned and rounded to bfloat16 as they are read, products are summed in
/// float, the softmax is in float (Dao 2023). A block has 128 or 64 queries of one head, each warp 16 of them; keys pass by.

#include <pleat/backend/cuda/attention_operands.hpp>
#include <pleat/backend/cuda/linear.hpp>
#include <pleat/ops/attention.hpp>

namespace pleat::inline v0_1::cuda {

inline constexpr float log2_of_e = 1.44269504f;

template <int Dim, int Mine, int Theirs> struct ForwardTiles {
  using Sums = SumTile<Mine, Dim>;
  OperandTile<Mine, Dim> q;
  OperandTile<Theirs, Dim> k, v;
  TurnTile<2 * Mine, Theirs, Dim> turns;
};

/// What with_sizes chooses by.
template <int Dim> struct TensorForward {
  static constexpr TileSizes of(const AttentionSizes& all) {
    TileSizes sizes = sizes_of(all.forward, HeadSizes<Dim>::padded);
    if (HeadSizes<Dim>::access < 4) sizes.blocks = (std::min)(sizes.blocks, 2); // more loads under way, more registers
    return sizes;
  }
  template <int Mine, int Theirs, int Blocks> static constexpr bool held_by(const Tuning& gpu) {
    return holds(gpu, Blocks, 2 * Mine, sizeof(TensorMemory<ForwardTiles<Dim, Mine, Theirs>>));
  }
};

// A tile of keys of which some are beyond the sequence: these have no weight.
template <int Count> __device__ __forceinline__ void mask_columns(FragmentC (&scores)[Count], Index columns, float value) {
#pragma unroll
  for (int n = 0; n < Count; ++n)
#pragma unroll
    for (int i = 0; i < 4; ++i)
      if (8 * n + lane() % 4 * 2 + i % 2 >= columns) scores[n].at[i] = value;
}

/// The softmax of a lane's rows over the keys so far: one in the upper and one in the lower half of the warp's.
struct RunningSoftmax {
  float most[2] = {-INFINITY, -INFINITY}, total[2] = {0, 0}; ///< `total` is of this lane's keys

  /// Scores become weights; sums of earlier ones shrink where a larger score appears.
  template <int Count, int Channels>
  __device__ __forceinline__ void take(FragmentC (&scores)[Count], FragmentC (&sums)[Channels]) {
    float shrink[2];
#pragma unroll
    for (int h = 0; h < 2; ++h) {
      float larger = most[h];
#pragma unroll
      for (int n = 0; n < Count; ++n) larger = larger_of(larger_of(scores[n].at[2 * h], scores[n].at[2 * h + 1]), larger);
      larger = group_max<4>(larger);
      shrink[h] = exponential_of_two((most[h] - larger) * log2_of_e), most[h] = larger, total[h] *= shrink[h];
#pragma unroll
      for (int n = 0; n < Count; ++n)
#pragma unroll
        for (int i = 2 * h; i < 2 * h + 2; ++i) {
          scores[n].at[i] = exponential_of_two(fused(scores[n].at[i], log2_of_e, -larger * log2_of_e));
          total[h] += scores[n].at[i];
        }
    }
    scale_rows(sums, shrink[0], shrink[1]);
  }
};

// Bytes: 16 Dim a row and head, keys and values (and the turns of keys) once more for each 128 queries of a sequence (64 of wide
// heads), from L2; FLOPs: 4 length padded(Dim) a query and head.
template <Index Heads, Index Width, int Mine, int Theirs, int Blocks>
__global__ void __launch_bounds__(2 * Mine, Blocks)
    attention_tensor_forward(const float* q, const float* k, const float* v, float* out, float* log_sum_exp, const float* turns,
                             const Index* offsets, const std::int32_t* first, const Index* sequence_count) {
  constexpr int dim = static_cast<int>(Width / Heads), threads = 2 * Mine, keys = Theirs;
  using Sizes = HeadSizes<dim>;
  constexpr Index stride = stride_of(Width);
  auto& memory = shared_memory<TensorMemory<ForwardTiles<dim, Mine, Theirs>>>();
  auto& tiles = memory.tiles;
  const auto place = AttentionPlace::of(offsets, first, *sequence_count, Heads);
  if (place.length == 0) return; // all threads of the block
  const int begin = static_cast<int>(place.begin), head = static_cast<int>(place.head);
  const Index base = begin * stride + head * dim;
  const int length = static_cast<int>(place.length), from = static_cast<int>(place.tile) * Mine;
  const bool busy = shuffle(from + 16 * warp(), 0) < length; // of a block that ends beyond its sequence, all lanes or none
  IncomingRows<threads, keys, dim> next;
  {
    IncomingRows<threads, Mine, dim> rows;
    rows.load_rows(q + base, stride, from, length);
    next.load_rows(k + base, stride, 0, length);
    tiles.q.clear_padding(), tiles.k.clear_padding(), tiles.v.clear_padding();
    rows.round_to(tiles.q, 1.0f / square_root(static_cast<float>(dim)), turns + from * dim);
  }
  next.round_to(tiles.k, 1.0f, turns);
  barrier();
  const LeftRows<Mine, dim, Sizes::padded <= 16> queries(tiles.q);
  FragmentC sums[Sizes::padded / 8];
  clear(sums);
  RunningSoftmax softmax;
  for (int key = 0;; key += keys) {
    // These keys are there, the values before are no longer read.
    const bool more = key + keys < length;
    next.load_rows(v + base, stride, key, length);
    if (more) tiles.turns.copy(turns, key + keys);
    FragmentC scores[keys / 8];
    if (busy) queries.times(tiles.k, 0, scores);
    next.round_to(tiles.v, 1.0f, nullptr);
    async_wait();
    barrier(); // the values and the next turns are there, the keys are no longer read
    FragmentA weights[keys / 16];
    if (busy) {
      if (!more) mask_columns(scores, length - key, -INFINITY);
      softmax.take(scores, sums);
#pragma unroll
      for (int n = 0; n < keys / 16; ++n) weights[n] = rounded_sums(scores + 2 * n);
    }
    if (more) next.load_rows(k + base, stride, key + keys, length);
    if (busy)
#pragma unroll
      for (int n = 0; n < keys / 16; ++n) add_rows(sums, weights[n], tiles.v, 16 * n);
    if (!more) break;
    next.round_to(tiles.k, 1.0f, tiles.turns.at);
    barrier();
  }
#pragma unroll
  for (int h = 0; h < 2; ++h) {
    const float total = group_sum<4>(softmax.total[h]);
    const int r = from + 16 * warp() + 8 * h + lane() / 4;
    if (log_sum_exp != nullptr && lane() % 4 == 0 && r < length)
      log_sum_exp[(begin + r) * Heads + head] = softmax.most[h] + logarithm(total);
    softmax.total[h] = total;
  }
  scale_rows(sums, 1.0f / softmax.total[0], 1.0f / softmax.total[1]);
  barrier(); // the tiles are no longer read
  memory.sums.store_rows(sums, out + base + from * stride, stride, length - from, nullptr, false);
}

/// The launches of it.
template <Index Heads, Index Width>
void attention_on_tensor_cores(const Cuda& cuda, const attention_op::Forward<float, Bfloat16>& a) {
  constexpr int dim = static_cast<int>(Width / Heads);
  const Index* const offsets = cuda.stream->view(a.offsets, a.sequences + 1, capacity_of(a.sequences) + 1);
  const Index rows = a.offsets[a.sequences];
  clear_tails_of<Width>(cuda, a.out, rows);
  const float* const turns = turns_of<dim>(cuda, cuda.stream->workspace<float>(rotary_positions(rows) * dim), rows);
  with_sizes<TensorForward<dim>>(cuda.stream->capability(), [&]<int Mine, int Theirs, int Blocks>() {
    const auto tiles = attention_tiles<Mine>(cuda, a.offsets, a.sequences);
    launch(cuda, {tiles.count * Heads, 2 * Mine, sizeof(TensorMemory<ForwardTiles<dim, Mine, Theirs>>)},
           attention_tensor_forward<Heads, Width, Mine, Theirs, Blocks>, a.q, a.k, a.v, a.out, a.log_sum_exp, turns, offsets,
           tiles.first, cuda.stream->count(a.sequences));
  });
}

} // namespace pleat::inline v0_1::cuda
