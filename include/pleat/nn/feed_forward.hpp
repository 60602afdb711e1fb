#pragma once
/// \file  The two-layer map of a Transformer block.

#include <pleat/nn/linear.hpp>

namespace pleat::inline v0_1 {

/// `in` (Width to Hidden, erf GELU) and `out` (Hidden to Width).
template <Index Width, Index Hidden> struct FeedForward {
  Linear<Width, Hidden> in;
  Linear<Hidden, Width> out;

  constexpr explicit FeedForward(Layout at) : in(at / "in"), out(at / "out") {}

  /// The hidden rows, before `out`.
  template <class Context, class Space>
  constexpr Rows<Context, Hidden, Space> operator()(Context& run, const Rows<Context, Width, Space>& x) const {
    return in(run, x, Activation::Gelu);
  }
};

} // namespace pleat::inline v0_1
