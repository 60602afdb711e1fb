#pragma once
/// \file  Pre-training of encoders of structures by denoising: DiffPreT, and SiamDiff, where two conformers denoise each other.

#include <pleat/models/denoising_parts.hpp>
#include <pleat/ops/weighted_sum.hpp>

namespace pleat::inline v0_1 {

/// What one pass gives beside the loss.
template <class Context> struct DenoisingLoss {
  Scalar<Context> loss;                                   ///< gamma structure + (1 - gamma) sequence
  Scalar<Context> structure;                              ///< both sides together, 0 where gamma is 0
  Scalar<Context> sequence;                               ///< nats, both sides together, each with weight 1/2; 0 where gamma is 1
  Rows<Context, 1, typename Context::Stream> graph_error; ///< (graphs) mean square of one component; empty where gamma is 0
  Rows<Context, 1, typename Context::Stream> row_loss;    ///< (masked) nats; empty where gamma is 1
  Rows<Context, 1, typename Context::Stream> row_hit;     ///< (masked) 1 where the largest logit is right
};

/// Denoising of coordinates and residue types by an encoder of graphs and three heads (arXiv 2301.12068). z = encoder(noised
/// graph);
///   structure loss     mean over nodes of |T(s) - T(y)|^2 / 2, s = PairScores
///   sequence loss      cross-entropy of ResidueLogits
/// where z is that of the other conformer if `Pairing` is Mutual. Both losses are sums over both sides (one counted twice in
/// DiffPreT), each sequence loss with weight 1/2. There is no time embedding. Tensors `encoder.*`, `distance_head.*`,
/// `structure_head.*`, `sequence_head.*`.
template <class EncoderType, class PairingType, class QuirksType = Sane>
struct StructureDenoiser : DenoisingData<EncoderType, PairingType, QuirksType> {
  using Data = DenoisingData<EncoderType, PairingType, QuirksType>;
  using Data::loops;
  using Data::width;
  using typename Data::Batch;
  using typename Data::Node;

  typename Data::Encoder encoder;
  PairScores<width> scores;
  ResidueLogits<width> logits;

  constexpr explicit StructureDenoiser(Layout at) : encoder(at / "encoder"), scores(at), logits(at) {}

  /// z, (nodes, width), of the noised graphs at coordinates (nodes, 3).
  template <class Context>
  constexpr Rows<Context, width, Node> represent(Context& run, const Batch& batch,
                                                 const Rows<Context, 1, Coordinates<Node>>& x) const {
    return encoder(run, batch.view(), x);
  }

  /// The loss: a pure function of the values of the model and the batch, which must outlive the pass.
  template <class Context>
  constexpr DenoisingLoss<Context> loss(Context& run, const Batch& batch, const DenoisingOptions& options) const {
    DenoisingLoss<Context> result{{}, zero_scalar(run), zero_scalar(run), {}, {}, {}};
    const auto x = coordinates<Node>(run, std::span<const double>(batch.noisy));
    const auto z = represent(run, batch, x);
    if (options.gamma > 0) {
      auto found = score_error(run, batch, scores(run, batch, z), x, loops);
      result.structure = weighted_sum(run, found.loss, structure_loss_scale, found.loss, 0.0);
      result.graph_error = std::move(found.sequence_loss);
    }
    if (options.gamma < 1) {
      auto found = residue_loss(run, batch, logits(run, batch, z));
      result.sequence = std::move(found.loss);
      result.row_loss = std::move(found.row_loss), result.row_hit = std::move(found.row_hit);
    }
    result.loss = weighted_sum(run, result.structure, options.gamma, result.sequence, 1 - options.gamma);
    return result;
  }
};

/// A structure denoises itself: DiffPreT. One alias apart:
template <class Encoder, class Quirks = Sane> using DiffPreT = StructureDenoiser<Encoder, Alone, Quirks>;
/// Two conformers denoise each other: SiamDiff. `SiamDiff<AtomGearNetEdge, Torsional>`, `SiamDiff<ResidueGearNetEdge, Gaussian>`.
template <class Encoder, ConformerPolicy Conformer, class Quirks = Sane>
using SiamDiff = StructureDenoiser<Encoder, Mutual<Conformer>, Quirks>;

} // namespace pleat::inline v0_1
