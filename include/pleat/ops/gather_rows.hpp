#pragma once
/// \file  From nodes to edges: rows of the two ends of each edge, alone or summed.

#include <pleat/core/error.hpp>
#include <pleat/core/graph.hpp>
#include <pleat/core/symmetry.hpp>
#include <pleat/ops/add.hpp>
#include <pleat/ops/segment_mean.hpp>

namespace pleat::inline v0_1 {

struct gather_rows_op {
  template <class T> struct Forward {
    const T* at_source;         // (nodes * parts, stride) or null
    const T* at_target;         // (nodes * parts, stride) or null
    const T* at_edge;           // (edges * parts, stride) or null
    const std::int32_t* source; // (edges)
    const std::int32_t* target; // (edges)
    T* y;                       // (edges * parts, stride) = sign at_source[source] + at_target[target] + at_edge
    Index edges, parts, stride;
    T sign; // 1, or -1 for differences
  };
};

namespace detail {

template <class Context, Index Width, class Node, class EdgeSpace>
constexpr Rows<Context, Width, EdgeSpace>
gather(Context& run, const GraphTopology& topology, const Rows<Context, Width, Node>* at_source,
       const Rows<Context, Width, Node>* at_target, const Rows<Context, Width, EdgeSpace>* at_edge, int sign) {
  using T = typename Context::Stream;
  constexpr Index parts = rows_each<Node>;
  const Index edges = topology.edge_count(), nodes = topology.node_count();
  const Index source_rows = at_source != nullptr ? at_source->count() : nodes * parts;
  const Index target_rows = at_target != nullptr ? at_target->count() : nodes * parts;
  const Index edge_rows = at_edge != nullptr ? at_edge->count() : edges * parts;
  if (source_rows != nodes * parts || target_rows != nodes * parts || edge_rows != edges * parts)
    fail("gather got ", source_rows / parts, " and ", target_rows / parts, " nodes and ", edge_rows / parts,
         " edges for a topology of ", nodes, " nodes and ", edges, " edges: make them of the same batch");
  auto y = run.template rows<Width, EdgeSpace>(edges * parts);
  const auto elements = static_cast<double>(edges * parts) * Width;
  run.count(2.0 * elements, 4.0 * sizeof(T) * elements);
  if constexpr (Context::computes)
    KernelOf<gather_rows_op, Context, Width>::forward(
        run.device(), gather_rows_op::Forward<T>{
                          at_source != nullptr ? at_source->data() : nullptr, at_target != nullptr ? at_target->data() : nullptr,
                          at_edge != nullptr ? at_edge->data() : nullptr, topology.source.data(), topology.target.data(),
                          y.data(), edges, parts, stride_of(Width), static_cast<T>(sign)});
  if constexpr (Context::records) {
    if (run.recording() &&
        ((at_source != nullptr && at_source->wants_gradient()) || (at_target != nullptr && at_target->wants_gradient()) ||
         (at_edge != nullptr && at_edge->wants_gradient()))) {
      struct Backward {
        const Index *incoming, *outgoing;
        const std::int32_t* leaving;
        Index relations, nodes, edges;
        int source, target, edge, output, sign;
        void operator()(Context& run) const {
          auto dy = run.template take_gradient<Width, EdgeSpace>(output, edges * parts);
          if (!dy) return;
          summed(run, dy, source, outgoing, 1, leaving, static_cast<T>(sign));
          summed(run, dy, target, incoming, relations, nullptr, T(1));
          if (edge >= 0) detail::pass_on(run, dy, edge, edges * parts);
        }
        // The gradient of a node is the sum over its edges, each node by one thread: no atomics.
        void summed(Context& run, const Rows<Context, Width, EdgeSpace>& dy, int input, const Index* begin, Index step,
                    const std::int32_t* order, T factor) const {
          if (input < 0) return;
          if (auto dx = run.template contribute<Width>(input, nodes * parts)) {
            if constexpr (Context::computes)
              KernelOf<segment_sum_op, Context, Width>::forward(
                  run.device(), segment_sum_op::Forward<T>{dy.data(), begin, step, order, dx.data, nodes, parts, stride_of(Width),
                                                           factor, false, dx.accumulate});
          }
        }
      };
      run.want(y);
      run.record(Backward{topology.incoming.data(), topology.outgoing.data(), topology.leaving.data(), topology.relations, nodes,
                          edges, at_source != nullptr ? at_source->value() : -1, at_target != nullptr ? at_target->value() : -1,
                          at_edge != nullptr ? at_edge->value() : -1, y.value(), sign});
    }
  }
  return y;
}

} // namespace detail

/// y_e = x[source of e], (edges, Width). Vectors stay vectors. The spans of the topology must outlive the pass, here and below.
/// Nothing is kept for backward: the gradient of a node is the sum over the edges out of it, in their order.
template <class Context, Index Width, class Space>
constexpr Rows<Context, Width, MovedTo<Space, Edge>> gather_source(Context& run, const GraphTopology& topology,
                                                                   const Rows<Context, Width, Space>& x) {
  detail::require_no_positions<Space>();
  return detail::gather<Context, Width, Space, MovedTo<Space, Edge>>(run, topology, &x, nullptr, nullptr, 1);
}

/// y_e = x[target of e], (edges, Width).
template <class Context, Index Width, class Space>
constexpr Rows<Context, Width, MovedTo<Space, Edge>> gather_target(Context& run, const GraphTopology& topology,
                                                                   const Rows<Context, Width, Space>& x) {
  detail::require_no_positions<Space>();
  return detail::gather<Context, Width, Space, MovedTo<Space, Edge>>(run, topology, nullptr, &x, nullptr, 1);
}

/// y_e = at_source[source of e] + at_target[target of e] + at_edge[e], (edges, Width): the linear map of a concatenation
/// [source; edge; target], formed once per node where it acts on nodes. Several edges of one graph share their nodes, so this is
/// cheaper than the map of each edge's concatenation, and equal to it.
template <class Context, Index Width, class Space>
constexpr Rows<Context, Width, MovedTo<Space, Edge>>
gather_add(Context& run, const GraphTopology& topology, const Rows<Context, Width, Space>& at_source,
           const Rows<Context, Width, Space>& at_target, const Rows<Context, Width, MovedTo<Space, Edge>>& at_edge) {
  detail::require_no_positions<Space>();
  return detail::gather<Context, Width, Space, MovedTo<Space, Edge>>(run, topology, &at_source, &at_target, &at_edge, 1);
}

/// The same without rows of edges.
template <class Context, Index Width, class Space>
constexpr Rows<Context, Width, MovedTo<Space, Edge>> gather_add(Context& run, const GraphTopology& topology,
                                                                const Rows<Context, Width, Space>& at_source,
                                                                const Rows<Context, Width, Space>& at_target) {
  detail::require_no_positions<Space>();
  return detail::gather<Context, Width, Space, MovedTo<Space, Edge>>(run, topology, &at_source, &at_target, nullptr, 1);
}

} // namespace pleat::inline v0_1
