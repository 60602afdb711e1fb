#pragma once
/// \file  Geometric vector perceptrons (Jing et al. 2021, "Learning from protein structure with geometric vector perceptrons";
/// gates: Jing et al. 2021, "Equivariant graph neural networks for 3D macromolecular structure").

#include <pleat/nn/field.hpp>
#include <pleat/nn/linear.hpp>
#include <pleat/ops/gather_rows.hpp>
#include <pleat/ops/sigmoid.hpp>
#include <pleat/ops/vector_gate.hpp>

namespace pleat::inline v0_1 {

/// What is done to the vectors at the end of a perceptron. `Gate`: scaled by sigmoid(W s'' + b) of the scalars s'' before their
/// activation (SiamDiff). `SigmoidGate`: of sigmoid(s'') instead. `Length`: by the sigmoid of their own length, no parameters.
/// `None`: nothing.
enum class VectorActivation : unsigned char { None, Gate, SigmoidGate, Length };

/// Options of a perceptron; hidden 0 means the larger of the two numbers of vector channels.
struct PerceptronOptions {
  Activation scalars = Activation::Relu;
  VectorActivation vectors = VectorActivation::Gate;
  Index hidden = 0;
  /// The options of the last perceptron of a row of them: as these, scalars without an activation; a gate stays.
  constexpr PerceptronOptions last() const {
    using enum VectorActivation;
    return {Activation::None, vectors == SigmoidGate ? Gate : vectors == Length ? None : vectors, hidden};
  }
  constexpr bool gated() const { return vectors == VectorActivation::Gate || vectors == VectorActivation::SigmoidGate; }
  friend constexpr bool operator==(const PerceptronOptions&, const PerceptronOptions&) = default;
};

namespace detail {
/// Deviation of the uniform law on +-1 / sqrt(fan_in), with which the published models start.
constexpr Init fan_in_law(Index fan_in) {
  const double square = 1.0 / (3.0 * static_cast<double>(fan_in));
  double root = 1;
  for (int i = 0; i < 60; ++i) root = 0.5 * (root + square / root);
  return init::normal(root);
}
} // namespace detail

/// A map of channels without a bias, tensor `weight` (Out, In): of invariant rows or, as it commutes with rotations, of vectors.
template <Index In, Index Out> struct ChannelMap {
  Matrix<Out, In> weight;

  constexpr explicit ChannelMap(Layout at, Index fan_in = In)
      : weight(at.template matrix<Out, In>("weight", detail::fan_in_law(fan_in))) {}

  template <class Context, class Space>
  constexpr Rows<Context, Out, Space> operator()(Context& run, const Rows<Context, In, Space>& x) const {
    return linear(run, weight, x);
  }
  /// residual + x W^T.
  template <class Context, class Space>
  constexpr Rows<Context, Out, Space> add_to(Context& run, const Rows<Context, Out, Space>& residual,
                                             const Rows<Context, In, Space>& x) const {
    return linear_add(run, weight, x, residual);
  }
  /// Rows of another width: refused in one sentence.
  template <class Context, Index Width, class Space>
  constexpr Rows<Context, Out, Space> operator()(Context&, const Rows<Context, Width, Space>&) const {
    detail::refuse_width<Width, In>();
    return {};
  }
};

/// The same with a bias, tensors `weight` and `bias` (Out): invariant rows only.
template <Index In, Index Out> struct BiasedMap {
  Matrix<Out, In> weight;
  Vector<Out> bias;

  constexpr explicit BiasedMap(Layout at, Index fan_in = In)
      : weight(at.template matrix<Out, In>("weight", detail::fan_in_law(fan_in))),
        bias(at.template vector<Out>("bias", detail::fan_in_law(fan_in))) {}

  template <class Context, class Space>
  constexpr Rows<Context, Out, Space> operator()(Context& run, const Rows<Context, In, Space>& x,
                                                 Activation activation = Activation::None) const {
    return linear(run, weight, bias, x, activation);
  }
  template <class Context, Index Width, class Space>
  constexpr Rows<Context, Out, Space> operator()(Context&, const Rows<Context, Width, Space>&,
                                                 Activation = Activation::None) const {
    detail::refuse_width<Width, In>();
    return {};
  }
};

/// What follows the mixed vectors V_h and the mixed scalars s' of a perceptron: V' = W_v V_h, its gate, and the activation of s'.
template <Index Hidden, Channels Out, PerceptronOptions O> struct PerceptronHead {
  ChannelMap<Hidden, Out.vectors> vector;
  BiasedMap<Out.scalars, Out.vectors> gate; // without gates: a handle that is never placed

  constexpr explicit PerceptronHead(Layout at) : vector(at / "vector"), gate(at / "gate") {}

  template <class Context, class Space>
  constexpr Field<Context, Out, Space> operator()(Context& run, const Rows<Context, Hidden, Equivariant<Space>>& hidden,
                                                  const Rows<Context, Out.scalars, Space>& scalars) const {
    auto vectors = vector(run, hidden);
    if constexpr (O.vectors == VectorActivation::Gate)
      vectors = vector_gate(run, vectors, gate(run, scalars));
    else
      vectors = vector_gate(run, vectors, gate(run, sigmoid(run, scalars)));
    return {activate(run, scalars, O.scalars), std::move(vectors)};
  }
};

template <Index Hidden, Channels Out, PerceptronOptions O>
requires(Out.vectors > 0 && !O.gated()) struct PerceptronHead<Hidden, Out, O> {
  ChannelMap<Hidden, Out.vectors> vector;

  constexpr explicit PerceptronHead(Layout at) : vector(at / "vector") {}

  template <class Context, class Space>
  constexpr Field<Context, Out, Space> operator()(Context& run, const Rows<Context, Hidden, Equivariant<Space>>& hidden,
                                                  const Rows<Context, Out.scalars, Space>& scalars) const {
    auto vectors = vector(run, hidden);
    if constexpr (O.vectors == VectorActivation::Length) vectors = vector_gate(run, vectors, vector_norm(run, vectors));
    return {activate(run, scalars, O.scalars), std::move(vectors)};
  }
};

template <Index Hidden, Channels Out, PerceptronOptions O>
requires(Out.vectors == 0) struct PerceptronHead<Hidden, Out, O> {
  constexpr explicit PerceptronHead(Layout) {}

  template <class Context, class Space>
  constexpr Field<Context, Out, Space> operator()(Context& run, const Rows<Context, Hidden, Equivariant<Space>>&,
                                                  const Rows<Context, Out.scalars, Space>& scalars) const {
    return {activate(run, scalars, O.scalars)};
  }
};

/// One perceptron: V_h = W_h V, s' = W_s s + W_n |V_h| + b, then PerceptronHead. Tensors: `hidden.weight` (h, in vectors),
/// `scalar.weight` and `scalar.bias` (out, in scalars), `norm.weight` (out, h): the two halves of the published matrix that acts
/// on [s, |V_h|]; `vector.weight`, `gate.*`.
template <Channels In, Channels Out, PerceptronOptions O = PerceptronOptions{}> struct Perceptron {
  static_assert(In.scalars > 0 && Out.scalars > 0 && In.vectors >= 0 && Out.vectors >= 0,
                "pleat: a vector perceptron needs at least one scalar channel on either side; write Channels{.scalars = 100, "
                ".vectors = 16}, say.");
  static constexpr Index hidden_vectors = O.hidden > 0 ? O.hidden : In.vectors > Out.vectors ? In.vectors : Out.vectors;
  ChannelMap<In.vectors, hidden_vectors> hidden;
  BiasedMap<In.scalars, Out.scalars> scalar;
  ChannelMap<hidden_vectors, Out.scalars> norm;
  PerceptronHead<hidden_vectors, Out, O> head;

  constexpr explicit Perceptron(Layout at)
      : hidden(at / "hidden"), scalar(at / "scalar", In.scalars + hidden_vectors), norm(at / "norm", In.scalars + hidden_vectors),
        head(at) {}

  template <class Context, class Space>
  constexpr Field<Context, Out, Space> operator()(Context& run, const Field<Context, In, Space>& x) const {
    const auto mixed = hidden(run, x.vectors);
    return head(run, mixed, norm.add_to(run, scalar(run, x.scalars), vector_norm(run, mixed)));
  }
  /// A field of other channels: refused in one sentence.
  template <class Context, Channels Other, class Space>
  constexpr Field<Context, Out, Space> operator()(Context&, const Field<Context, Other, Space>&) const {
    detail::refuse_channels<Other, In>();
    return {};
  }
};

/// From scalars alone: vectors, where there are some, are zero. Tensors `scalar.*`.
template <Channels In, Channels Out, PerceptronOptions O>
requires(In.vectors == 0) struct Perceptron<In, Out, O> {
  BiasedMap<In.scalars, Out.scalars> scalar;

  constexpr explicit Perceptron(Layout at) : scalar(at / "scalar") {}

  template <class Context, class Space>
  constexpr Field<Context, Out, Space> operator()(Context& run, const Field<Context, In, Space>& x) const {
    auto scalars = scalar(run, x.scalars, O.scalars);
    if constexpr (Out.vectors > 0)
      return with_zero_vectors<Out.vectors>(run, scalars);
    else
      return {std::move(scalars)};
  }
  template <class Context, Channels Other, class Space>
  constexpr Field<Context, Out, Space> operator()(Context&, const Field<Context, Other, Space>&) const {
    detail::refuse_channels<Other, In>();
    return {};
  }
};

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
  Perceptron<Node, Node, O> second;
  Perceptron<Node, Node, O.last()> third;

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
  Perceptron<Node, inner, O> in;
  Perceptron<inner, Node, O.last()> out;

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
