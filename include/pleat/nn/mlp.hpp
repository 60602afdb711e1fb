#pragma once
/// \file  Heads of three layers.

#include <pleat/nn/channel_map.hpp>

namespace pleat::inline v0_1 {

/// In -> Hidden -> Hidden -> Out with ReLU between, nothing after the last: the heads of SiamDiff. Tensors
/// `layers.<l>.{weight,bias}`.
template <Index In, Index Hidden, Index Out> struct Mlp {
  static constexpr Index in = In, out = Out;
  BiasedMap<In, Hidden> first;
  BiasedMap<Hidden, Hidden> second;
  BiasedMap<Hidden, Out> third;

  constexpr explicit Mlp(Layout at)
      : first(at / "layers" / Index(0)), second(at / "layers" / Index(1)), third(at / "layers" / Index(2)) {}

  template <class Context, class Space>
  constexpr Rows<Context, Out, Space> operator()(Context& run, const Rows<Context, In, Space>& x) const {
    return third(run, second(run, first(run, x, Activation::Relu), Activation::Relu));
  }
};

} // namespace pleat::inline v0_1
