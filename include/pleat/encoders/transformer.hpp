#pragma once
/// \file  The sequence encoder of LSD: residues to latents with a rotary pre-norm Transformer.

#include <pleat/core/concepts.hpp>
#include <pleat/core/tokens.hpp>
#include <pleat/nn/trunk.hpp>
#include <pleat/ops/embedding.hpp>

namespace pleat::inline v0_1 {

/// One latent row per residue, no special tokens. Tensors: `embedding.weight` (33, width), `trunk.*`.
template <Shape S> struct Transformer {
  using Input = SequenceBatch;
  static constexpr Shape shape = S;
  static constexpr Index width = S.width;
  Matrix<vocabulary_size, S.width> embedding_weight;
  Trunk<S> trunk;

  constexpr explicit Transformer(Layout at)
      : embedding_weight((at / "embedding").template table<vocabulary_size, S.width>("weight", init::normal(0.5))),
        trunk(at / "trunk") {}

  template <class Context>
  constexpr Rows<Context, S.width> operator()(Context& run, const SequenceBatch& batch,
                                              std::span<const std::uint8_t> tokens) const {
    return trunk(run, embedding(run, embedding_weight, tokens), batch.segments);
  }
};

} // namespace pleat::inline v0_1
