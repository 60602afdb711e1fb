#pragma once
/// \file  Exact softmax attention with rotary positions over ragged sequences on CUDA: tiles of keys pass by a tile of queries,
/// whose sums are rescaled as larger scores appear (Milakov, Gimelshein 2018; Dao et al. 2022), so that memory is linear in
/// length. A block has some queries of one head (tuning.hpp); two neighbouring threads share a row.

#include <pleat/backend/cuda/attention_tensor.hpp>
#include <pleat/backend/cuda/attention_tensor_gradient.hpp>
#include <pleat/ops/attention.hpp>

namespace pleat::inline v0_1 {

namespace cuda {

template <class A, int Dim, int Mine, int Theirs> struct AttentionForwardMemory {
  AttentionTile<A, Mine, Dim> q;
  AttentionTile<A, Theirs, Dim> k, v;
  A weights[Mine][Theirs + 1];
};
template <class A, int Dim, int Mine, int Theirs> struct AttentionQueryMemory {
  AttentionTile<A, Mine, Dim> mine, mine_too;
  AttentionTile<A, Theirs, Dim> theirs, theirs_too;
  A slopes[Mine][Theirs + 1];
};
template <class A, int Dim, int Mine, int Theirs> struct AttentionKeyMemory : AttentionQueryMemory<A, Dim, Mine, Theirs> {
  A weights[Mine][Theirs + 1];
};

/// What with_sizes chooses by.
template <class A, int Dim> struct AttentionKernels {
  static constexpr TileSizes of(const AttentionSizes& all) {
    if constexpr (std::is_same_v<A, double>)
      return sizes_of(all.doubles, Dim);
    else
      return sizes_of(all.floats, Dim);
  }
  template <int Mine, int Theirs, int Blocks> static constexpr bool held_by(const Tuning& gpu) {
    return holds(gpu, Blocks, 2 * Mine, sizeof(AttentionQueryMemory<A, Dim, Mine, Theirs>)) &&
           holds(gpu, 1, 2 * Mine, sizeof(AttentionForwardMemory<A, Dim, Mine, Theirs>)) &&
           holds(gpu, 1, 2 * Mine, sizeof(AttentionKeyMemory<A, Dim, Mine, Theirs>));
  }
};

// FLOPs: 4 length Dim a query and head.
template <class T, Index Heads, Index Width, int Mine, int Theirs>
__global__ void __launch_bounds__(2 * Mine)
    attention_forward(const T* q, const T* k, const T* v, T* out, T* log_sum_exp, const AccumulateOf<T>* turns,
                      const Index* offsets, const std::int32_t* first, const Index* sequence_count) {
  const Index sequences = *sequence_count;
  using A = AccumulateOf<T>;
  constexpr int dim = static_cast<int>(Width / Heads), half = dim / 2;
  constexpr Index stride = stride_of(Width);
  auto& memory = shared_memory<AttentionForwardMemory<A, dim, Mine, Theirs>>();
  const auto place = AttentionPlace::of(offsets, first, sequences, Heads);
  if (place.length == 0) return; // all threads of the block
  const Index base = place.begin * stride + place.head * dim, from = place.tile * Mine;
  load_tile<2 * Mine>(memory.q, q + base, stride, from, place.length, A(1) / square_root(A(dim)), turns);
  const int row = thread() / 2, side = thread() % 2; // a thread has the channels [side half, side half + half) of its row
  A sums[half], most = -INFINITY, total = 0;
#pragma unroll
  for (int d = 0; d < half; ++d) sums[d] = 0;
  for (Index key = 0; key < place.length; key += Theirs) {
    barrier(); // the tiles before are no longer read
    load_tile<2 * Mine>(memory.k, k + base, stride, key, place.length, A(1), turns);
    load_tile<2 * Mine>(memory.v, v + base, stride, key, place.length, A(1), nullptr);
    barrier();
    const int keys = place.length - key < Theirs ? static_cast<int>(place.length - key) : Theirs;
    A tile_most = -INFINITY;
    for (int j = side; j < keys; j += 2) {
      const A score = dot<A, dim>(memory.q.at[row], memory.k.at[j]);
      memory.weights[row][j] = score;
      tile_most = score > tile_most ? score : tile_most;
    }
    tile_most = group_max<2>(tile_most);
    const A next = tile_most > most ? tile_most : most, shrink = exponential(most - next);
    A tile_total = 0;
    for (int j = side; j < keys; j += 2) {
      const A weight = exponential(memory.weights[row][j] - next);
      memory.weights[row][j] = weight, tile_total += weight;
    }
    total = total * shrink + group_sum<2>(tile_total), most = next;
    warp_barrier(); // the other half of the row's weights is there
#pragma unroll
    for (int d = 0; d < half; ++d) sums[d] *= shrink;
    for (int j = 0; j < keys; ++j) {
      const A weight = memory.weights[row][j];
#pragma unroll
      for (int d = 0; d < half; ++d) sums[d] = fused(weight, memory.v.at[j][side * half + d], sums[d]);
    }
  }
  const Index r = from + row;
  if (r >= place.length) return;
  T* const to = out + base + r * stride + side * half;
#pragma unroll
  for (int d = 0; d < half; ++d) to[d] = static_cast<T>(sums[d] / total);
  if (log_sum_exp != nullptr && side == 0)
    log_sum_exp[(place.begin + r) * Heads + place.head] = static_cast<T>(most + logarithm(total));
}

// Writes a thread's half of a row's gradient, turned back from the turns of its position: its partner has the other channel of
// each pair.
template <class T, class A, int Dim>
__device__ void store_turned(T* to, const A (&mine)[Dim / 2], const A* turns, int side, A scale, bool accumulate) {
#pragma unroll
  for (int c = 0; c < Dim / 2; ++c) {
    const A other = shuffle_xor(mine[c], 1);
    A first = side == 0 ? mine[c] : other, second = side == 0 ? other : mine[c];
    rotate_pair(first, second, turns[c], -turns[c + Dim / 2]);
    const A value = scale * (side == 0 ? first : second);
    if (to != nullptr) {
      T& place = to[side * (Dim / 2) + c];
      place = static_cast<T>(accumulate ? static_cast<A>(place) + value : value);
    }
  }
}

// dq of a tile of queries: over all keys, ds = p (dp - product), dq = sum ds k. FLOPs: 6 length Dim a query and head.
template <class T, Index Heads, Index Width, int Mine, int Theirs, int Blocks>
__global__ void __launch_bounds__(2 * Mine, Blocks)
    attention_query_gradient(const T* q, const T* k, const T* v, const T* log_sum_exp, const T* dout,
                             const AccumulateOf<T>* products, const AccumulateOf<T>* turns, T* dq, const Index* offsets,
                             const std::int32_t* first, const Index* sequence_count, bool accumulate) {
  const Index sequences = *sequence_count;
  using A = AccumulateOf<T>;
  constexpr int dim = static_cast<int>(Width / Heads), half = dim / 2;
  constexpr Index stride = stride_of(Width);
  auto& memory = shared_memory<AttentionQueryMemory<A, dim, Mine, Theirs>>();
  const auto place = AttentionPlace::of(offsets, first, sequences, Heads);
  if (place.length == 0) return;
  const Index base = place.begin * stride + place.head * dim, from = place.tile * Mine;
  const A scale = A(1) / square_root(A(dim));
  load_tile<2 * Mine>(memory.mine, q + base, stride, from, place.length, scale, turns);
  load_tile<2 * Mine>(memory.mine_too, dout + base, stride, from, place.length, A(1), nullptr);
  const int row = thread() / 2, side = thread() % 2;
  const Index r = from + row < place.length ? from + row : place.length - 1, at = (place.begin + r) * Heads + place.head;
  const A normaliser = static_cast<A>(log_sum_exp[at]), product = products[at];
  A sums[half];
#pragma unroll
  for (int d = 0; d < half; ++d) sums[d] = 0;
  for (Index key = 0; key < place.length; key += Theirs) {
    barrier();
    load_tile<2 * Mine>(memory.theirs, k + base, stride, key, place.length, A(1), turns);
    load_tile<2 * Mine>(memory.theirs_too, v + base, stride, key, place.length, A(1), nullptr);
    barrier();
    const int keys = place.length - key < Theirs ? static_cast<int>(place.length - key) : Theirs;
    for (int j = side; j < keys; j += 2) {
      const A weight = exponential(dot<A, dim>(memory.mine.at[row], memory.theirs.at[j]) - normaliser);
      memory.slopes[row][j] = weight * (dot<A, dim>(memory.mine_too.at[row], memory.theirs_too.at[j]) - product);
    }
    warp_barrier();
    for (int j = 0; j < keys; ++j) {
      const A slope = memory.slopes[row][j];
#pragma unroll
      for (int d = 0; d < half; ++d) sums[d] = fused(slope, memory.theirs.at[j][side * half + d], sums[d]);
    }
  }
  T* const to = from + row < place.length ? dq + base + (from + row) * stride : nullptr;
  store_turned<T, A, dim>(to, sums, turns + r * dim, side, scale, accumulate);
}

// dk and dv of a tile of keys: over all queries. FLOPs: 8 length Dim a key and head.
template <class T, Index Heads, Index Width, int Mine, int Theirs>
__global__ void __launch_bounds__(2 * Mine)
    attention_key_gradient(const T* q, const T* k, const T* v, const T* log_sum_exp, const T* dout,
                           const AccumulateOf<T>* products, const AccumulateOf<T>* turns, T* dk, T* dv, const Index* offsets,
                           const std::int32_t* first, const Index* sequence_count, bool accumulate_k, bool accumulate_v) {
  const Index sequences = *sequence_count;
  using A = AccumulateOf<T>;
  constexpr int dim = static_cast<int>(Width / Heads), half = dim / 2;
  constexpr Index stride = stride_of(Width);
  auto& memory = shared_memory<AttentionKeyMemory<A, dim, Mine, Theirs>>();
  const auto place = AttentionPlace::of(offsets, first, sequences, Heads);
  if (place.length == 0) return;
  const Index base = place.begin * stride + place.head * dim, from = place.tile * Mine;
  const A scale = A(1) / square_root(A(dim));
  load_tile<2 * Mine>(memory.mine, k + base, stride, from, place.length, A(1), turns);
  load_tile<2 * Mine>(memory.mine_too, v + base, stride, from, place.length, A(1), nullptr);
  const int row = thread() / 2, side = thread() % 2;
  A key_sums[half], value_sums[half];
#pragma unroll
  for (int d = 0; d < half; ++d) key_sums[d] = 0, value_sums[d] = 0;
  for (Index query = 0; query < place.length; query += Theirs) {
    barrier();
    load_tile<2 * Mine>(memory.theirs, q + base, stride, query, place.length, scale, turns);
    load_tile<2 * Mine>(memory.theirs_too, dout + base, stride, query, place.length, A(1), nullptr);
    barrier();
    const int queries = place.length - query < Theirs ? static_cast<int>(place.length - query) : Theirs;
    for (int i = side; i < queries; i += 2) {
      const Index at = (place.begin + query + i) * Heads + place.head;
      const A weight = exponential(dot<A, dim>(memory.mine.at[row], memory.theirs.at[i]) - static_cast<A>(log_sum_exp[at]));
      memory.weights[row][i] = weight;
      memory.slopes[row][i] = weight * (dot<A, dim>(memory.mine_too.at[row], memory.theirs_too.at[i]) - products[at]);
    }
    warp_barrier();
    for (int i = 0; i < queries; ++i) {
      const A weight = memory.weights[row][i], slope = memory.slopes[row][i];
#pragma unroll
      for (int d = 0; d < half; ++d) {
        value_sums[d] = fused(weight, memory.theirs_too.at[i][side * half + d], value_sums[d]);
        key_sums[d] = fused(slope, memory.theirs.at[i][side * half + d], key_sums[d]);
      }
    }
  }
  const bool mine = from + row < place.length;
  store_turned<T, A, dim>(mine && dk != nullptr ? dk + base + (from + row) * stride : nullptr, key_sums,
                          turns + (mine ? from + row : from) * dim, side, A(1), accumulate_k);
  if (!mine || dv == nullptr) return;
  T* const to = dv + base + (from + row) * stride + side * half;
#pragma unroll
  for (int d = 0; d < half; ++d) to[d] = static_cast<T>(accumulate_v ? static_cast<A>(to[d]) + value_sums[d] : value_sums[d]);
}

} // namespace cuda

template <> struct kernel<attention_op, Cuda> {
  template <Index Heads, Index Width> struct At {
    static_assert(Width / Heads % 2 == 0, "pleat: rotary positions turn pairs of channels; choose heads of even width.");
    static constexpr int dim = static_cast<int>(Width / Heads);

    /// Heads that tensor cores multiply. Wider ones are multiplied in float, and so are the floats of Tf32: what they are rounded
    /// for is products of layers.
    template <class Operand> static constexpr bool on_tensor_cores = dim <= 128 && std::is_same_v<Operand, Bfloat16>;

    template <class T, class Operand> static void forward(const Cuda& cuda, const attention_op::Forward<T, Operand>& a) {
      if constexpr (on_tensor_cores<Operand>)
        cuda::attention_on_tensor_cores<Heads, Width>(cuda, a);
      else
        forward_as_they_are<T>(cuda, a);
    }
    template <class T, class Operand> static void backward(const Cuda& cuda, const attention_op::Backward<T, Operand>& a) {
      if constexpr (on_tensor_cores<Operand>)
        cuda::attention_on_tensor_cores<Heads, Width>(cuda, a);
      else
        backward_as_they_are<T>(cuda, a);
    }

  private:
    template <class T, class Arguments> static void forward_as_they_are(const Cuda& cuda, const Arguments& a) {
      using A = cuda::AccumulateOf<T>;
      const Index* const offsets = cuda.stream->view(a.offsets, a.sequences + 1, capacity_of(a.sequences) + 1);
      const Index rows = a.offsets[a.sequences];
      cuda::clear_tails_of<Width>(cuda, a.out, rows);
      const A* const turns = cuda::turns_of<dim>(cuda, cuda.stream->workspace<A>(cuda::rotary_positions(rows) * dim), rows);
      const auto launch_tiles = [&]<int Mine, int Theirs, int Blocks>() {
        const auto tiles = cuda::attention_tiles<Mine>(cuda, a.offsets, a.sequences);
        cuda::launch(cuda, {tiles.count * Heads, 2 * Mine, sizeof(cuda::AttentionForwardMemory<A, dim, Mine, Theirs>)},
                     cuda::attention_forward<T, Heads, Width, Mine, Theirs>, a.q, a.k, a.v, a.out, a.log_sum_exp, turns, offsets,
                     tiles.first, cuda.stream->count(a.sequences));
      };
      cuda::with_sizes<cuda::AttentionKernels<A, dim>>(cuda.stream->capability(), launch_tiles);
    }
    template <class T, class Arguments> static void backward_as_they_are(const Cuda& cuda, const Arguments& a) {
      using A = cuda::AccumulateOf<T>;
      const Index* const offsets = cuda.stream->view(a.offsets, a.sequences + 1, capacity_of(a.sequences) + 1);
      const Index rows = a.offsets[a.sequences], turned_elements = cuda::rotary_positions(rows) * dim;
      A* const scratch = cuda.stream->workspace<A>(turned_elements + capacity_of(rows) * Heads);
      A* const products = scratch + turned_elements;
      const A* const turns = cuda::turns_of<dim>(cuda, scratch, rows);
      cuda::row_products_of<T, Heads, Width>(cuda, a.out, a.dout, products, rows);
      if (a.dq != nullptr && !a.accumulate_q) cuda::clear_tails_of<Width>(cuda, a.dq, rows);
      if (a.dk != nullptr && !a.accumulate_k) cuda::clear_tails_of<Width>(cuda, a.dk, rows);
      if (a.dv != nullptr && !a.accumulate_v) cuda::clear_tails_of<Width>(cuda, a.dv, rows);
      const auto launch_tiles = [&]<int Mine, int Theirs, int Blocks>() {
        const auto tiles = cuda::attention_tiles<Mine>(cuda, a.offsets, a.sequences);
        if (a.dq != nullptr)
          cuda::launch(cuda, {tiles.count * Heads, 2 * Mine, sizeof(cuda::AttentionQueryMemory<A, dim, Mine, Theirs>)},
                       cuda::attention_query_gradient<T, Heads, Width, Mine, Theirs, Blocks>, a.q, a.k, a.v, a.log_sum_exp,
                       a.dout, products, turns, a.dq, offsets, tiles.first, cuda.stream->count(a.sequences), a.accumulate_q);
        if (a.dk != nullptr || a.dv != nullptr)
          cuda::launch(cuda, {tiles.count * Heads, 2 * Mine, sizeof(cuda::AttentionKeyMemory<A, dim, Mine, Theirs>)},
                       cuda::attention_key_gradient<T, Heads, Width, Mine, Theirs>, a.q, a.k, a.v, a.log_sum_exp, a.dout,
                       products, turns, a.dk, a.dv, offsets, tiles.first, cuda.stream->count(a.sequences), a.accumulate_k,
                       a.accumulate_v);
      };
      cuda::with_sizes<cuda::AttentionKernels<A, dim>>(cuda.stream->capability(), launch_tiles);
    }
  };
};

} // namespace pleat::inline v0_1
