#pragma once
/// \file  What denoising of structures draws, as data: crop, step, masked residues, second conformer, noise; and what it makes of
/// it.

#include <algorithm>
#include <array>
#include <tuple>
#include <type_traits>
#include <utility>

#include <pleat/data/conformers.hpp>
#include <pleat/data/source_arrays.hpp>
#include <pleat/data/structure_batch.hpp>
#include <pleat/diffusion/absorbing.hpp>
#include <pleat/diffusion/denoising_batch.hpp>
#include <pleat/diffusion/quirks.hpp>
#include <pleat/diffusion/structure_noise.hpp>

namespace pleat::inline v0_1 {

/// Numbers of a pre-training stage.
struct DenoisingOptions {
  SigmoidBeta noise = large_noise;
  double least_masked = 0.15, most_masked = 1.0; ///< rates of masked residues at the first and the last step
  double gamma = 0.5; ///< weight of the structure loss, the sequence loss has 1 - gamma. 0: no coordinate noise, 1: no masks
  Index crop = 150;   ///< residues of a structure that are looked at; published: 150 at residue level, 100 at atom level

  AbsorbingSchedule masking() const { return {noise.steps, least_masked, most_masked}; }
  void check() const {
    require(gamma >= 0 && gamma <= 1, "gamma, the weight of the structure loss, is ", gamma, "; it goes from 0 to 1");
    require(crop > 0, "a crop of ", crop, " residues holds nothing; take 150, say");
  }
};
/// The published stages: large noise from a random start, then small noise from what that gave, with a fresh optimiser.
inline constexpr DenoisingOptions stage_one{};
inline constexpr DenoisingOptions stage_two{.noise = small_noise, .gamma = 0.2};

/// The second conformer of models that look at one: drawn of nothing.
struct NoConformer {
  struct Draw {};
  Draw draw(const GraphSource&, NoiseKey, RecordPlace) const { return {}; }
  std::vector<float> apply(const GraphSource& s, const Draw&) const { return detail::copy_positions(s); }
};
static_assert(ConformerPolicy<NoConformer>);

/// All that is random of one structure in one step.
template <ConformerPolicy Conformer> struct StructureDraw {
  Index first_residue = 0, residues = 0; ///< the crop
  Index t = 0;                           ///< step of both diffusions, the same for both conformers
  std::vector<Index> masked;             ///< residues of the crop as they were drawn, shared by both conformers; they may repeat
  typename Conformer::Draw conformer;
  std::array<std::vector<float>, 2> noise; ///< (atoms of the crop, 3) standard normal, of each conformer; empty: none
};

namespace detail {
// Numbers of the draws: far from those of a pass, and from those of conformers.
inline constexpr std::uint32_t crop_draw = 0xD1FF0000u, step_draw = 0xD1FF0001u, mask_draw = 0xD1FF0002u,
                               coordinate_draw = 0xD1FF0003u, // and the next one, of the second conformer
    pair_draw = 0xD1FF0005u;

inline Index drawn_below(Index n, NoiseKey key, NoiseCounter at) {
  const auto bits = philox(key, at);
  return static_cast<Index>(uniform_double(bits[0], bits[1]) * static_cast<double>(n)); // below n: the uniform is below 1
}

// First residue and length of a crop of at most `longest` of n residues.
inline std::pair<Index, Index> drawn_crop(Index n, Index longest, NoiseKey key, std::uint32_t record) {
  return {n > longest ? drawn_below(n - longest + 1, key, {crop_draw, record, 0, 0}) : 0, (std::min)(n, longest)};
}

// Residues that may be masked: of a known type, with a node that stays when the side chain goes.
template <class Graph> std::vector<Index> maskable(const SourceArrays& s) {
  const SourceArrays backbone =
      select_atoms(s.view(), 0, s.residues(), [&](Index i) { return is_backbone(s.atom_name[static_cast<std::size_t>(i)]); });
  std::vector<std::int32_t> atoms;
  const GraphSource view = backbone.view();
  Graph::choose(view, atoms);
  std::vector<Index> residues;
  for (const std::int32_t atom : atoms) {
    const Index r = view.residue_of(atom);
    if (s.residue_type[static_cast<std::size_t>(r)] < residue_unknown && (residues.empty() || residues.back() != r))
      residues.push_back(r);
  }
  return residues;
}

template <class Quirks, class Draw> void leave_proline([[maybe_unused]] const GraphSource& s, [[maybe_unused]] Draw& draw) {
  if constexpr (!Quirks::rotates_proline && requires { draw.delta; }) {
    constexpr StructureResidue proline = residue_of_letter('P');
    for (std::size_t i = 0; i < draw.delta.size(); ++i)
      if (s.residue_type[i / static_cast<std::size_t>(chi_count)] == proline) draw.delta[i] = 0;
  }
}
} // namespace detail

/// Draws for one structure: a pure function of the key, the record and the structure, the same alone and in any batch. The crop
/// begins anywhere where it fits (the published code leaves its last place out). Noise is keyed by the atom of the record.
template <class Graph, class Quirks, ConformerPolicy Conformer>
StructureDraw<Conformer> draw_structure(const GraphSource& source, std::uint32_t record, NoiseKey key,
                                        const DenoisingOptions& options, const Conformer& conformer, Index conformers) {
  options.check();
  StructureDraw<Conformer> draw;
  std::tie(draw.first_residue, draw.residues) = detail::drawn_crop(source.residues(), options.crop, key, record);
  draw.t = detail::drawn_below(options.noise.steps, key, {detail::step_draw, record, 0, 0});
  const SourceArrays piece = crop(source, draw.first_residue, draw.residues);
  const GraphSource view = piece.view();
  const Index first_atom = piece.origin.empty() ? 0 : piece.origin.front();
  if (options.gamma < 1) {
    auto from = detail::maskable<Graph>(piece);
    const auto count = static_cast<Index>(from.size());
    for (Index k = 0; k < options.masking().draws(count, draw.t); ++k) {
      const NoiseCounter at{detail::mask_draw, record, static_cast<std::uint32_t>(k), 0};
      const Index kept = Quirks::draws_with_replacement ? 0 : k;
      const auto chosen = static_cast<std::size_t>(kept + detail::drawn_below(count - kept, key, at));
      draw.masked.push_back(from[chosen]);
      if (!Quirks::draws_with_replacement) std::swap(from[static_cast<std::size_t>(k)], from[chosen]);
    }
  }
  if (conformers == 2) draw.conformer = conformer.draw(view, key, {record, draw.first_residue, first_atom});
  if (conformers == 2) detail::leave_proline<Quirks>(view, draw.conformer);
  if (options.gamma > 0)
    for (Index c = 0; c < conformers; ++c) {
      auto& noise = draw.noise[static_cast<std::size_t>(c)];
      noise.resize(3 * piece.origin.size());
      for (std::size_t i = 0; i < piece.origin.size(); ++i)
        normal_row<float>(key, detail::coordinate_draw + static_cast<std::uint32_t>(c), record,
                          static_cast<std::uint32_t>(piece.origin[i]), std::span<float>(noise).subspan(3 * i, 3));
    }
  return draw;
}

namespace detail {

// The graph of one conformer of one structure, at the end of the batch.
template <class Quirks, class Graph, class Conformer>
void add_conformer(DenoisingBatch<Graph>& to, const SourceArrays& piece, std::span<const float> positions,
                   const StructureDraw<Conformer>& draw, std::span<const float> noise, double sigma, std::uint32_t record) {
  std::vector<Index> drawn(static_cast<std::size_t>(piece.residues()), 0); // how often
  for (const Index r : draw.masked) {
    require(r >= 0 && r < piece.residues(), piece.name, ": residue ", r, " of a crop of ", piece.residues(),
            " was to be masked; the draws are of another crop");
    ++drawn[static_cast<std::size_t>(r)];
  }
  const auto hidden = [&](Index residue) { return drawn[static_cast<std::size_t>(residue)] > 0; };
  const GraphSource whole = piece.view();
  SourceArrays left = select_atoms(with_positions(whole, positions), 0, piece.residues(),
                                   [&](Index i) { return !hidden(whole.residue_of(i)) || is_backbone(whole.name_of(i)); });
  for (std::size_t r = 0; r < left.residue_type.size(); ++r)
    if (drawn[r] > 0) left.residue_type[r] = 0; // the mask of edge features: glycine, as published
  const Index first = to.graphs.node_count();
  to.graphs.add(left.view(), record);
  to.sigma.push_back(noise.empty() ? 0.0 : sigma);
  constexpr bool all = Quirks::hides_all_residues && Graph::node_columns > 1;
  Index last = -1;
  for (Index v = first; v < to.graphs.node_count(); ++v) {
    const auto atom = static_cast<std::size_t>(to.graphs.atoms()[static_cast<std::size_t>(v)]);
    const Index residue = left.atom_residue[atom];
    for (std::size_t k = 0; k < 3; ++k) {
      to.clean.push_back(static_cast<double>(left.positions[3 * atom + k]));
      to.noise.push_back(noise.empty() ? 0.0 : static_cast<double>(noise[3 * static_cast<std::size_t>(left.origin[atom]) + k]));
    }
    if (all || hidden(residue)) to.graphs.hide_residue(v);
    if (!hidden(residue)) continue;
    if (residue != last) {
      to.masked_type.push_back(whole.residue_type[static_cast<std::size_t>(residue)]);
      to.masked_weight.push_back(static_cast<double>(drawn[static_cast<std::size_t>(residue)]) /
                                 static_cast<double>(draw.masked.size()));
      to.masked_begin.push_back(to.masked_begin.back()), last = residue;
    }
    to.masked_node.push_back(static_cast<std::int32_t>(v)), ++to.masked_begin.back();
  }
}

} // namespace detail

/// The batch that draws make of structures: a pure function of both. Masked residues lose their type (node features; glycine in
/// features of edges) and all atoms but N, C-alpha and C; edges are those of the coordinates before the noise.
template <class Quirks, class Graph, ConformerPolicy Conformer>
void corrupt(const StructureBatch& batch, std::span<const StructureDraw<Conformer>> draws, const DenoisingOptions& options,
             const Conformer& conformer, Index conformers, DenoisedBy reader, DenoisingBatch<Graph>& to) {
  require(static_cast<Index>(draws.size()) == batch.structures() && batch.records.size() == draws.size(), "a batch of ",
          batch.structures(), " structures has ", draws.size(), " draws and ", batch.records.size(),
          " record numbers; give one of each a structure");
  to.clear();
  to.conformers = conformers, to.reader = reader;
  for (Index c = 0; c < conformers; ++c)
    for (std::size_t s = 0; s < draws.size(); ++s) {
      const StructureDraw<Conformer>& draw = draws[s];
      const SourceArrays piece = crop(batch.sources[s], draw.first_residue, draw.residues);
      const auto& noise = draw.noise[static_cast<std::size_t>(c)];
      require(noise.empty() || noise.size() == piece.positions.size(), piece.name, ": ", noise.size(), " numbers of noise for ",
              piece.positions.size(), " coordinates; the draws are of another crop");
      const std::vector<float> positions = c == 0 ? piece.positions : conformer.apply(piece.view(), draw.conformer);
      // The second conformer has other dropout, too: its records are numbers of their own.
      detail::add_conformer<Quirks>(to, piece, positions, draw, noise, options.noise.deviation(draw.t),
                                    batch.records[s] ^ (c == 0 ? 0u : 0x80000000u));
    }
  to.finish();
}

} // namespace pleat::inline v0_1
