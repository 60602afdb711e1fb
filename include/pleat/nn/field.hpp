#pragma once
/// \file  Fields: rows of scalars and vector channels that belong together.

#include <pleat/core/symmetry.hpp>
#include <pleat/nn/norm.hpp>
#include <pleat/ops/add.hpp>
#include <pleat/ops/segment_mean.hpp>
#include <pleat/ops/dropout.hpp>
#include <pleat/ops/vector_layer_norm.hpp>
#include <pleat/ops/zero_rows.hpp>

namespace pleat::inline v0_1 {

/// How many channels of each kind a field has: `Channels{.scalars = 100, .vectors = 16}`, a structural value.
struct Channels {
  Index scalars = 0, vectors = 0;
  friend constexpr bool operator==(const Channels&, const Channels&) = default;
};

/// Invariant scalars (count, C.scalars) and vectors (count, C.vectors, 3) of the same rows of `Space`. The vectors lie as three
/// rows of C.vectors channels (x, y, z) for each row, so that a map of channels is one product over all of them.
template <class Context, Channels C, class Space> struct Field {
  static constexpr Channels channels = C;
  Rows<Context, C.scalars, Space> scalars;
  Rows<Context, C.vectors, Equivariant<Space>> vectors;

  constexpr Index count() const { return scalars.count(); }
};

/// Without vector channels.
template <class Context, Channels C, class Space>
requires(C.vectors == 0) struct Field<Context, C, Space> {
  static constexpr Channels channels = C;
  Rows<Context, C.scalars, Space> scalars;

  constexpr Index count() const { return scalars.count(); }
};

/// a + b, scalars and vectors.
template <class Context, Channels C, class Space>
constexpr Field<Context, C, Space> add(Context& run, const Field<Context, C, Space>& a, const Field<Context, C, Space>& b) {
  if constexpr (C.vectors > 0)
    return {add(run, a.scalars, b.scalars), add(run, a.vectors, b.vectors)};
  else
    return {add(run, a.scalars, b.scalars)};
}

/// Dropout of scalars and of whole vectors, as two draws; the batch must outlive the pass.
template <class Context, Channels C, class Space>
constexpr Field<Context, C, Space> dropout(Context& run, const Field<Context, C, Space>& x, double rate,
                                           const SequenceBatch& batch) {
  if constexpr (C.vectors > 0) {
    auto scalars = dropout(run, x.scalars, rate, batch); // the order of draws is part of the result
    return {std::move(scalars), vector_dropout(run, x.vectors, rate, batch)};
  } else {
    return {dropout(run, x.scalars, rate, batch)};
  }
}

/// Mean over the edges into each node, scalars and vectors; zeros where there is none.
template <class Node, class Context, Channels C, class Space>
constexpr Field<Context, C, Node> segment_mean(Context& run, const GraphTopology& topology, const Field<Context, C, Space>& x) {
  if constexpr (C.vectors > 0)
    return {segment_mean<Node>(run, topology, x.scalars), segment_mean<Node>(run, topology, x.vectors)};
  else
    return {segment_mean<Node>(run, topology, x.scalars)};
}

/// Scalars with vectors of zero.
template <Index Vectors, class Context, Index Scalars, class Space>
constexpr Field<Context, Channels{Scalars, Vectors}, Space> with_zero_vectors(Context& run,
                                                                              const Rows<Context, Scalars, Space>& scalars) {
  return {scalars, zero_rows<Vectors, Equivariant<Space>>(run, vector_components * scalars.count())};
}

namespace detail {
template <Channels Got, Channels Needed> constexpr void refuse_channels() {
  static_assert(
      Got == Needed,
      "pleat: a layer was called with a field of other channels than it was made for; check the Channels of the model.");
}
} // namespace detail

/// Layer normalisation of a field (Jing et al. 2021, "GVP"): the ordinary one for the scalars, tensors `weight` and `bias`, and
/// `vector_layer_norm`, which has none, for the vectors.
template <Channels C> struct FieldNorm {
  LayerNorm<C.scalars> scalars;

  constexpr explicit FieldNorm(Layout at) : scalars(at) {}

  template <class Context, class Space>
  constexpr Field<Context, C, Space> operator()(Context& run, const Field<Context, C, Space>& x) const {
    if constexpr (C.vectors > 0)
      return {scalars(run, x.scalars), vector_layer_norm(run, x.vectors)};
    else
      return {scalars(run, x.scalars)};
  }
  /// A field of other channels: refused in one sentence.
  template <class Context, Channels Other, class Space>
  constexpr Field<Context, C, Space> operator()(Context&, const Field<Context, Other, Space>&) const {
    detail::refuse_channels<Other, C>();
    return {};
  }
};

} // namespace pleat::inline v0_1
