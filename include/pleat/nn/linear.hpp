#pragma once
/// \file  Affine layer.

#include <pleat/ops/linear.hpp>

namespace pleat::inline v0_1 {

/// y = x W^T + b, tensors `weight` (Out, In) and `bias` (Out).
template <Index InWidth, Index OutWidth> struct Linear {
  static constexpr Index in = InWidth, out = OutWidth;
  Matrix<OutWidth, InWidth> weight;
  Vector<OutWidth> bias;

  constexpr explicit Linear(Layout at, Init law = init::lecun)
      : weight(at.matrix<OutWidth, InWidth>("weight", law)), bias(at.vector<OutWidth>("bias", init::zero, Decay::no)) {}

  template <class Context, class Space>
  constexpr Rows<Context, OutWidth, Space> operator()(Context& run, const Rows<Context, InWidth, Space>& x,
                                                      Activation activation = Activation::None) const {
    return linear(run, weight, bias, x, activation);
  }
  /// Rows of another width: refused in one sentence.
  template <class Context, Index Width, class Space>
  constexpr Rows<Context, OutWidth, Space> operator()(Context&, const Rows<Context, Width, Space>&,
                                                      Activation = Activation::None) const {
    detail::refuse_width<Width, InWidth>();
    return {};
  }
  /// residual + (x W^T + b), in one store.
  template <class Context, class Space>
  constexpr Rows<Context, OutWidth, Space> add_to(Context& run, const Rows<Context, OutWidth, Space>& residual,
                                                  const Rows<Context, InWidth, Space>& x) const {
    return linear_add(run, weight, bias, x, residual);
  }
  template <class Context, class A, class B>
  constexpr Rows<Context, OutWidth, A> add_to(Context& run, const Rows<Context, OutWidth, A>& residual,
                                              const Rows<Context, InWidth, B>& x) const {
    return linear_add(run, weight, bias, x, residual);
  }
};

} // namespace pleat::inline v0_1
