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
    std::span<const std::int32_t> columns = batch.node_columns;
    constexpr Index hot = Policy::node_columns;
    if constexpr (WithEdges) {
      const auto bins = angle_bins(run, graph, x);
      auto f = edges.first.one_hot(run, graph, bins, batch.edge_columns, Policy::edge_columns, distances(run, graph, x));
      auto h = first.template one_hot<Node>(run, graph, columns, hot);
      h = first.add_edges(run, graph, f, h, norms[0]);
      return further_layers(run, graph, std::move(h), bins, std::move(f));
    } else {
      return further_layers(run, graph, first.template one_hot<Node>(run, graph, columns, hot, &norms[0]));
    }
  }

  /// From any features of nodes (nodes, node_features), of edges (edges, edge_features) and tables of angle bins.
  template <class Context>
  constexpr Rows<Context, width, Node>
  encode(Context& run, const GraphTopology& graph, Rows<Context, Policy::node_features, Node> h,
         const Rows<Context, 1, std::uint8_t>& bins, Rows<Context, Policy::edge_features, Edge> f) const {
    static_assert(WithEdges);
    auto f1 = edges.first(run, graph, bins, f);
    f = {};
    auto h1 = first.add_edges(run, graph, f1, first(run, graph, h), norms[0]);
    h = {};
    return further_layers(run, graph, std::move(h1), bins, std::move(f1));
  }
  /// Without messages between edges.
  template <class Context>
  constexpr Rows<Context, width, Node> encode(Context& run, const GraphTopology& graph,
                                              Rows<Context, Policy::node_features, Node> h) const {
    static_assert(!WithEdges);
    auto h1 = first(run, graph, h, nullptr, &norms[0]);
    h = {};
    return further_layers(run, graph, std::move(h1));
  }

private:
  template <class Context> using Hidden = std::array<Rows<Context, S.width, Node>, static_cast<std::size_t>(S.layers)>;

  /// From the rows of the nodes after the first layer, `h`, and of the edges, `f`.
  template <class Context>
  constexpr Rows<Context, width, Node> further_layers(Context& run, const GraphTopology& graph, Rows<Context, S.width, Node> h,
                                                      const Rows<Context, 1, std::uint8_t>& bins,
                                                      Rows<Context, Policy::node_features, Edge> f) const {
    Hidden<Context> hidden;
    hidden[0] = std::move(h);
    if constexpr (S.layers > 1) {
      Rows<Context, S.width, Edge> fl = edges.second[0](run, graph, bins, f);
      f = {};
      for (std::size_t l = 1; l < hidden.size(); ++l) {
        if (l > 1) fl = edges.others[l - 2](run, graph, bins, fl);
        const auto& conv = others[l - 1];
        hidden[l] = conv.add_edges(run, graph, fl, conv(run, graph, hidden[l - 1], &hidden[l - 1]), norms[l]);
      }
    }
    return concat(run, hidden);
  }
  template <class Context>
  constexpr Rows<Context, width, Node> further_layers(Context& run, const GraphTopology& graph,
                                                      Rows<Context, S.width, Node> h) const {
    Hidden<Context> hidden;
    hidden[0] = std::move(h);
    for (std::size_t l = 1; l < hidden.size(); ++l)
      hidden[l] = others[l - 1](run, graph, hidden[l - 1], &hidden[l - 1], &norms[l]);
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
