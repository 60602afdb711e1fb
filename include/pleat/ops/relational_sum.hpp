#pragma once
/// \file  Messages of a relational graph convolution: for each node and relation the sum of what flows in.

#include <pleat/core/error.hpp>
#include <pleat/core/graph.hpp>
#include <pleat/core/pass.hpp>
#include <pleat/core/symmetry.hpp>

namespace pleat::inline v0_1 {

struct relational_sum_op {
  template <class T> struct Forward {
    const T* x; // (nodes, stride_of(width)), or (edges, ...) with `of_edges`
    T* y;       // (nodes, stride_of(relations * width))
    GraphTopology graph;
    Index width;
    bool of_edges;
  };
  template <class T> struct Backward {
    const T* dy; // (nodes, stride_of(relations * width))
    T* dx;       // (nodes, stride_of(width)), or (edges, ...) with `of_edges`
    GraphTopology graph;
    Index width;
    bool of_edges, accumulate;
  };
};

namespace detail {

template <Index Relations, class Node, class Context, Index Width, class Space>
constexpr Rows<Context, Relations * Width, Node> relational_sum(Context& run, const GraphTopology& graph,
                                                                const Rows<Context, Width, Space>& x, bool of_edges) {
  using T = typename Context::Stream;
  require_invariant<Space>();
  if (graph.relations != Relations)
    fail("the layer has ", Relations, " relations and the graph ", graph.relations, "; make graphs with the policy of the model");
  if (x.count() != (of_edges ? graph.edge_count() : graph.node_count()))
    fail("relational_sum: ", x.count(), " rows for a graph of ", graph.node_count(), " nodes and ", graph.edge_count(),
         " edges; pass the rows of that graph");
  auto y = run.template rows<Relations * Width, Node>(graph.node_count());
  const auto edges = static_cast<double>(graph.edge_count()), nodes = static_cast<double>(graph.node_count());
  run.count(edges * Width, sizeof(T) * (edges + nodes * Relations) * Width);
  if constexpr (Context::computes)
    KernelOf<relational_sum_op, Context, Width>::forward(
        run.device(), relational_sum_op::Forward<T>{x.data(), y.data(), graph, Width, of_edges});
  if constexpr (Context::records) {
    if (run.recording() && x.wants_gradient()) {
      struct Backward {
        int input, output;
        GraphTopology graph;
        Index count;
        bool of_edges;
        void operator()(Context& run) const {
          auto dy = run.template take_gradient<Relations * Width, Node>(output, graph.node_count());
          if (!dy) return;
          if (auto dx = run.template contribute<Width>(input, count)) {
            if constexpr (Context::computes)
              KernelOf<relational_sum_op, Context, Width>::backward(
                  run.device(), relational_sum_op::Backward<T>{dy.data(), dx.data, graph, Width, of_edges, dx.accumulate});
          }
        }
      };
      run.want(y);
      run.record(Backward{x.value(), y.value(), graph, x.count(), of_edges});
    }
  }
  return y;
}

} // namespace detail

/// Row v (Relations * Width): block r is the sum of the rows x_u of all edges u -> v under relation r, in the order of the edges.
/// Differentiable in x, of which nothing is kept. The arrays of `graph` must outlive the pass. Errors: a graph of another number
/// of relations or nodes.
template <Index Relations, class Context, Index Width, class Node>
constexpr Rows<Context, Relations * Width, Node> sum_of_neighbours(Context& run, const GraphTopology& graph,
                                                                   const Rows<Context, Width, Node>& x) {
  return detail::relational_sum<Relations, Node, Context, Width, Node>(run, graph, x, false);
}

/// The same of rows of edges: block r of row v is the sum of the rows of all edges into v under relation r.
template <Index Relations, class Node, class Context, Index Width>
constexpr Rows<Context, Relations * Width, Node> sum_of_edges(Context& run, const GraphTopology& graph,
                                                              const Rows<Context, Width, Edge>& x) {
  return detail::relational_sum<Relations, Node, Context, Width, Edge>(run, graph, x, true);
}

} // namespace pleat::inline v0_1
