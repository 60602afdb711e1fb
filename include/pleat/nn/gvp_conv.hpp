#pragma once
/// \file  Graph convolution with geometric vector perceptrons (nn/gvp.hpp): messages, their mean, and the layer around it.

#include <pleat/nn/gvp.hpp>
#include <pleat/ops/gather_rows.hpp>

namespace pleat::inline v0_1 {

/// The perceptron of a message, which acts on [source; edge; target]. Its two products are formed part by part, those of the
/// nodes once per node, and summed at the edges: equal to the map of the concatenation, which is never formed. Tensors: the parts
/// `hidden.source.weight`, `hidden.edge.weight`, `hidden.target.weight`, `scalar.source.weight`, `scalar.edge.weight`,
/// `scalar.edge.bias`, `scalar.target.weight`, `norm.weight`, `vector.weight`, `gate.*`.
template <Channels Node, Channels Edges, Channels Out, PerceptronOptions O = PerceptronOptions{}> struct MessagePerceptron {
  static_assert(Node.vectors > 0 && Edges.vectors > 0,
                "pleat: messages of vector perceptrons need vector channels in nodes and edges.");
  static constexpr Index vectors_in = 2 * Node.vectors + Edges.vectors, scalars_in = 2 * Node.scalars + Edges.scalars;
  static constexpr Index hidden_vectors = O.hidden > 0 ? O.hidden : vectors_in > Out.vectors ? vectors_in : Out.vectors;
  static constexpr Index fan_in = scalars_in + hidden_vectors;
  ChannelMap<Node.vectors, hidden_vectors> hidden_source;
  ChannelMap<Edges.vectors, hidden_vectors> hidden_edge;
  ChannelMap<Node.vectors, hidden_vectors> hidden_target;
  ChannelMap<Node.scalars, Out.scalars> scalar_source;
  BiasedMap<Edges.scalars, Out.scalars> scalar_edge;
  ChannelMap<Node.scalars, Out.scalars> scalar_target;
  ChannelMap<hidden_vectors, Out.scalars> norm;
  PerceptronHead<hidden_vectors, Out, O> head;

  constexpr explicit MessagePerceptron(Layout at)
      : hidden_source(at / "hidden" / "source", vectors_in), hidden_edge(at / "hidden" / "edge", vectors_in),
        hidden_target(at / "hidden" / "target", vectors_in), scalar_source(at / "scalar" / "source", fan_in),
        scalar_edge(at / "scalar" / "edge", fan_in), scalar_target(at / "scalar" / "target", fan_in), norm(at / "norm", fan_in),
        head(at) {}

  template <class Context, class Space>
  constexpr Field<Context, Out, Edge> operator()(Context& run, const GraphTopology& topology,
                                                 const Field<Context, Node, Space>& nodes,
                                                 const Field<Context, Edges, Edge>& edges) const {
    const auto mixed = gather_add(run, topology, hidden_source(run, nodes.vectors), hidden_target(run, nodes.vectors),
                                  hidden_edge(run, edges.vectors));
    auto scalars = gather_add(run, topology, scalar_source(run, nodes.scalars), scalar_target(run, nodes.scalars),
                              scalar_edge(run, edges.scalars));
    scalars = norm.add_to(run, scalars, vector_norm(run, mixed));
    return head(run, mixed, scalars);
  }
};

/// Messages along the edges, the mean of those that arrive: three perceptrons, the last one without activation. Tensors
/// `message.0.*`, `message.1.*`, `message.2.*`.
template <Channels Node, Channels Edges, PerceptronOptions O = PerceptronOptions{}> struct GvpConv {
  MessagePerceptron<Node, Edges, Node, O> first;
  VectorPerceptron<Node, Node, O> second;
  VectorPerceptron<Node, Node, O.last()> third;

  constexpr explicit GvpConv(Layout at)
      : first(at / "message" / Index{0}), second(at / "message" / Index{1}), third(at / "message" / Index{2}) {}

  template <class Context, class Space>
  constexpr Field<Context, Node, Space> operator()(Context& run, const GraphTopology& topology,
                                                   const Field<Context, Node, Space>& nodes,
                                                   const Field<Context, Edges, Edge>& edges) const {
    return segment_mean<Space>(run, topology, third(run, second(run, first(run, topology, nodes, edges))));
  }
};

/// x <- norm(x + drop(conv(x))), then x <- norm(x + drop(feed-forward(x))) with 4 times the scalars and twice the vectors inside.
/// Tensors `conv.*`, `norm.0.*`, `norm.1.*`, `feed_forward.0.*`, `feed_forward.1.*`.
template <Channels Node, Channels Edges, PerceptronOptions O = PerceptronOptions{}> struct GvpConvLayer {
  static constexpr Channels inner{4 * Node.scalars, 2 * Node.vectors};
  GvpConv<Node, Edges, O> conv;
  FieldNorm<Node> norm0, norm1;
  VectorPerceptron<Node, inner, O> in;
  VectorPerceptron<inner, Node, O.last()> out;

  constexpr explicit GvpConvLayer(Layout at)
      : conv(at / "conv"), norm0(at / "norm" / Index{0}), norm1(at / "norm" / Index{1}), in(at / "feed_forward" / Index{0}),
        out(at / "feed_forward" / Index{1}) {}

  /// `rate` of the dropout of both halves; the batch must outlive the pass.
  template <class Context, class Space>
  constexpr Field<Context, Node, Space> operator()(Context& run, const GraphBatch& batch, Field<Context, Node, Space> x,
                                                   const Field<Context, Edges, Edge>& edges, double rate = 0) const {
    x = norm0(run, add(run, x, dropout(run, conv(run, batch.topology, x, edges), rate, noise_rows(batch))));
    return norm1(run, add(run, x, dropout(run, out(run, in(run, x)), rate, noise_rows(batch))));
  }
};

} // namespace pleat::inline v0_1
