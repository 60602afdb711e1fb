#pragma once
/// \file  Parts of models that denoise structures: their data path, the head of pairs and the head of masked residues.

#include <array>
#include <concepts>
#include <type_traits>

#include <pleat/core/concepts.hpp>
#include <pleat/diffusion/structure_draws.hpp>
#include <pleat/nn/mlp.hpp>
#include <pleat/ops/concat.hpp>
#include <pleat/ops/cross_entropy.hpp>
#include <pleat/ops/distance.hpp>
#include <pleat/ops/invariant_to_equivariant.hpp>
#include <pleat/ops/random.hpp>
#include <pleat/ops/squared_error.hpp>

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

/// An encoder of graphs of structures. A user's own must be a ModelPart, state `Input = GraphBatch`, its graph policy `Graphs`,
/// the space `Node` of its rows and its `width`, and be callable as `encoder(run, batch, coordinates) -> Rows<Context, width,
/// Node>`, the coordinates (nodes, 3) being noised ones.
template <class Encoder>
concept StructureEncoder = ModelPart<Encoder> && std::same_as<typename Encoder::Input, GraphBatch> && requires {
  typename Encoder::Graphs;
  typename Encoder::Node;
  { Encoder::width } -> std::convertible_to<Index>;
};

namespace detail {
struct NoStructureEncoder { // stands in for what is none, so that the compiler says one sentence
  using Input = GraphBatch;
  using Graphs = ResidueGraph;
  using Node = Residue;
  static constexpr Index width = 1;
  constexpr explicit NoStructureEncoder(Layout) {}
};
template <class Encoder> struct CheckedStructureEncoder {
  static_assert(
      StructureEncoder<Encoder>,
      "pleat: SiamDiff, DiffPreT and their rivals train encoders of graphs (GearNetEdge, Gvp); this one is none: see the "
      "concept StructureEncoder (models/denoising_parts.hpp).");
  using type = std::conditional_t<StructureEncoder<Encoder>, Encoder, NoStructureEncoder>;
};
} // namespace detail

/// The data path of a model: draws, and the batch that they make of structures.
template <class EncoderType, class PairingType, class QuirksType> struct DenoisingData {
  using Encoder = typename detail::CheckedStructureEncoder<EncoderType>::type;
  using Pairing = PairingType;
  using Quirks = QuirksType;
  using Conformer = typename Pairing::Conformer;
  using Options = DenoisingOptions;
  using Graphs = typename Encoder::Graphs;
  using Node = typename Encoder::Node;
  using Batch = DenoisingBatch<Graphs>;
  using Draw = StructureDraw<Conformer>;
  static_assert(HidesResidues<Graphs>,
                "pleat: SiamDiff and DiffPreT mask residue types, and the graph of this encoder cannot hide "
                "them; give it a static function hide_residue(columns) (data/graph_policy.hpp).");
  static constexpr Index width = Encoder::width;
  static constexpr SelfLoops loops = Quirks::self_loops_count ? SelfLoops::Count : SelfLoops::LeftOut;
  /// Of the graphs that `corrupt` makes.
  static constexpr Separation separation = Quirks::separation_across_chains ? Separation::AcrossChains : Separation::WithinChains;

  static Batch make_batch() {
    Batch batch;
    batch.graphs = OwnedGraphs<Graphs>(separation);
    return batch;
  }
  /// What is random of a batch in the step of a key.
  static void draw(NoiseKey key, const StructureBatch& batch, const Options& options, const Conformer& conformer,
                   std::vector<Draw>& to) {
    to.clear();
    for (std::size_t s = 0; s < batch.sources.size(); ++s)
      to.push_back(
          draw_structure<Graphs, Quirks>(batch.sources[s], batch.records[s], key, options, conformer, Pairing::conformers));
  }
  /// What the network reads of it; `to` comes from `make_batch`.
  static void corrupt(const StructureBatch& batch, std::span<const Draw> draws, const Options& options,
                      const Conformer& conformer, Batch& to) {
    pleat::corrupt<Quirks>(batch, draws, options, conformer, Pairing::conformers, Pairing::reader, to);
  }
};

/// Score of a pair: structure_head[z_u * z_v ; distance_head(d_uv)], d the noisy length in Angstrom. It is formed once per
/// unordered pair, as it is the same in both directions and for all kinds of edges.
template <Index Width> struct PairScores {
  Mlp<1, Width, Width> distance_head;
  Mlp<2 * Width, Width, 1> structure_head;

  constexpr explicit PairScores(Layout at) : distance_head(at / "distance_head"), structure_head(at / "structure_head") {}

  /// (pairs, 1), of the rows (nodes, Width) that `batch.ends` names.
  template <class Context, class Graphs, class Node>
  constexpr Rows<Context, 1, Pair> operator()(Context& run, const DenoisingBatch<Graphs>& batch,
                                              const Rows<Context, Width, Node>& z) const {
    const auto lengths = distance_head(run, column<Pair>(run, batch.pair_length));
    return structure_head(run, concat(run, std::array{pair_product(run, z, batch.ends.view()), lengths}));
  }
};

/// Mean square of one component of T(predicted) - T(y) over the nodes of each graph, and over graphs with `weights` (graphs;
/// none: all 1); y = (clean length - noisy length) / sigma, T of ops/invariant_to_equivariant.hpp at the noisy positions x.
template <class Context, class Graphs, class Node>
constexpr SquaredError<Context> score_error(Context& run, const DenoisingBatch<Graphs>& batch,
                                            const Rows<Context, 1, Pair>& predicted, const Rows<Context, 1, Coordinates<Node>>& x,
                                            SelfLoops loops, std::span<const double> weights = {}) {
  const GraphTopology graph = batch.graphs.topology();
  const auto wanted = invariant_to_equivariant(run, graph, column<Pair>(run, batch.pair_score), x, loops);
  return squared_error(run, invariant_to_equivariant(run, graph, predicted, x, loops), wanted, batch.vector_rows(), weights,
                       ErrorReduction::Sequences);
}
/// Both sides' structure loss, each mean |T(s) - T(y)|^2 / 2, in units of `score_error`: 3/2 for a half of three components, and
/// twice the mean over all graphs for the sum of both sides (DiffPreT counts its one side twice).
inline constexpr double structure_loss_scale = 3.0;

/// Logits of masked residues, (masked, 20): sequence_head of the mean of z over the nodes that are left of a residue.
template <Index Width> struct ResidueLogits {
  static constexpr Index classes = 20;
  Mlp<Width, Width, classes> sequence_head;

  constexpr explicit ResidueLogits(Layout at) : sequence_head(at / "sequence_head") {}

  template <class Context, class Graphs, class Node>
  constexpr Rows<Context, classes, Residue> operator()(Context& run, const DenoisingBatch<Graphs>& batch,
                                                       const Rows<Context, Width, Node>& z) const {
    return sequence_head(run, group_mean<Residue>(run, z, batch.masked()));
  }
};

/// Cross-entropy of the masked residues: the mean over graphs, as each graph's weights sum to 1; and with 1/2 for each side the
/// sum of both sides.
template <class Context, class Graphs>
constexpr CrossEntropy<Context> residue_loss(Context& run, const DenoisingBatch<Graphs>& batch,
                                             const Rows<Context, 20, Residue>& logits) {
  return cross_entropy(run, logits, batch.masked_type, upload(run, batch.masked_weight), Reduction::WeightedMean);
}

} // namespace pleat::inline v0_1
