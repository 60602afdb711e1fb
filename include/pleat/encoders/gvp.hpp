#pragma once
/// \file  The geometric vector perceptron encoder of SiamDiff: atoms to invariant rows (docs/symmetry.md).

#include <array>
#include <utility>

#include <pleat/core/error.hpp>
#include <pleat/core/graph.hpp>
#include <pleat/encoders/readout.hpp>
#include <pleat/nn/gvp_conv.hpp>
#include <pleat/ops/distance.hpp>
#include <pleat/ops/edge_vectors.hpp>
#include <pleat/ops/one_hot.hpp>
#include <pleat/ops/rbf.hpp>

namespace pleat::inline v0_1 {

/// `GvpShape{.layers = 5}`: the published numbers are the defaults.
struct GvpShape {
  Index layers = 5;
  Channels node{100, 16}; ///< of a node between the layers
  Channels edge{32, 1};   ///< of an edge
  Index input = 18;       ///< channels in which a node begins
  Index centres = 16;     ///< radial basis functions of the length of an edge
  double reach = 20;      ///< Angstrom, the last of their centres
  double dropout = 0.1;   ///< of every layer, in training
  friend constexpr bool operator==(const GvpShape&, const GvpShape&) = default;
};

/// Graphs to one invariant row of `width` channels per node: a node begins as a sum of columns of `embedding`, an edge as the
/// radial basis functions of its length and its vector; vectors of nodes begin as zero and come from the edges. The rows do not
/// change when the structure is rotated, moved or mirrored (L and D amino acids look the same). `Policy` says what
/// a node is and which columns it has: AtomGraph as published, or another (data/graph_policy.hpp). Tensors: `embedding.weight`,
/// `node.*`, `edge.*`, `layers.<i>.*`, `out.*`.
template <class Policy, GvpShape S = GvpShape{}> struct Gvp {
  static_assert(S.layers > 0 && S.input > 0, "pleat: a Gvp encoder needs at least one layer; write GvpShape{.layers = 5}, say.");
  using Input = GraphBatch;
  using Graphs = Policy;
  using Node = typename Policy::Node;
  static constexpr GvpShape shape = S;
  static constexpr Index width = S.node.scalars;
  static constexpr Readout readout = Readout::mean; ///< of `read_out`, from nodes to graphs
  static constexpr PerceptronOptions linear_options{.scalars = Activation::None};
  static constexpr Channels node_in{S.input, 0}, edge_in{S.centres, 1}, node_out{S.node.scalars, 0};
  using Layer = GvpConvLayer<S.node, S.edge>;

  Matrix<S.input, Policy::node_features> embedding_weight;
  FieldNorm<node_in> node_norm;
  VectorPerceptron<node_in, S.node, linear_options> node_map;
  FieldNorm<edge_in> edge_norm;
  VectorPerceptron<edge_in, S.edge, linear_options> edge_map;
  std::array<Layer, static_cast<std::size_t>(S.layers)> layers;
  FieldNorm<S.node> out_norm;
  VectorPerceptron<S.node, node_out> out_map;

  constexpr explicit Gvp(Layout at)
      : embedding_weight(
            (at / "embedding").template matrix<S.input, Policy::node_features>("weight", init::normal(1), Decay::no)),
        node_norm(at / "node" / "norm"), node_map(at / "node" / "map"), edge_norm(at / "edge" / "norm"),
        edge_map(at / "edge" / "map"),
        layers(make(at / "layers", std::make_index_sequence<static_cast<std::size_t>(S.layers)>{})),
        out_norm(at / "out" / "norm"), out_map(at / "out" / "map") {}

  /// One row per node at the positions of the batch.
  template <class Context> constexpr Rows<Context, width, Node> operator()(Context& run, const GraphBatch& batch) const {
    return (*this)(run, batch, coordinates<Node>(run, batch.positions));
  }
  /// The same at other positions (noised ones, say); differentiable in them. The batch must outlive the pass.
  template <class Context>
  constexpr Rows<Context, width, Node> operator()(Context& run, const GraphBatch& batch,
                                                  const Rows<Context, 1, Coordinates<Node>>& positions) const {
    return out_map(run, out_norm(run, fields(run, batch, positions))).scalars;
  }
  /// Scalars and vectors of the nodes after the last layer, before the last norm: the vectors turn with the structure.
  template <class Context>
  constexpr Field<Context, S.node, Node> fields(Context& run, const GraphBatch& batch,
                                                const Rows<Context, 1, Coordinates<Node>>& positions) const {
    auto x = embed_nodes(run, batch);
    const auto e = embed_edges(run, batch, positions);
    for (Index i = 0; i < S.layers; ++i) x = layers[static_cast<std::size_t>(i)](run, batch, std::move(x), e, S.dropout);
    return x;
  }

private:
  template <class Context> constexpr Field<Context, S.node, Node> embed_nodes(Context& run, const GraphBatch& batch) const {
    const Index nodes = batch.topology.node_count();
    if (static_cast<Index>(batch.node_columns.size()) != nodes * Policy::node_columns)
      fail("this Gvp reads the ", Policy::name, ", whose nodes have ", Policy::node_columns,
           " columns that are 1, and was handed ", batch.node_columns.size(), " for ", nodes,
           " nodes; make the batch with OwnedGraphs of the encoder's own graph");
    const auto columns = one_hot<Policy::node_features, Node>(run, batch.node_columns, Policy::node_columns, nodes);
    return node_map(run, node_norm(run, Field<Context, node_in, Node>{linear(run, embedding_weight, columns)}));
  }
  template <class Context>
  constexpr Field<Context, S.edge, Edge> embed_edges(Context& run, const GraphBatch& batch,
                                                     const Rows<Context, 1, Coordinates<Node>>& positions) const {
    auto vectors = edge_vectors(run, batch.topology, positions);
    auto lengths = rbf<S.centres>(run, vector_norm(run, vectors), 0.0, S.reach);
    return edge_map(run, edge_norm(run, Field<Context, edge_in, Edge>{std::move(lengths), std::move(vectors)}));
  }
  template <std::size_t... Number>
  static constexpr std::array<Layer, sizeof...(Number)> make(Layout at, std::index_sequence<Number...>) {
    return {Layer(at / static_cast<Index>(Number))...};
  }
};

} // namespace pleat::inline v0_1
