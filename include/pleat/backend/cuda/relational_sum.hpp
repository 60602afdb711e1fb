#pragma once
/// \file  Sums over the edges of a node on CUDA: every output row has one team, which gathers in the order of the edges.

#include <pleat/backend/cuda/columns.hpp>
#include <pleat/backend/cuda/listed_rows.hpp>
#include <pleat/backend/cuda/topology.hpp>
#include <pleat/ops/relational_sum.hpp>

namespace pleat::inline v0_1 {

namespace cuda {

// A team for each node and relation; `source` is null for rows of edges. Bytes an edge: a stride and a node number; a node: its
// row and its offsets.
template <class T, Index Width>
__global__ void __launch_bounds__(256) relational_sum_forward(const T* x, const Index* incoming, const std::int32_t* source, T* y,
                                                              const Index* nodes, Index relations, Index stride) {
  using Team = RowTeam<T, Width>;
  using Columns = ColumnTeam<T, Width>;
  const Index block = Team::row();
  if (block >= *nodes * relations) return;
  typename Team::Values sum{};
  add_rows<Team>(sum, incoming[block], incoming[block + 1],
                 [&](Index e) { return Team::read(x + (source != nullptr ? Index(source[e]) : e) * Team::stride); });
  if constexpr (Width == Team::stride) { // blocks follow one another, from row to row
    Columns::write(y + block * Width, sum);
  } else {
    const Cell at = Cell::of(block, relations);
    Columns::write(y + at.row * stride + at.column * Width, sum);
    if (at.column == relations - 1) Columns::clear(y + at.row * stride, relations * Width, stride);
  }
}
// A team for each node, over the edges out of it, or (`outgoing` and `leaving` null) for each edge. Bytes an edge: a block and 3
// numbers; a row: a stride (2 where it accumulates).
template <class T, Index Width>
__global__ void __launch_bounds__(256)
    relational_sum_backward(const T* dy, const std::int32_t* target, const std::uint8_t* relation, const Index* outgoing,
                            const std::int32_t* leaving, T* dx, const Index* rows, Index stride, bool accumulate) {
  using Team = RowTeam<T, Width>;
  const Index row = Team::row();
  if (row >= *rows) return;
  const auto read = [&](Index e) { return ColumnTeam<T, Width>::read(dy + target[e] * stride + relation[e] * Width); };
  typename Team::Values sum{};
  if (outgoing == nullptr)
    sum = read(row);
  else
    add_rows<Team>(sum, outgoing[row], outgoing[row + 1], [&](Index k) { return read(leaving[k]); });
  Team::contribute(dx + row * Team::stride, sum, accumulate);
}

} // namespace cuda

template <> struct kernel<relational_sum_op, Cuda> {
  template <Index Width> struct At {
    template <class T> static void forward(const Cuda& cuda, const relational_sum_op::Forward<T>& a) {
      const Index nodes = a.graph.node_count(), relations = a.graph.relations, edges = a.graph.edge_count();
      cuda::launch(cuda, cuda::bucket_grid(nodes, relations * cuda::RowTeam<T, Width>::lanes),
                   cuda::relational_sum_forward<T, Width>, a.x, cuda::incoming_of(cuda, a.graph),
                   a.of_edges ? nullptr : cuda.stream->view(a.graph.source.data(), edges), a.y, cuda.stream->count(nodes),
                   relations, stride_of(relations * Width));
    }
    template <class T> static void backward(const Cuda& cuda, const relational_sum_op::Backward<T>& a) {
      const Index nodes = a.graph.node_count(), edges = a.graph.edge_count(), rows = a.of_edges ? edges : nodes;
      cuda::launch(cuda, cuda::RowTeam<T, Width>::grid(rows), cuda::relational_sum_backward<T, Width>, a.dy,
                   cuda.stream->view(a.graph.target.data(), edges), cuda.stream->view(a.graph.relation.data(), edges),
                   a.of_edges ? nullptr : cuda::outgoing_of(cuda, a.graph),
                   a.of_edges ? nullptr : cuda.stream->view(a.graph.leaving.data(), edges), a.dx, cuda.stream->count(rows),
                   stride_of(a.graph.relations * Width), a.accumulate);
    }
  };
};

} // namespace pleat::inline v0_1
