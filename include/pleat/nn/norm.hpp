#pragma once
/// \file  Layer normalisation with its own gain and bias.

#include <pleat/ops/layer_norm.hpp>

namespace pleat::inline v0_1 {

/// Tensors `weight` (Width, starts at 1) and `bias` (Width, starts at 0); epsilon 1e-5 as in ESM-2.
template <Index Width> struct LayerNorm {
  Vector<Width> weight, bias;

  constexpr explicit LayerNorm(Layout at)
      : weight(at.vector<Width>("weight", init::one)), bias(at.vector<Width>("bias", init::zero)) {}

  template <class Context, class Space>
  constexpr Rows<Context, Width, Space> operator()(Context& run, const Rows<Context, Width, Space>& x) const {
    return layer_norm(run, weight, bias, x);
  }
  /// Rows of another width: refused in one sentence.
  template <class Context, Index Other, class Space>
  constexpr Rows<Context, Width, Space> operator()(Context&, const Rows<Context, Other, Space>&) const {
    detail::refuse_width<Other, Width>();
    return {};
  }
};

} // namespace pleat::inline v0_1
