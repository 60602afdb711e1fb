#pragma once
/// \file  A stack of Transformer blocks: rows to rows. Encoders, decoders and denoisers are made of it.

#include <array>
#include <utility>

#include <pleat/nn/block.hpp>

namespace pleat::inline v0_1 {

/// `layers.<i>` and a final norm `norm`. Depth is a run-time loop over identical blocks: one instantiation however deep.
template <Shape S, class Conditioning = None> struct Trunk {
  static_assert(
      S.layers > 0 && S.width > 0,
      "pleat: a trunk needs at least one layer and one channel; write Shape{.layers = 6, .width = 320, .heads = 20}, say.");
  static constexpr Shape shape = S;
  static constexpr Index width = S.width;
  std::array<Block<S, Conditioning>, static_cast<std::size_t>(S.layers)> layers;
  LayerNorm<S.width> norm;

  constexpr explicit Trunk(Layout at)
      : layers(make(at / "layers", std::make_index_sequence<static_cast<std::size_t>(S.layers)>{})), norm(at / "norm") {}

  /// All blocks, then the final norm. `extra` is nothing, or the condition (sequences, width).
  template <class Context, class... Extra>
  constexpr Rows<Context, S.width> operator()(Context& run, Rows<Context, S.width> x, const Segments& segments,
                                              const Extra&... extra) const {
    return norm(run, hidden(run, std::move(x), segments, S.layers, extra...));
  }

  /// The rows after the first `depth` blocks, without the final norm.
  template <class Context, class... Extra>
  constexpr Rows<Context, S.width> hidden(Context& run, Rows<Context, S.width> x, const Segments& segments, Index depth,
                                          const Extra&... extra) const {
    for (Index i = 0; i < depth; ++i) x = layers[static_cast<std::size_t>(i)](run, std::move(x), segments, extra...);
    return x;
  }

private:
  template <std::size_t... Number>
  static constexpr std::array<Block<S, Conditioning>, sizeof...(Number)> make(Layout at, std::index_sequence<Number...>) {
    return {Block<S, Conditioning>(at / static_cast<Index>(Number))...};
  }
};

} // namespace pleat::inline v0_1
