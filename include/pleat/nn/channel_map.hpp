#pragma once
/// \file  Maps of channels: without a bias they may act on vectors, with one on invariant rows only.

#include <pleat/ops/linear.hpp>

namespace pleat::inline v0_1 {

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

} // namespace pleat::inline v0_1
