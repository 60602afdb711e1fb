#pragma once
/// \file  Attention on tensor cores, backward: two kernels, one with a block for 64 queries by which keys pass, one with a block
/// for 64 keys by which queries pass, so that each gradient is summed by one warp in one order. Weights are made again from the
/// normalisers of the forward, 16 rows at a time.

#include <pleat/backend/cuda/attention_tensor.hpp>

namespace pleat::inline v0_1::cuda {

template <int Dim, int Mine, int Theirs> struct GradientTiles {
  using Sums = SumTile<Mine, Dim>;
  OperandTile<Mine, Dim> mine, mine_too;
  OperandTile<Theirs, Dim> theirs, theirs_too;
  TurnTile<2 * Mine, Theirs, Dim> turns;
  float normalisers[Theirs], products[Theirs]; // of queries that pass by

  __device__ void clear_padding() {
    mine.clear_padding(), mine_too.clear_padding(), theirs.clear_padding(), theirs_too.clear_padding();
  }
};

/// What with_sizes chooses by.
template <int Dim> struct TensorGradient {
  static constexpr TileSizes of(const AttentionSizes& all) { return sizes_of(all.gradient, HeadSizes<Dim>::padded); }
  template <int Mine, int Theirs, int Blocks> static constexpr bool held_by(const Tuning& gpu) {
    return holds(gpu, Blocks, 2 * Mine, sizeof(TensorMemory<GradientTiles<Dim, Mine, Theirs>>));
  }
};

// dq of 64 queries: over all keys, ds = p (dp - product), dq = sum ds k. Bytes: 16 Dim a row and head, keys, values and turns
// once more for each 64 queries of a sequence, from L2; FLOPs: 6 length padded(Dim) a query and head.
template <Index Heads, Index Width, int Mine, int Theirs, int Blocks>
__global__ void __launch_bounds__(2 * Mine, Blocks)
    attention_tensor_query_gradient(const float* q, const float* k, const float* v, const float* log_sum_exp, const float* dout,
                                    const float* products, const float* turns, float* dq, const Index* offsets,
                                    const std::int32_t* first, const Index* sequence_count, bool accumulate) {
  constexpr int dim = static_cast<int>(Width / Heads), threads = 2 * Mine, keys = Theirs;
  using Sizes = HeadSizes<dim>;
  constexpr Index stride = stride_of(Width);
  auto& memory = shared_memory<TensorMemory<GradientTiles<dim, Mine, Theirs>>>();
  auto& tiles = memory.tiles;
  const auto place = AttentionPlace::of(offsets, first, *sequence_count, Heads);
  if (place.length == 0) return; // all threads of the block
  const Index base = place.begin * stride + place.head * dim;
  const int length = static_cast<int>(place.length), from = static_cast<int>(place.tile) * Mine;
  const bool busy = shuffle(from + 16 * warp(), 0) < length; // of a block that ends beyond its sequence, all lanes or none
  const float scale = 1.0f / square_root(static_cast<float>(dim));
  tiles.turns.copy(turns, 0);
  {
    IncomingRows<threads, Mine, dim> rows;
    rows.load_rows(q + base, stride, from, length);
    tiles.clear_padding();
    rows.round_to(tiles.mine, scale, turns + from * dim);
    rows.load_rows(dout + base, stride, from, length);
    rows.round_to(tiles.mine_too, 1.0f, nullptr);
  }
  IncomingRows<threads, keys, dim> next, next_too;
  next.load_rows(k + base, stride, 0, length), next_too.load_rows(v + base, stride, 0, length);
  float normaliser[2], product[2]; // of this lane's row in the upper and in the lower half
#pragma unroll
  for (int h = 0; h < 2; ++h) {
    const Index r = from + 16 * warp() + 8 * h + lane() / 4, at = place.begin + (r < length ? r : length - 1);
    normaliser[h] = log_sum_exp[at * Heads + place.head] * log2_of_e, product[h] = products[at * Heads + place.head];
  }
  barrier();
  const LeftRows<Mine, dim, Sizes::padded <= 64> queries(tiles.mine), slopes_of_out(tiles.mine_too);
  FragmentC sums[Sizes::padded / 8];
  clear(sums);
  for (int key = 0; key < length; key += keys) {
    async_wait();
    barrier(); // the turns are there, the tiles are no longer read
    next.round_to(tiles.theirs, 1.0f, tiles.turns.at), next_too.round_to(tiles.theirs_too, 1.0f, nullptr);
    barrier();
    if (key + keys < length) {
      tiles.turns.copy(turns, key + keys);
      next.load_rows(k + base, stride, key + keys, length), next_too.load_rows(v + base, stride, key + keys, length);
    }
#pragma unroll 1
    for (int row = 0; busy && row < keys; row += 16) {
      FragmentC scores[2], slopes[2];
      queries.times(tiles.theirs, row, scores), slopes_of_out.times(tiles.theirs_too, row, slopes);
#pragma unroll
      for (int n = 0; n < 2; ++n)
#pragma unroll
        for (int i = 0; i < 4; ++i)
          slopes[n].at[i] =
              exponential_of_two(fused(scores[n].at[i], log2_of_e, -normaliser[i / 2])) * (slopes[n].at[i] - product[i / 2]);
      mask_columns(slopes, length - key - row, 0.0f);
      add_rows(sums, rounded_sums(slopes), tiles.theirs, row);
    }
  }
  scale_rows(sums, scale, scale);
  barrier(); // the tiles are no longer read
  memory.sums.store_rows(sums, dq + base + from * stride, stride, length - from, turns + from * dim, accumulate);
}

// dk and dv of 64 keys: over all queries, dv = sum p dout, dk = sum ds q. Products are transposed, so that their sums are the
// left matrices of the next. Bytes: 16 Dim a row and head, queries, dout and turns once more for each 64 keys of a sequence, from
// L2; FLOPs: 8 length padded(Dim) a key and head.
template <Index Heads, Index Width, int Mine, int Theirs, int Blocks>
__global__ void __launch_bounds__(2 * Mine, Blocks)
    attention_tensor_key_gradient(const float* q, const float* k, const float* v, const float* log_sum_exp, const float* dout,
                                  const float* products, const float* turns, float* dk, float* dv, const Index* offsets,
                                  const std::int32_t* first, const Index* sequence_count, bool accumulate_k, bool accumulate_v) {
  constexpr int dim = static_cast<int>(Width / Heads), threads = 2 * Mine, queries = Theirs;
  using Sizes = HeadSizes<dim>;
  constexpr Index stride = stride_of(Width);
  auto& memory = shared_memory<TensorMemory<GradientTiles<dim, Mine, Theirs>>>();
  auto& tiles = memory.tiles;
  const auto place = AttentionPlace::of(offsets, first, *sequence_count, Heads);
  if (place.length == 0) return; // all threads of the block
  const Index base = place.begin * stride + place.head * dim;
  const int length = static_cast<int>(place.length), from = static_cast<int>(place.tile) * Mine;
  const bool busy = shuffle(from + 16 * warp(), 0) < length; // of a block that ends beyond its sequence, all lanes or none
  const float scale = 1.0f / square_root(static_cast<float>(dim));
  tiles.turns.copy(turns, 0);
  {
    IncomingRows<threads, Mine, dim> rows;
    rows.load_rows(k + base, stride, from, length);
    tiles.clear_padding();
    rows.round_to(tiles.mine, 1.0f, turns + from * dim);
    rows.load_rows(v + base, stride, from, length);
    rows.round_to(tiles.mine_too, 1.0f, nullptr);
  }
  IncomingRows<threads, queries, dim> next, next_too;
  float normaliser = 0, product = 0; // of the next query of this thread
  const auto load_next = [&](int query) {
    next.load_rows(q + base, stride, query, length), next_too.load_rows(dout + base, stride, query, length);
    const Index r = query + thread(), at = (place.begin + r) * Heads + place.head;
    if (thread() >= queries) return;
    normaliser = r < length ? log_sum_exp[at] * log2_of_e : INFINITY; // no weight beyond the sequence
    product = r < length ? products[at] : 0;
  };
  load_next(0);
  barrier();
  const LeftRows<Mine, dim, Sizes::padded <= 64> keys(tiles.mine);
  const LeftRows<Mine, dim, Sizes::padded <= 16> values(tiles.mine_too);
  FragmentC key_sums[Sizes::padded / 8], value_sums[Sizes::padded / 8];
  clear(key_sums), clear(value_sums);
  for (int query = 0; query < length; query += queries) {
    async_wait();
    barrier(); // the turns are there, the tiles are no longer read
    next.round_to(tiles.theirs, scale, tiles.turns.at), next_too.round_to(tiles.theirs_too, 1.0f, nullptr);
    if (thread() < queries) tiles.normalisers[thread()] = normaliser, tiles.products[thread()] = product;
    barrier();
    if (query + queries < length) {
      tiles.turns.copy(turns, query + queries);
      load_next(query + queries);
    }
#pragma unroll 1
    for (int row = 0; busy && row < queries; row += 16) {
      FragmentC weights[2], slopes[2];
      keys.times(tiles.theirs, row, weights), values.times(tiles.theirs_too, row, slopes);
#pragma unroll
      for (int n = 0; n < 2; ++n) {
        const int column = row + 8 * n + lane() % 4 * 2;
        const auto normalisers = load<2>(&tiles.normalisers[column]), of_out = load<2>(&tiles.products[column]);
#pragma unroll
        for (int i = 0; i < 4; ++i) {
          weights[n].at[i] = exponential_of_two(fused(weights[n].at[i], log2_of_e, -normalisers.at[i % 2]));
          slopes[n].at[i] = weights[n].at[i] * (slopes[n].at[i] - of_out.at[i % 2]);
        }
      }
      add_rows(value_sums, rounded_sums(weights), tiles.theirs_too, row);
      add_rows(key_sums, rounded_sums(slopes), tiles.theirs, row);
    }
  }
  barrier(); // the tiles are no longer read
  const int rows = length - from;
  if (dk != nullptr) memory.sums.store_rows(key_sums, dk + base + from * stride, stride, rows, turns + from * dim, accumulate_k);
  if (dv != nullptr) memory.sums.store_rows(value_sums, dv + base + from * stride, stride, rows, nullptr, accumulate_v);
}

/// The launches of them.
template <Index Heads, Index Width>
void attention_on_tensor_cores(const Cuda& cuda, const attention_op::Backward<float, Bfloat16>& a) {
  constexpr int dim = static_cast<int>(Width / Heads);
  const Index* const offsets = cuda.stream->view(a.offsets, a.sequences + 1, capacity_of(a.sequences) + 1);
  const Index* const sequences = cuda.stream->count(a.sequences);
  const Index rows = a.offsets[a.sequences], turned_elements = rotary_positions(rows) * dim;
  float* const scratch = cuda.stream->workspace<float>(turned_elements + capacity_of(rows) * Heads);
  float* const products = scratch + turned_elements;
  const auto* const turned = turns_of<dim>(cuda, scratch, rows);
  row_products_of<Bfloat16, Heads, Width>(cuda, a.out, a.dout, products, rows);
  for (const auto& [to, accumulate] :
       {std::pair{a.dq, a.accumulate_q}, std::pair{a.dk, a.accumulate_k}, std::pair{a.dv, a.accumulate_v}})
    if (to != nullptr && !accumulate) clear_tails_of<Width>(cuda, to, rows);
  with_sizes<TensorGradient<dim>>(cuda.stream->capability(), [&]<int Mine, int Theirs, int Blocks>() {
    const auto tiles = attention_tiles<Mine>(cuda, a.offsets, a.sequences);
    const Grid grid{tiles.count * Heads, 2 * Mine, sizeof(TensorMemory<GradientTiles<dim, Mine, Theirs>>)};
    if (a.dq != nullptr)
      launch(cuda, grid, attention_tensor_query_gradient<Heads, Width, Mine, Theirs, Blocks>, a.q, a.k, a.v, a.log_sum_exp,
             a.dout, products, turned, a.dq, offsets, tiles.first, sequences, a.accumulate_q);
    if (a.dk != nullptr || a.dv != nullptr)
      launch(cuda, grid, attention_tensor_key_gradient<Heads, Width, Mine, Theirs, Blocks>, a.q, a.k, a.v, a.log_sum_exp, a.dout,
             products, turned, a.dk, a.dv, offsets, tiles.first, sequences, a.accumulate_k, a.accumulate_v);
  });
}

} // namespace pleat::inline v0_1::cuda
