#pragma once
/// \file  One pre-norm Transformer block, plain or told the time.

#include <pleat/core/shape.hpp>
#include <pleat/nn/attention.hpp>
#include <pleat/nn/conditioning.hpp>
#include <pleat/nn/feed_forward.hpp>
#include <pleat/nn/norm.hpp>

namespace pleat::inline v0_1 {

template <Shape S, class Conditioning = None> struct Block;

/// x + attention(norm1 x), then x + ffn(norm2 x).
template <Shape S> struct Block<S, None> {
  LayerNorm<S.width> norm1;
  SelfAttention<S.width, S.heads> attention;
  LayerNorm<S.width> norm2;
  FeedForward<S.width, S.hidden()> ffn;

  constexpr explicit Block(Layout at) : norm1(at / "norm1"), attention(at / "attention"), norm2(at / "norm2"), ffn(at / "ffn") {}

  template <class Context>
  constexpr Rows<Context, S.width> operator()(Context& run, Rows<Context, S.width> x, const Segments& segments) const {
    x = attend(run, x, segments);
    return ffn.out.add_to(run, x, ffn(run, norm2(run, x)));
  }
  /// The first half alone.
  template <class Context>
  constexpr Rows<Context, S.width> attend(Context& run, const Rows<Context, S.width>& x, const Segments& segments) const {
    return attention.output.add_to(run, x, attention(run, norm1(run, x), segments));
  }
};

/// The same with norms shifted and scaled, and branches gated, by the condition of the row's sequence.
template <Shape S> struct Block<S, Time> {
  Modulation<S.width> modulation1;
  SelfAttention<S.width, S.heads> attention;
  Modulation<S.width> modulation2;
  FeedForward<S.width, S.hidden()> ffn;

  constexpr explicit Block(Layout at)
      : modulation1(at / "modulation1"), attention(at / "attention"), modulation2(at / "modulation2"), ffn(at / "ffn") {}

  template <class Context>
  constexpr Rows<Context, S.width> operator()(Context& run, Rows<Context, S.width> x, const Segments& segments,
                                              const Rows<Context, S.width, Sequence>& condition) const {
    {
      const auto h = adaptive_norm(run, x, modulation1.shift(run, condition), modulation1.scale(run, condition), segments);
      x = gated_add(run, x, attention.output(run, attention(run, h, segments)), modulation1.gate(run, condition), segments);
    }
    const auto h = adaptive_norm(run, x, modulation2.shift(run, condition), modulation2.scale(run, condition), segments);
    return gated_add(run, x, ffn.out(run, ffn(run, h)), modulation2.gate(run, condition), segments);
  }
};

} // namespace pleat::inline v0_1
