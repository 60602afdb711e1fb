#pragma once
/// \file  One number per edge to one vector per node: how invariant scores of edges push their ends apart or together.

#include <pleat/core/error.hpp>
#include <pleat/core/graph.hpp>
#include <pleat/core/pass.hpp>
#include <pleat/core/symmetry.hpp>

namespace pleat::inline v0_1 {

/// Added to the length of an edge before it divides, as in the published code.
inline constexpr double least_length = 1e-10;

/// Whether an edge from a node to itself, which adds nothing to a mean over edges, counts in it (as published) or not.
enum class SelfLoops : unsigned char { Count, LeftOut };

struct invariant_to_equivariant_op {
  template <class T> struct Forward {
    const T* score; // (edges or pairs, stride_of(1))
    const T* x;     // (nodes * 3, stride_of(1)) positions
    T* y;           // (nodes * 3, stride_of(1))
    GraphTopology graph;
    bool of_pairs; // a score for each unordered pair: both directions of an edge, and all its relations, share it
    SelfLoops loops;
  };
  template <class T> struct Backward {
    const T* dy; // (nodes * 3, stride_of(1))
    const T* x;  // (nodes * 3, stride_of(1))
    T* dscore;   // (edges or pairs, stride_of(1))
    GraphTopology graph;
    bool of_pairs, accumulate;
    SelfLoops loops;
  };
};

namespace detail {
template <class Space> constexpr void require_scores_of_edges() {
  static_assert(std::is_same_v<Space, Edge> || std::is_same_v<Space, Pair>,
                "pleat: invariant_to_equivariant takes one score per edge (Edge) or per unordered pair of nodes (Pair).");
}
} // namespace detail

/// T(s)_i = mean over edges i -> v of n_iv s_iv + mean over edges u -> i of n_iu s_ui, with n_ij = (x_i - x_j) / (|x_i - x_j| +
/// 1e-10): one vector per node, which turns with the structure (the invariant-to-equivariant map of SiamDiff, arXiv 2301.12068).
/// A positive score pushes the ends of an edge apart. Scores (edges, 1), or (pairs, 1) where both directions share one; an edge
/// from a node to itself adds nothing, and `loops` says whether it counts; a mean over no edges is 0. The sums are in the order
/// of the edges. Differentiable in the scores; positions get no gradient, as published. Kept for backward: the positions. The
/// spans of the topology must outlive the pass; for pairs it needs its arrays of pairs.
template <class Context, class Space, class Node>
constexpr Rows<Context, 1, Equivariant<Node>>
invariant_to_equivariant(Context& run, const GraphTopology& graph, const Rows<Context, 1, Space>& scores,
                         const Rows<Context, 1, Coordinates<Node>>& positions, SelfLoops loops = SelfLoops::Count) {
  detail::require_scores_of_edges<Space>();
  using T = typename Context::Stream;
  constexpr bool of_pairs = std::is_same_v<Space, Pair>;
  const Index edges = graph.edge_count(), nodes = graph.node_count(), needed = of_pairs ? graph.pair_count() : edges;
  if (scores.count() != needed || positions.count() != vector_components * nodes)
    fail("invariant_to_equivariant got ", scores.count(), " scores and positions of ", positions.count() / vector_components,
         " nodes for a topology that has ", needed, " and ", nodes, ": make them of the same batch");
  auto y = run.template rows<1, Equivariant<Node>>(vector_components * nodes);
  run.count(24.0 * static_cast<double>(edges), 10.0 * sizeof(T) * static_cast<double>(edges));
  if constexpr (Context::computes)
    KernelOf<invariant_to_equivariant_op, Context>::forward(
        run.device(), invariant_to_equivariant_op::Forward<T>{scores.data(), positions.data(), y.data(), graph, of_pairs, loops});
  if constexpr (Context::records) {
    if (run.recording() && scores.wants_gradient()) {
      struct Backward {
        Kept<1, Coordinates<Node>> positions;
        GraphTopology graph;
        int input, output;
        Index scores;
        SelfLoops loops;
        void operator()(Context& run) const {
          auto x = run.take(positions);
          auto dy = run.template take_gradient<1, Equivariant<Node>>(output, positions.count);
          if (!dy) return;
          if (auto dscore = run.template contribute<1>(input, scores)) {
            if constexpr (Context::computes)
              KernelOf<invariant_to_equivariant_op, Context>::backward(
                  run.device(), invariant_to_equivariant_op::Backward<T>{dy.data(), x.data(), dscore.data, graph, of_pairs,
                                                                         dscore.accumulate, loops});
          }
        }
      };
      run.want(y);
      run.record(Backward{run.keep(positions), graph, scores.value(), y.value(), needed, loops});
    }
  }
  return y;
}

} // namespace pleat::inline v0_1
