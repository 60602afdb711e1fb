#pragma once
/// \file  Rivals of SiamDiff from the same parts: denoising score matching, residue type prediction, distance prediction.

#include <algorithm>
#include <tuple>
#include <utility>

#include <pleat/models/denoising_parts.hpp>
#include <pleat/ops/weighted_sum.hpp>

namespace pleat::inline v0_1 {

/// Denoising score matching: the structure term of DiffPreT alone. Coordinates are noised, residue types are all seen, and
/// `options.gamma` is taken as 1. Tensors `encoder.*`, `distance_head.*`, `structure_head.*`.
template <class EncoderType, class QuirksType = Sane> struct ScoreMatching : DenoisingData<EncoderType, Alone, QuirksType> {
  using Data = DenoisingData<EncoderType, Alone, QuirksType>;
  using typename Data::Batch;
  using typename Data::Draw;
  using typename Data::Node;

  typename Data::Encoder encoder;
  PairScores<Data::width> scores;

  constexpr explicit ScoreMatching(Layout at) : encoder(at / "encoder"), scores(at) {}

  static void draw(NoiseKey key, const StructureBatch& batch, DenoisingOptions options, const NoConformer& none,
                   std::vector<Draw>& to) {
    options.gamma = 1;
    Data::draw(key, batch, options, none, to);
  }
  template <class Context> struct Loss {
    Scalar<Context> loss;                                   ///< mean over graphs and nodes of |T(s) - T(y)|^2 / 2
    Rows<Context, 1, typename Context::Stream> graph_error; ///< (graphs) mean square of one component
  };
  template <class Context> constexpr Loss<Context> loss(Context& run, const Batch& batch, const DenoisingOptions&) const {
    const auto x = coordinates<Node>(run, std::span<const double>(batch.noisy));
    auto found = score_error(run, batch, scores(run, batch, encoder(run, batch.view(), x)), x, Data::loops);
    return {weighted_sum(run, found.loss, structure_loss_scale / 2, found.loss, 0.0), std::move(found.sequence_loss)};
  }
};

/// Residue type prediction: residues are masked as in DiffPreT, coordinates are not noised, and `options.gamma` is taken as 0.
/// For a constant share of masks set `least_masked` and `most_masked` to it. Tensors `encoder.*`, `sequence_head.*`.
template <class EncoderType, class QuirksType = Sane>
struct ResidueTypePrediction : DenoisingData<EncoderType, Alone, QuirksType> {
  using Data = DenoisingData<EncoderType, Alone, QuirksType>;
  using typename Data::Batch;
  using typename Data::Draw;
  using typename Data::Node;

  typename Data::Encoder encoder;
  ResidueLogits<Data::width> logits;

  constexpr explicit ResidueTypePrediction(Layout at) : encoder(at / "encoder"), logits(at) {}

