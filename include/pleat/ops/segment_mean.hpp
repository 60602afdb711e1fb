#pragma once
/// \file  From edges to nodes and from nodes to graphs: sums and means over the rows that belong together.

#include <pleat/core/error.hpp>
#include <pleat/core/graph.hpp>
#include <pleat/core/pass.hpp>
#include <pleat/core/symmetry.hpp>

namespace pleat::inline v0_1 {

struct segment_sum_op {
  template <class T> struct Forward {
    const T* x;                // (items * parts, stride)
    const Index* begin;        // segment s owns items [begin[s * step], begin[(s + 1) * step])
    Index step;                //
    const std::int32_t* order; // item numbers in the order of the segments; null: 0, 1, 2, ...
    T* y;                      // (segments * parts, stride)
    Index segments, parts, stride;
    T factor;  // of each sum, beside 1 / items for a mean
    bool mean; // an empty segment gives zeros in either case
    bool accumulate;
  };
  template <class T> struct Backward {
    const T* dy;        // (segments * parts, stride)
    const Index* begin; // as above, items in their own order
    Index step;
    T* dx; // (items * parts, stride)
    Index segments, parts, stride;
    bool mean, accumulate;
  };
};

namespace detail {

template <class To, class Context, Index Width, class Space>
constexpr Rows<Context, Width, MovedTo<Space, To>> over_segments(Context& run, const Rows<Context, Width, Space>& x,
                                                                 const Index* begin, Index step, Index segments, Index items,
                                                                 bool mean) {
  require_no_positions<Space>();
  using T = typename Context::Stream;
  constexpr Index parts = rows_each<Space>;
  if (x.count() != items * parts)
    fail("a segment sum got ", x.count() / parts, " rows for a topology that has ", items, ": make them of the same batch");
  auto y = run.template rows<Width, MovedTo<Space, To>>(segments * parts);
  const auto elements = static_cast<double>(items * parts) * Width;
  run.count(elements, sizeof(T) * elements);
  if constexpr (Context::computes)
    KernelOf<segment_sum_op, Context, Width>::forward(
        run.device(), segment_sum_op::Forward<T>{x.data(), begin, step, nullptr, y.data(), segments, parts, stride_of(Width),
                                                 T(1), mean, false});
  if constexpr (Context::records) {
    if (run.recording() && x.wants_gradient()) {
      struct Backward {
        const Index* begin;
        Index step, segments, items;
        int input, output;
        bool mean;
        void operator()(Context& run) const {
          auto dy = run.template take_gradient<Width, MovedTo<Space, To>>(output, segments * parts);
          if (!dy) return;
          if (auto dx = run.template contribute<Width>(input, items * parts)) {
            if constexpr (Context::computes)
              KernelOf<segment_sum_op, Context, Width>::backward(
                  run.device(), segment_sum_op::Backward<T>{dy.data(), begin, step, dx.data, segments, parts, stride_of(Width),
                                                            mean, dx.accumulate});
          }
        }
      };
      run.want(y);
      run.record(Backward{begin, step, segments, items, x.value(), y.value(), mean});
    }
  }
  return y;
}

} // namespace detail

/// Sum over the edges into each node, (nodes, Width), in the order of the edges: `segment_sum<Atom>(run, topology, rows)`. A node
/// without such edges gets zeros; vectors stay vectors. The spans of the topology must outlive the pass, here and below. Nothing
/// is kept for backward.
template <class Node, class Context, Index Width, class Space>
constexpr Rows<Context, Width, MovedTo<Space, Node>> segment_sum(Context& run, const GraphTopology& topology,
                                                                 const Rows<Context, Width, Space>& edges) {
  return detail::over_segments<Node>(run, edges, topology.incoming.data(), topology.relations, topology.node_count(),
                                     topology.edge_count(), false);
}

/// Mean over the edges into each node.
template <class Node, class Context, Index Width, class Space>
constexpr Rows<Context, Width, MovedTo<Space, Node>> segment_mean(Context& run, const GraphTopology& topology,
                                                                  const Rows<Context, Width, Space>& edges) {
  return detail::over_segments<Node>(run, edges, topology.incoming.data(), topology.relations, topology.node_count(),
                                     topology.edge_count(), true);
}

/// Sum over the nodes of each graph, (graphs, Width); an empty graph gets zeros.
template <class Context, Index Width, class Space>
constexpr Rows<Context, Width, MovedTo<Space, Graph>> graph_sum(Context& run, const GraphTopology& topology,
                                                                const Rows<Context, Width, Space>& nodes) {
  return detail::over_segments<Graph>(run, nodes, topology.nodes.offsets.data(), 1, topology.graphs(), topology.node_count(),
                                      false);
}

/// Mean over the nodes of each graph.
template <class Context, Index Width, class Space>
constexpr Rows<Context, Width, MovedTo<Space, Graph>> graph_mean(Context& run, const GraphTopology& topology,
                                                                 const Rows<Context, Width, Space>& nodes) {
  return detail::over_segments<Graph>(run, nodes, topology.nodes.offsets.data(), 1, topology.graphs(), topology.node_count(),
                                      true);
}

} // namespace pleat::inline v0_1
