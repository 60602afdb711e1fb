#pragma once
/// \file  Latents back to residues: a Transformer that never sees the tokens.

#include <pleat/encoders/transformer.hpp>

namespace pleat::inline v0_1 {

/// Token scores (rows, 33) from latents (rows, width). Tensors: `trunk.*`, `head.weight`, `head.bias`.
template <Shape S> struct Decoder {
  static constexpr Shape shape = S;
  static constexpr Index width = S.width, classes = vocabulary_size;
  Trunk<S> trunk;
  Linear<S.width, vocabulary_size> head;

  constexpr explicit Decoder(Layout at) : trunk(at / "trunk"), head(at / "head") {}

  template <class Context>
  constexpr Rows<Context, vocabulary_size> operator()(Context& run, const Rows<Context, S.width>& latents,
                                                      const Segments& segments) const {
    return head(run, trunk(run, latents, segments));
  }
};

} // namespace pleat::inline v0_1