  static void draw(NoiseKey key, const StructureBatch& batch, DenoisingOptions options, const NoConformer& none,
                   std::vector<Draw>& to) {
    options.gamma = 0;
    Data::draw(key, batch, options, none, to);
  }
  template <class Context> constexpr CrossEntropy<Context> loss(Context& run, const Batch& batch, const DenoisingOptions&) const {
    const auto x = coordinates<Node>(run, std::span<const double>(batch.noisy));
    return residue_loss(run, batch, logits(run, batch, encoder(run, batch.view(), x)));
  }
};

/// Numbers of distance prediction.
struct DistanceOptions {
  Index pairs = 256; ///< unordered pairs of a structure that are taken out and predicted; at most half of those there are
  Index crop = 150;  ///< residues of a structure that are looked at
};

/// What is random of one structure.
struct DistanceDraw {
  Index first_residue = 0, residues = 0;
  std::vector<std::pair<std::int32_t, std::int32_t>> pairs; ///< nodes of the graph of the crop, lower first; ascending
};

/// What distance prediction reads, plain data.
template <class Graph> struct DistanceBatch {
  OwnedGraphs<Graph> graphs;               ///< without any edge of the predicted pairs
  std::vector<std::int32_t> first, second; ///< (pairs) nodes of the batch
  std::vector<double> length;              ///< (pairs) Angstrom
  std::vector<Index> pair_offsets{0};      ///< (graphs + 1)
  PairIndex ends;
};

/// Distance prediction: some pairs of nodes that edges join are chosen, all their edges are taken out of the graph (in both
/// directions and of all kinds, so that neither a length nor an angle of theirs is seen), and their distance is predicted from
/// z_u * z_v. Loss: mean square in Angstrom^2, over the pairs of a graph, then over graphs. Tensors `encoder.*`, `length_head.*`.
template <class EncoderType, class QuirksType = Sane> struct DistancePrediction {
  using Encoder = typename detail::CheckedStructureEncoder<EncoderType>::type;
  using Quirks = QuirksType;
  using Conformer = NoConformer;
  using Options = DistanceOptions;
  using Graphs = typename Encoder::Graphs;
  using Node = typename Encoder::Node;
  using Draw = DistanceDraw;
  using Batch = DistanceBatch<Graphs>;
  static constexpr Index width = Encoder::width;

  Encoder encoder;
  Mlp<width, width, 1> length_head;

  constexpr explicit DistancePrediction(Layout at) : encoder(at / "encoder"), length_head(at / "length_head") {}

  static Batch make_batch() {
    Batch batch;
    batch.graphs = empty();
    return batch;
  }
  static void draw(NoiseKey key, const StructureBatch& batch, const Options& options, const Conformer&, std::vector<Draw>& to) {
    require(options.pairs > 0 && options.crop > 0, "distance prediction takes at least one pair and one residue, not ",
            options.pairs, " and ", options.crop);
    to.clear();
    for (std::size_t s = 0; s < batch.sources.size(); ++s) {
      const std::uint32_t record = batch.records[s];
      Draw draw;
      std::tie(draw.first_residue, draw.residues) = detail::drawn_crop(batch.sources[s].residues(), options.crop, key, record);
      OwnedGraphs<Graphs> whole = empty();
      whole.add(crop(batch.sources[s], draw.first_residue, draw.residues).view(), record);
      const GraphTopology graph = whole.topology();
      std::vector<std::int32_t> left(graph.pair_first.size());
      for (std::size_t p = 0; p < left.size(); ++p) left[p] = static_cast<std::int32_t>(p);
      const Index count = (std::min)(options.pairs, graph.pair_count() / 2);
      for (Index k = 0; k < count; ++k)
        std::swap(left[static_cast<std::size_t>(k)],
                  left[static_cast<std::size_t>(
                      k + detail::drawn_below(graph.pair_count() - k, key,
                                              {detail::pair_draw, record, static_cast<std::uint32_t>(k), 0}))]);
      std::sort(left.begin(), left.begin() + count);
      for (Index k = 0; k < count; ++k) {
        const auto p = static_cast<std::size_t>(left[static_cast<std::size_t>(k)]);
        draw.pairs.emplace_back(graph.pair_first[p], graph.pair_second[p]);
      }
      to.push_back(std::move(draw));
    }
  }
  /// A pure function of structures and draws.
  static void corrupt(const StructureBatch& batch, std::span<const Draw> draws, const Options&, const Conformer&, Batch& to) {
    require(draws.size() == batch.sources.size(), "a batch of ", batch.structures(), " structures has ", draws.size(), " draws");
    to.graphs.clear(), to.first.clear(), to.second.clear(), to.length.clear(), to.pair_offsets.assign(1, 0);
    for (std::size_t s = 0; s < draws.size(); ++s) {
      const auto& hidden = draws[s].pairs;
      const auto from = static_cast<std::int32_t>(to.graphs.node_count());
      to.graphs.add(
          crop(batch.sources[s], draws[s].first_residue, draws[s].residues).view(), batch.records[s], [&](Index u, Index v) {
            const std::pair pair(static_cast<std::int32_t>((std::min)(u, v)), static_cast<std::int32_t>((std::max)(u, v)));
            return !std::binary_search(hidden.begin(), hidden.end(), pair);
          });
      for (const auto& [u, v] : hidden) {
        require(u >= 0 && u < v && from + v < to.graphs.node_count(), batch.sources[s].name, ": the pair ", u, ", ", v,
                " was to be predicted of a graph of ", to.graphs.node_count() - from, " nodes; the draws are of another crop");
        to.first.push_back(from + u), to.second.push_back(from + v);
        to.length.push_back(length(to.graphs.positions(), from + u, from + v));
      }
      to.pair_offsets.push_back(static_cast<Index>(to.first.size()));
    }
    to.ends.set(to.first, to.second, to.graphs.node_count(), [](Index node) { return node; });
  }

  template <class Context> constexpr SquaredError<Context> loss(Context& run, const Batch& batch, const Options&) const {
    const auto z = encoder(run, batch.graphs.view());
    const auto predicted = length_head(run, pair_product(run, z, batch.ends.view()));
    return squared_error(run, predicted, column<Pair>(run, batch.length), Segments{batch.pair_offsets}, {},
                         ErrorReduction::Sequences);
  }

private:
  static OwnedGraphs<Graphs> empty() {
    return OwnedGraphs<Graphs>(Quirks::separation_across_chains ? Separation::AcrossChains : Separation::WithinChains);
  }
  static double length(std::span<const float> x, Index u, Index v) {
    double square = 0;
    for (Index k = 0; k < 3; ++k) {
      const double d = static_cast<double>(x[static_cast<std::size_t>(3 * u + k)]) -
                       static_cast<double>(x[static_cast<std::size_t>(3 * v + k)]);
      square += d * d;
    }
    return std::sqrt(square);
  }
};

} // namespace pleat::inline v0_1
