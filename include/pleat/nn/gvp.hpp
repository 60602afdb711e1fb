#pragma once
/// \file  Geometric vector perceptrons (Jing et al. 2021, "Learning from protein structure with geometric vector perceptrons";
/// gates: Jing et al. 2021, "Equivariant graph neural networks for 3D macromolecular structure").

#include <pleat/nn/channel_map.hpp>
#include <pleat/nn/field.hpp>
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

/// What follows the mixed vectors V_h and the mixed scalars s' of a perceptron: V' = W_v V_h, its gate, and the activation of s'.
template <Index Hidden, Channels Out, PerceptronOptions O> struct PerceptronHead {
  ChannelMap<Hidden, Out.vectors> vector;
  BiasedMap<Out.scalars, Out.vectors> gate;

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
template <Channels In, Channels Out, PerceptronOptions O = PerceptronOptions{}> struct VectorPerceptron {
  static_assert(In.scalars > 0 && Out.scalars > 0 && In.vectors >= 0 && Out.vectors >= 0,
                "pleat: a vector perceptron needs at least one scalar channel on either side; write Channels{.scalars = 100, "
                ".vectors = 16}, say.");
  static constexpr Index hidden_vectors = O.hidden > 0 ? O.hidden : In.vectors > Out.vectors ? In.vectors : Out.vectors;
  ChannelMap<In.vectors, hidden_vectors> hidden;
  BiasedMap<In.scalars, Out.scalars> scalar;
  ChannelMap<hidden_vectors, Out.scalars> norm;
  PerceptronHead<hidden_vectors, Out, O> head;

  constexpr explicit VectorPerceptron(Layout at)
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
requires(In.vectors == 0) struct VectorPerceptron<In, Out, O> {
  BiasedMap<In.scalars, Out.scalars> scalar;

  constexpr explicit VectorPerceptron(Layout at) : scalar(at / "scalar") {}

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

} // namespace pleat::inline v0_1
