#pragma once
/// \file  Coordinates of a batch as rows, and the lengths of its edges.

#include <span>

#include <pleat/core/error.hpp>
#include <pleat/core/graph.hpp>
#include <pleat/core/pass.hpp>
#include <pleat/core/symmetry.hpp>

namespace pleat::inline v0_1 {

struct coordinates_op {
  template <class T, class Number = float> struct Forward {
    const Number* from; // (rows)
    T* to;              // (rows, stride_of(1))
    Index rows;
  };
};

struct distance_op {
  template <class T> struct Forward {
    const T* x; // (nodes, 3), elements stride_of(1) apart
    T* y;       // (edges, stride_of(1))
    GraphTopology graph;
  };
  template <class T> struct Backward {
    const T* x;  // (nodes, 3), elements stride_of(1) apart
    const T* dy; // (edges, stride_of(1))
    T* dx;       // as x
    GraphTopology graph;
    bool accumulate;
  };
};

namespace detail {
template <class Space, class Context, class Number>
constexpr Rows<Context, 1, Space> column_of(Context& run, std::span<const Number> values) {
  using T = typename Context::Stream;
  const Index count = static_cast<Index>(values.size());
  auto x = run.template rows<1, Space>(count);
  run.count(0, sizeof(Number) * static_cast<double>(count));
  if constexpr (Context::computes)
    KernelOf<coordinates_op, Context>::forward(run.device(), coordinates_op::Forward<T, Number>{values.data(), x.data(), count});
  return x;
}
} // namespace detail

/// Positions (nodes, 3) in Angstrom as rows of a pass, three (x, y, z) a node. Not differentiable.
template <class Node, class Context>
constexpr Rows<Context, 1, Coordinates<Node>> coordinates(Context& run, std::span<const float> positions) {
  return detail::column_of<Coordinates<Node>>(run, positions);
}
/// The same of positions that were formed in double (noised ones).
template <class Node, class Context>
constexpr Rows<Context, 1, Coordinates<Node>> coordinates(Context& run, std::span<const double> positions) {
  return detail::column_of<Coordinates<Node>>(run, positions);
}
/// One number of the host a row: `column<Pair>(run, values)`. Not differentiable.
template <class Space, class Context> constexpr Rows<Context, 1, Space> column(Context& run, std::span<const double> values) {
  return detail::column_of<Space>(run, values);
}

/// Length |x_source - x_target| of every edge, in the unit of the coordinates; 0 where both ends lie at one place, where the
/// gradient is 0, too. Differentiable in x; kept for backward: x. The arrays of `graph` must outlive the pass. Errors: another
/// number of nodes.
template <class Context, class Node>
constexpr Rows<Context, 1, Edge> distances(Context& run, const GraphTopology& graph,
                                           const Rows<Context, 1, Coordinates<Node>>& x) {
  using T = typename Context::Stream;
  const Index edges = graph.edge_count();
  auto y = run.template rows<1, Edge>(edges);
  run.count(9.0 * static_cast<double>(edges), 7.0 * sizeof(T) * static_cast<double>(edges));
  if constexpr (Context::computes) {
    require(x.count() == vector_components * graph.node_count(), "distances: ", x.count(), " rows of coordinates for ",
            graph.node_count(), " nodes; give three rows (x, y, z) a node");
    KernelOf<distance_op, Context>::forward(run.device(), distance_op::Forward<T>{x.data(), y.data(), graph});
  }
  if constexpr (Context::records) {
    if (run.recording() && x.wants_gradient()) {
      struct Backward {
        Kept<1, Coordinates<Node>> x;
        int output;
        GraphTopology graph;
        void operator()(Context& run) const {
          auto rows = run.take(x);
          auto dy = run.template take_gradient<1, Edge>(output, graph.edge_count());
          if (!dy) return;
          if (auto dx = run.template contribute<1>(x.value, x.count)) {
            if constexpr (Context::computes)
              KernelOf<distance_op, Context>::backward(
                  run.device(), distance_op::Backward<T>{rows.data(), dy.data(), dx.data, graph, dx.accumulate});
          }
        }
      };
      run.want(y);
      run.record(Backward{run.keep(x), y.value(), graph});
    }
  }
  return y;
}

} // namespace pleat::inline v0_1
