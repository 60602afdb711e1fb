#pragma once
/// \file  The autoencoder of LSD: encoder, bottleneck, decoder; the bottleneck policy makes it LSD-TN, LSD-NM or an MLM.

#include <pleat/bottlenecks/masking.hpp>
#include <pleat/bottlenecks/noise_mask.hpp>
#include <pleat/bottlenecks/token_norm.hpp>
#include <pleat/encoders/decoder.hpp>
#include <pleat/ops/cross_entropy.hpp>

namespace pleat::inline v0_1 {

/// Loss of one batch and its parts. `row_hit` is 1 where the best-scored token is the true one, `row_loss` the cross-entropy in
/// nats per residue.
template <class Context> struct AutoencoderLoss {
  Scalar<Context> loss, reconstruction, penalty;
  Rows<Context, 1, typename Context::Stream> row_loss, row_hit;
};

/// Tensors `encoder.*`, `bottleneck.*`, `decoder.*`.
template <class EncoderPolicy, class BottleneckType, class DecoderPolicy> struct Autoencoder {
  static_assert(SequenceEncoder<EncoderPolicy>, "pleat: the first argument of Autoencoder must be an encoder of sequences: a constructor "
                                                "from Layout, Input = SequenceBatch and a width (core/concepts.hpp).");
  static_assert(BottleneckPolicy<BottleneckType>, "pleat: the second argument of Autoencoder must be a bottleneck: a name and a "
                                                  "template At<width> made from a Layout (bottlenecks/bottleneck.hpp).");
  static_assert(TokenDecoder<DecoderPolicy>, "pleat: the third argument of Autoencoder must be a decoder: a constructor from Layout, a "
                                             "width and a number of classes (core/concepts.hpp).");
  static_assert(EncoderPolicy::width == DecoderPolicy::width,
                "pleat: the decoder's width is not the encoder's; give both Shapes the same .width.");
  using Encoder = EncoderPolicy;
  using Bottleneck = BottleneckType;
  using Decoder = DecoderPolicy;
  using Input = SequenceBatch;
  using Draws = BottleneckDraws;
  static constexpr Index width = Encoder::width;

  Encoder encoder;
  typename Bottleneck::template At<width> bottleneck;
  Decoder decoder;

  constexpr explicit Autoencoder(Layout at) : encoder(at / "encoder"), bottleneck(at / "bottleneck"), decoder(at / "decoder") {}

  /// Latents (rows, width), one row per residue.
  template <class Context> constexpr Rows<Context, width> encode(Context& run, const SequenceBatch& batch) const {
    return bottleneck.latent(run, encoder(run, batch, batch.tokens), batch);
  }
  /// Token scores (rows, classes) of latents.
  template <class Context>
  constexpr Rows<Context, Decoder::classes> decode(Context& run, const Rows<Context, width>& latents, const Segments& segments) const {
    return decoder(run, latents, segments);
  }

  /// What a checkpoint's check pairs hold: the scores of the reconstruction, which every tensor has a part in.
  template <class Context> constexpr auto reproduce(Context& run, const SequenceBatch& batch) const {
    return decode(run, encode(run, batch), batch.segments);
  }

  /// What is random in a training step, as a function of the key (host).
  void draw(NoiseKey key, const SequenceBatch& batch, Draws& draws) const { bottleneck.draw(key, batch, draws); }

  /// Reconstruction (weighted mean over residues, nats) + lambda x normalisation loss. `batch` and `draws` outlive the pass.
  template <class Context>
  constexpr AutoencoderLoss<Context> loss(Context& run, const SequenceBatch& batch, const Draws& draws, double lambda) const {
    AutoencoderLoss<Context> result;
    {
      const auto z = encoder(run, batch, draws.tokens);
      auto scored = cross_entropy(run, decoder(run, bottleneck.pass(run, z, batch, draws), batch.segments), batch.tokens,
                                  upload(run, draws.weight), Reduction::WeightedMean);
      result.reconstruction = scored.loss, result.row_loss = scored.row_loss, result.row_hit = scored.row_hit;
      result.penalty = bottleneck.penalty(run, z, batch);
    }
    result.loss = weighted_sum(run, result.reconstruction, 1.0, result.penalty, lambda);
    return result;
  }
};

/// The masked language model baseline.
template <SequenceEncoder Encoder, TokenDecoder DecoderPolicy = Decoder<Shape{.layers = 2, .width = Encoder::width, .heads = Encoder::shape.heads}>>
using MaskedLm = Autoencoder<Encoder, Masking<>, DecoderPolicy>;

} // namespace pleat::inline v0_1
