#pragma once
/// \file  GearNet and GearNet-Edge: relational graph convolution over the nodes of a structure, and over its edges by angle.

#include <array>
#include <utility>

#include <pleat/core/graph.hpp>
#include <pleat/core/shape.hpp>
#include <pleat/encoders/readout.hpp>
#include <pleat/nn/relational_conv.hpp>
#include <pleat/ops/angle_bins.hpp>
#include <pleat/ops/concat.hpp>
#include <pleat/ops/distance.hpp>
#include <pleat/ops/one_hot.hpp>

namespace pleat::inline v0_1 {

namespace detail {

struct NoEdges { // of a GearNet without messages between edges
  constexpr explicit NoEdges(Layout) {}
};

template <class Part, std::size_t... Number>
constexpr std::array<Part, sizeof...(Number)> parts_from([[maybe_unused]] Layout at, [[maybe_unused]] Index first,
                                                         std::index_sequence<Number...>) {
  return {Part(at / (first + static_cast<Index>(Number)))...};
}
/// `Count` parts under at / first, at / (first + 1), ...
template <class Part, Index Count> constexpr auto parts(Layout at, Index first) {
  return parts_from<Part>(at, first, std::make_index_sequence<static_cast<std::size_t>(Count)>{});
}

/// Layers of the edges: the width out of edge layer l is the width into node layer l.
template <class Policy, Shape S> struct GearNetEdges {
  static constexpr Index rest = S.layers > 2 ? S.layers - 2 : 0;
  AngleConv<angle_bin_count, Policy::edge_features, Policy::node_features> first;
  std::array<AngleConv<angle_bin_count, Policy::node_features, S.width>, (S.layers > 1 ? 1 : 0)> second;
  std::array<AngleConv<angle_bin_count, S.width, S.width>, static_cast<std::size_t>(rest)> others;

  constexpr explicit GearNetEdges(Layout at)
      : first(at / "edge_layers" / Index(0)),
        second(parts<AngleConv<angle_bin_count, Policy::node_features, S.width>, (S.layers > 1 ? 1 : 0)>(at / "edge_layers", 1)),
        others(parts<AngleConv<angle_bin_count, S.width, S.width>, rest>(at / "edge_layers", 2)) {}
};

template <class Policy, Shape S, Readout how, bool WithEdges> struct GearNetStack {
  static_assert(S.layers > 0 && S.width > 0,
                "pleat: a GearNet needs at least one layer and one channel; write Shape{.layers = 6, .width = 512}, say.");
  using Input = GraphBatch;
  using Graphs = Policy;
  using Node = typename Policy::Node;
  static constexpr Shape shape = S;
  static constexpr Index width = S.layers * S.width; ///< the hidden rows of all layers side by side
  static constexpr Readout readout = how;

  RelationalConv<Policy::relations, Policy::node_features, S.width> first;
  std::array<RelationalConv<Policy::relations, S.width, S.width>, static_cast<std::size_t>(S.layers - 1)> others;
  std::conditional_t<WithEdges, GearNetEdges<Policy, S>, NoEdges> edges;
  std::array<BatchNorm<S.width>, static_cast<std::size_t>(S.layers)> norms;

  constexpr explicit GearNetStack(Layout at)
      : first(at / "layers" / Index(0)),
        others(parts<RelationalConv<Policy::relations, S.width, S.width>, S.layers - 1>(at / "layers", 1)), edges(at),
        norms(parts<BatchNorm<S.width>, S.layers>(at / "batch_norms", 0)) {}

  /// Rows of the nodes (nodes, width) of a batch at its own positions.
  template <class Context> constexpr Rows<Context, width, Node> operator()(Context& run, const GraphBatch& batch) const {
    return (*this)(run, batch, coordinates<Node>(run, batch.positions));
  }
  /// The same at other coordinates (nodes, 3), noised ones say: distances and angles are formed anew, the edges stay.
  template <class Context>
  constexpr Rows<Context, width, Node> operator()(Context& run, const GraphBatch& batch,
                                                  const Rows<Context, 1, Coordinates<Node>>& x) const {
    const GraphTopology& graph = batch.topology;
    require_level<Policy>(batch);
    auto h = one_hot<Policy::node_features, Node>(run, batch.node_columns, Policy::node_columns, graph.node_count());
    if constexpr (WithEdges) {
      auto f = one_hot_and<Policy::edge_features>(run, batch.edge_columns, Policy::edge_columns, distances(run, graph, x));
      return encode(run, graph, std::move(h), angle_bins(run, graph, x), std::move(f));
    } else {
      return encode(run, graph, std::move(h));
    }
  }

  /// From any features of nodes (nodes, node_features), of edges (edges, edge_features) and tables of angle bins.
  template <class Context>
  constexpr Rows<Context, width, Node>
  encode(Context& run, const GraphTopology& graph, Rows<Context, Policy::node_features, Node> h,
         const Rows<Context, 1, std::uint8_t>& bins, Rows<Context, Policy::edge_features, Edge> f) const {
    static_assert(WithEdges);
    std::array<Rows<Context, S.width, Node>, static_cast<std::size_t>(S.layers)> hidden;
    Rows<Context, Policy::node_features, Edge> f1 = edges.first(run, graph, bins, f);
    f = {};
    hidden[0] = norms[0](run, first.add_edges(run, graph, f1, first(run, graph, h)), graph.node_groups);
    h = {};
    if constexpr (S.layers > 1) {
      Rows<Context, S.width, Edge> fl = edges.second[0](run, graph, bins, f1);
      f1 = {};
      for (std::size_t l = 1; l < hidden.size(); ++l) {
        if (l > 1) fl = edges.others[l - 2](run, graph, bins, fl);
        const auto& conv = others[l - 1];
        hidden[l] =
            norms[l](run, conv.add_edges(run, graph, fl, conv(run, graph, hidden[l - 1], &hidden[l - 1])), graph.node_groups);
      }
    }
    return concat(run, hidden);
  }
  /// Without messages between edges.
  template <class Context>
  constexpr Rows<Context, width, Node> encode(Context& run, const GraphTopology& graph,
                                              Rows<Context, Policy::node_features, Node> h) const {
    static_assert(!WithEdges);
    std::array<Rows<Context, S.width, Node>, static_cast<std::size_t>(S.layers)> hidden;
    hidden[0] = norms[0](run, first(run, graph, h), graph.node_groups);
    h = {};
    for (std::size_t l = 1; l < hidden.size(); ++l)
      hidden[l] = norms[l](run, others[l - 1](run, graph, hidden[l - 1], &hidden[l - 1]), graph.node_groups);
    return concat(run, hidden);
  }
};

} // namespace detail

/// GearNet without messages between edges (arXiv 2203.06125). `Policy` says what a node is and how many relations and features
/// there are: ResidueGraph, AtomGraph, or your own (data/graph_policy.hpp).
/// Rows depend on coordinates through distances only. Tensors `layers.<l>.*`, `batch_norms.<l>.*`.
template <class Policy, Shape S, Readout how = Readout::sum> struct GearNet : detail::GearNetStack<Policy, S, how, false> {
  using detail::GearNetStack<Policy, S, how, false>::GearNetStack;
};

/// GearNet-Edge, the encoder of SiamDiff (arXiv 2301.12068): edges pass messages by the angles they make, too. Depends on
/// coordinates through distances and angles only, so it is invariant under rotations, translations and reflections: it cannot
/// tell a structure from its mirror image. Tensors `layers.<l>.*`, `edge_layers.<l>.*`, `batch_norms.<l>.*`.
template <class Policy, Shape S, Readout how = Readout::sum> struct GearNetEdge : detail::GearNetStack<Policy, S, how, true> {
  using detail::GearNetStack<Policy, S, how, true>::GearNetStack;
};

} // namespace pleat::inline v0_1
