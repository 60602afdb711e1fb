#pragma once
/// \file  Sums of rows over the arcs of edges by their angle, on CUDA: what stands in the place of a line graph. Edges with equal
/// ends make equal angles, so their sums are formed once, for units of them.

#include <cstdint>
#include <vector>

#include <pleat/backend/cuda/gemm.hpp>
#include <pleat/backend/cuda/topology.hpp>

namespace pleat::inline v0_1::cuda {

/// The arrays of a graph that arcs are found by, on the device; names as in core/graph.hpp.
struct ArcsOfGraph {
  const Index *incoming, *outgoing, *arcs;
  const std::int32_t *source, *target, *leaving;
  Index relations;
};
inline ArcsOfGraph arcs_of(const Cuda& cuda, const GraphTopology& graph) {
  const auto view = [&](const auto& span) { return cuda.stream->view(span.data(), static_cast<Index>(span.size())); };
  return {incoming_of(cuda, graph), outgoing_of(cuda, graph), arc_tables_of(cuda, graph), view(graph.source), view(graph.target),
          view(graph.leaving),      graph.relations};
}

/// Parallel edges lie together in `leaving`: unit u has the positions [first[u], first[u + 1]) of it. On the device.
struct EdgeUnits {
  const std::int32_t* first; // (count + 1)
  Index count;
};
inline EdgeUnits edge_units(const Cuda& cuda, const GraphTopology& graph) {
  const std::size_t edges = graph.leaving.size();
  std::vector<std::int32_t> first;
  first.reserve(edges + 1);
  for (std::size_t p = 0; p < edges; ++p) {
    const auto e = static_cast<std::size_t>(graph.leaving[p]), last = static_cast<std::size_t>(graph.leaving[p > 0 ? p - 1 : 0]);
    if (p == 0 || graph.source[e] != graph.source[last] || graph.target[e] != graph.target[last])
      first.push_back(static_cast<std::int32_t>(p));
  }
  first.push_back(static_cast<std::int32_t>(edges));
  const auto count = static_cast<Index>(first.size()) - 1;
  return {cuda.stream->send(first.data(), count + 1, capacity_of(count) + 1), count};
}

/// Elements of a row that has a block of Width for each slot, one after another as the columns of a weight are.
template <Index Slots, Index Width> inline constexpr Index angle_stride = stride_of(Slots* Width);

/// Rows of `Bytes` bytes that are worked on at once, in the workspace less `Reserved` bytes.
template <Index Bytes, Index Reserved = 0> constexpr Index angle_tile() {
  constexpr Index rows = rows_at_once((Stream::workspace_bytes - Reserved) / Bytes);
  static_assert(rows > 0, "pleat: this layer does not fit into the workspace of a GPU; use fewer channels.");
  return rows;
}

/// Whose sums: of the edges into the source of an edge, or of the edges that leave its target.
enum class Arcs : unsigned char { In, Out };

// Row r of `sums`, slot by slot: the rows x_a of all edges a that meet edge e at the node between them, by their bins, each slot
// one chain in the order of the edges. e is the first edge of unit begin + r; `first` null (Arcs::Out only): edge begin + r.
// A thread has one pack of channels of all slots. Rows from *count on up to `rows` are zeros, for products that sum over rows.
// Bytes a row: a stride of each arc (from the cache), and Slots * Width written. FLOPs: Width an arc.
template <class T, class Operand, Index Slots, Index Width, Arcs arcs>
__global__ void __launch_bounds__(256)
    angle_sums(const T* x, const std::uint8_t* bins, const Index* incoming, Index relations, const Index* outgoing,
               const Index* table_begin, const std::int32_t* source, const std::int32_t* target, const std::int32_t* leaving,
               const std::int32_t* first, Operand* sums, Index begin, const Index* count, Index rows) {
  using A = AccumulateOf<T>;
  constexpr int size = per_access<T>;
  constexpr Index stride = stride_of(Width), packs = stride / size;
  const Index r = global_thread() / packs, c = global_thread() % packs * size;
  if (r >= rows || c >= Width) return;
  A sum[Slots][size] = {};
  if (begin + r < *count) {
    const Index position = first != nullptr ? first[begin + r] : 0;
    const Index e = first != nullptr ? leaving[position] : begin + r;
    const Index b = arcs == Arcs::In ? source[e] : target[e];
    const Index first_in = incoming[b * relations], first_out = outgoing[b];
    const Index inside = incoming[(b + 1) * relations] - first_in, outside = outgoing[b + 1] - first_out;
    const std::uint8_t* const table =
        bins + table_begin[b] + (arcs == Arcs::In ? position - first_out : (e - first_in) * outside);
    const Index arc_count = arcs == Arcs::In ? inside : outside, step = arcs == Arcs::In ? outside : 1;
    for (Index n = 0; n < arc_count; ++n) {
      const int bin = table[n * step];
      const Pack<T> row = load(x + (arcs == Arcs::In ? first_in + n : static_cast<Index>(leaving[first_out + n])) * stride + c);
#pragma unroll
      for (int s = 0; s < Slots; ++s)
        if (s == bin) { // the same for all threads of a row; slots stay in registers
#pragma unroll
          for (int i = 0; i < size; ++i) sum[s][i] += static_cast<A>(row.at[i]);
        }
    }
  }
  Operand* const to = sums + r * angle_stride<Slots, Width> + c;
#pragma unroll
  for (int s = 0; s < Slots; ++s) {
    if constexpr (Width % size == 0) {
      Pack<Operand, size> moved;
#pragma unroll
      for (int i = 0; i < size; ++i) moved.at[i] = static_cast<Operand>(sum[s][i]);
      store(to + s * Width, moved);
    } else {
#pragma unroll
      for (int i = 0; i < size; ++i)
        if (c + i < Width) to[s * Width + i] = static_cast<Operand>(sum[s][i]);
    }
  }
}

/// Launches it for `rows` rows from `begin` on, of `count` (on the device) that there are. `first` null: edges as numbered.
template <Index Slots, Index Width, Arcs arcs, class T, class Operand>
void sum_by_angle(const Cuda& cuda, const T* x, const std::uint8_t* bins, const ArcsOfGraph& graph, const std::int32_t* first,
                  Operand* sums, Index begin, const Index* count, Index rows) {
  launch(cuda, grid_for(rows * (stride_of(Width) / per_access<T>)), angle_sums<T, Operand, Slots, Width, arcs>, x, bins,
         graph.incoming, graph.relations, graph.outgoing, graph.arcs, graph.source, graph.target, graph.leaving, first, sums,
         begin, count, rows);
}

// A weight (Out, Slots * In) slot by slot: form (Slots * Out, stride_of(In)), tails zero. Bytes: the weight and the form.
template <class T, Index Slots, Index In, Index Out>
__global__ void __launch_bounds__(256) weight_by_slot(const T* weight, T* form) {
  constexpr Index stride = stride_of(In);
  const Index i = global_thread(), row = i / stride, c = i % stride, slot = row / Out, o = row % Out;
  if (row < Slots * Out) form[i] = c < In ? weight[o * angle_stride<Slots, In> + slot * In + c] : T{};
}
// The way back: dweight += the gradient of the form. Bytes: 3 times the weight.
template <class T, Index Slots, Index In, Index Out>
__global__ void __launch_bounds__(256) add_weight_by_slot(const T* gradient, T* dweight) {
  using A = AccumulateOf<T>;
  const Index i = global_thread(), o = i / (Slots * In), column = i % (Slots * In), slot = column / In, c = column % In;
  if (o >= Out) return;
  T* const to = dweight + o * angle_stride<Slots, In> + column;
  *to = static_cast<T>(static_cast<A>(*to) + static_cast<A>(gradient[(slot * Out + o) * stride_of(In) + c]));
}

} // namespace pleat::inline v0_1::cuda
