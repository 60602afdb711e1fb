#pragma once
/// \file  Pre-training of encoders of structures by denoising: DiffPreT, and SiamDiff, where two conformers denoise each other.

#include <array>

#include <pleat/diffusion/structure_draws.hpp>
#include <pleat/nn/mlp.hpp>
#include <pleat/ops/concat.hpp>
#include <pleat/ops/cross_entropy.hpp>
#include <pleat/ops/distance.hpp>
#include <pleat/ops/invariant_to_equivariant.hpp>
#include <pleat/ops/random.hpp>
#include <pleat/ops/squared_error.hpp>
#include <pleat/ops/weighted_sum.hpp>

namespace pleat::inline v0_1 {

/// Whose rows denoise whom. One structure by itself (DiffPreT):
struct Alone {
  using Conformer = NoConformer;
  static constexpr Index conformers = 1;
  static constexpr DenoisedBy reader = DenoisedBy::Itself;
};
/// ... or two conformers each other (SiamDiff):
template <ConformerPolicy ConformerType> struct Mutual {
  using Conformer = ConformerType;
  static constexpr Index conformers = 2;
  static constexpr DenoisedBy reader = DenoisedBy::OtherConformer;
};

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
/// graph):
///   score of a pair    s_uv = structure_head[z_u * z_v ; distance_head(d_uv)], d the noisy length in Angstrom
///   structure loss     mean over nodes of |T(s) - T(y)|^2 / 2, y = (d clean - d) / sigma, T of ops/invariant_to_equivariant.hpp
///   sequence loss      cross-entropy of sequence_head(mean of z over what is left of a masked residue)
/// z is that of the other conformer where `Pairing` is Mutual; both losses are sums over both sides (one counted twice in
/// DiffPreT), each sequence loss with weight 1/2. There is no time embedding. A score is formed once per unordered pair: it is
/// the same in both directions and for all kinds of edges. Tensors `encoder.*`, `distance_head.*`, `structure_head.*`,
/// `sequence_head.*`.
template <class EncoderType, class PairingType, class QuirksType = Sane> struct StructureDenoiser {
  using Encoder = EncoderType;
  using Pairing = PairingType;
  using Quirks = QuirksType;
  using Conformer = typename Pairing::Conformer;
  using Graphs = typename Encoder::Graphs;
  using Node = typename Encoder::Node;
  using Batch = DenoisingBatch<Graphs>;
  using Draw = StructureDraw<Conformer>;
  static_assert(std::is_same_v<typename Encoder::Input, GraphBatch>,
                "pleat: SiamDiff and DiffPreT train encoders of graphs (GearNetEdge, Gvp); this one reads something else.");
  static_assert(HidesResidues<Graphs>,
                "pleat: SiamDiff and DiffPreT mask residue types, and the graph of this encoder cannot hide "
                "them; give it a static function hide_residue(columns) (data/graph_policy.hpp).");
  static constexpr Index width = Encoder::width;
  static constexpr Index classes = 20;
  static constexpr SelfLoops loops = Quirks::self_loops_count ? SelfLoops::Count : SelfLoops::LeftOut;
  /// Of the graphs that `corrupt` makes.
  static constexpr Separation separation = Quirks::separation_across_chains ? Separation::AcrossChains : Separation::WithinChains;

  Encoder encoder;
  Mlp<1, width, width> distance_head;
  Mlp<2 * width, width, 1> structure_head;
  Mlp<width, width, classes> sequence_head;

  constexpr explicit StructureDenoiser(Layout at)
      : encoder(at / "encoder"), distance_head(at / "distance_head"), structure_head(at / "structure_head"),
        sequence_head(at / "sequence_head") {}

  static Batch make_batch() {
    Batch batch;
    batch.graphs = OwnedGraphs<Graphs>(separation);
    return batch;
  }
  /// What is random of a batch in the step of a key.
  static void draw(NoiseKey key, const StructureBatch& batch, const DenoisingOptions& options, const Conformer& conformer,
                   std::vector<Draw>& to) {
    to.clear();
    for (std::size_t s = 0; s < batch.sources.size(); ++s)
      to.push_back(
          draw_structure<Graphs, Quirks>(batch.sources[s], batch.records[s], key, options, conformer, Pairing::conformers));
  }
  /// What the network reads of it; `to` comes from `make_batch`.
  static void corrupt(const StructureBatch& batch, std::span<const Draw> draws, const DenoisingOptions& options,
                      const Conformer& conformer, Batch& to) {
    pleat::corrupt<Quirks>(batch, draws, options, conformer, Pairing::conformers, Pairing::reader, to);
  }

  using Coordinate = Coordinates<Node>;
  /// z, (nodes, width), of the noised graphs.
  template <class Context>
  constexpr Rows<Context, width, Node> represent(Context& run, const Batch& batch, const Rows<Context, 1, Coordinate>& x) const {
    return encoder(run, batch.view(), x);
  }
  /// Predicted scores of the pairs.
  template <class Context>
  constexpr Rows<Context, 1, Pair> scores(Context& run, const Batch& batch, const Rows<Context, width, Node>& z) const {
    const auto lengths = distance_head(run, column<Pair>(run, batch.pair_length));
    const auto product = pair_product(run, z, batch.ends.view());
    return structure_head(run, concat(run, std::array{product, lengths}));
  }
  /// Logits of the masked residues, (masked, 20).
  template <class Context>
  constexpr Rows<Context, classes, Residue> logits(Context& run, const Batch& batch, const Rows<Context, width, Node>& z) const {
    return sequence_head(run, group_mean<Residue>(run, z, batch.masked()));
  }
  /// Mean square of one component of T(s) - T(y) over the nodes of each graph, and over graphs with `weights` (graphs; none: 1).
  template <class Context>
  constexpr SquaredError<Context> error(Context& run, const Batch& batch, const Rows<Context, 1, Pair>& predicted,
                                        const Rows<Context, 1, Coordinate>& x, std::span<const double> weights = {}) const {
    const GraphTopology graph = batch.graphs.topology();
    const auto wanted = invariant_to_equivariant(run, graph, column<Pair>(run, batch.pair_score), x, loops);
    return squared_error(run, invariant_to_equivariant(run, graph, predicted, x, loops), wanted, batch.vector_rows(), weights,
                         ErrorReduction::Sequences);
  }

  /// The loss: a pure function of the values of the model and the batch, which must outlive the pass.
  template <class Context> constexpr DenoisingLoss<Context> loss(Context& run, const Batch& batch, double gamma) const {
    DenoisingLoss<Context> result{{}, zero_scalar(run), zero_scalar(run), {}, {}, {}};
    const auto x = coordinates<Node>(run, std::span<const double>(batch.noisy));
    const auto z = represent(run, batch, x);
    if (gamma > 0) {
      auto found = error(run, batch, scores(run, batch, z), x);
      // Half of the square of a vector is 3/2 of the mean square of its components; both sides: twice the mean over all graphs.
      result.structure = weighted_sum(run, found.loss, 3.0, found.loss, 0.0);
      result.graph_error = std::move(found.sequence_loss);
    }
    if (gamma < 1) {
      // Each graph's weights sum to 1, so this is the mean over graphs, and with 1/2 for each side the sum of both.
      auto found =
          cross_entropy(run, logits(run, batch, z), batch.masked_type, upload(run, batch.masked_weight), Reduction::WeightedMean);
      result.sequence = std::move(found.loss), result.row_loss = std::move(found.row_loss),
      result.row_hit = std::move(found.row_hit);
    }
    result.loss = weighted_sum(run, result.structure, gamma, result.sequence, 1 - gamma);
    return result;
  }
};

/// A structure denoises itself: DiffPreT. One alias apart:
template <class Encoder, class Quirks = Sane> using DiffPreT = StructureDenoiser<Encoder, Alone, Quirks>;
/// Two conformers denoise each other: SiamDiff. `SiamDiff<AtomGearNetEdge, Torsional>`, `SiamDiff<ResidueGearNetEdge, Gaussian>`.
template <class Encoder, ConformerPolicy Conformer, class Quirks = Sane>
using SiamDiff = StructureDenoiser<Encoder, Mutual<Conformer>, Quirks>;

} // namespace pleat::inline v0_1
