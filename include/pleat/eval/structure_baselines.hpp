#pragma once
/// \file  What the structure tasks give away without a network: exposure, residue types, compositions of neighbourhoods,
/// B-factors.

#include <algorithm>
#include <array>
#include <cmath>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <pleat/core/error.hpp>
#include <pleat/data/exposure.hpp>
#include <pleat/data/structure_parts.hpp>
#include <pleat/data/structure_tasks/pair_interface.hpp>
#include <pleat/data/tasks.hpp>
#include <pleat/eval/component_statistics.hpp>
#include <pleat/eval/metrics.hpp>
#include <pleat/eval/probes.hpp>

namespace pleat::inline v0_1 {

/// Scores of the test examples in their order, (test examples, outputs), by a probe on `features` (examples, width) that sees
/// train and chooses its strength on valid: `LogisticProbe`, `RidgeProbe`. Errors: as those of `make_probe_data`.
template <class Probe, class Device>
std::vector<double> probe_test_scores(const Probe& probe, const Device& device, ProbeKind kind, Index classes,
                                      const StructureExamples& examples, std::span<const float> features) {
  const auto rows = static_cast<Index>(examples.size());
  require(rows > 0 && static_cast<Index>(features.size()) % rows == 0, "a baseline got ", features.size(), " features for ", rows,
          " examples; give the same number for each");
  ProbeProblem problem;
  problem.kind = kind, problem.classes = classes, problem.labels = examples.labels;
  for (Index i = 0; i < rows; ++i) problem.sequence.push_back(i);
  problem.train = examples.of(Split::Train), problem.valid = examples.of(Split::Valid), problem.test = examples.of(Split::Test);
  const FeatureView view{features.data(), rows, static_cast<Index>(features.size()) / rows};
  return probe.run(device, make_probe_data(view, problem)).test_scores;
}

// ---- numbers that coordinates give ----------------------------------------------------------------------------------

/// How exposed a residue is, between 0 and 1: 1 / (1 + C-alphas within 13 Angstrom on the side of its C-beta). Residues without
/// N, CA or C get that of the median residue of their structure.
inline std::vector<double> exposures(const Structure& s) {
  const auto half = half_sphere_exposure(s, 13);
  std::vector<Index> known;
  for (const HalfSphere& h : half)
    if (h.up >= 0) known.push_back(h.up);
  std::sort(known.begin(), known.end());
  const Index median = known.empty() ? 0 : known[known.size() / 2];
  std::vector<double> values;
  for (const HalfSphere& h : half) values.push_back(1 / (1 + static_cast<double>(h.up >= 0 ? h.up : median)));
  return values;
}

inline constexpr std::array<double, 3> composition_shells = {6, 10, 17.320508075688775}; ///< Angstrom

/// (60) heavy atoms by residue type in three balls around a point: 20 numbers for each of `composition_shells`. Atoms of unknown
/// residues are not counted, so a site's own backbone is not (`site_environment`).
inline std::array<float, 60> neighbour_composition(const Structure& seen, const Position& centre) {
  std::array<float, 60> counts{};
  for (std::size_t a = 0; a < seen.positions.size(); ++a) {
    const StructureResidue type = seen.types[static_cast<std::size_t>(seen.atom_residues[a])];
    if (type >= 20) continue;
    const double square = square_distance(seen.positions[a], centre);
    for (std::size_t shell = 0; shell < composition_shells.size(); ++shell)
      if (square < composition_shells[shell] * composition_shells[shell]) counts[20 * shell + type] += 1;
  }
  return counts;
}

// ---- residue types of pairs ------------------------------------------------------------------------------------------

/// log (share among pairs in contact / share among other pairs) of each pair of residue types, symmetric, from counts with
/// `pseudo` added to each of the 210.
class ResiduePairLogOdds {
public:
  /// `label(pair)` is 1 for a pair in contact, 0 for another, and -1 for one that is not to be fitted on. Errors: no positive or
  /// no negative among them.
  template <class Label> ResiduePairLogOdds(std::span<const ResiduePair> pairs, const Label& label, double pseudo = 1) {
    std::array<std::array<double, 210>, 2> counts;
    for (auto& of : counts) of.fill(pseudo);
    std::array<double, 2> totals = {210 * pseudo, 210 * pseudo};
    std::array<Index, 2> seen{};
    for (const ResiduePair& pair : pairs) {
      const int found = label(pair);
      if (found < 0) continue;
      const auto y = static_cast<std::size_t>(found);
      counts[y][cell(pair.first.type, pair.second.type)] += 1, totals[y] += 1, ++seen[y];
    }
    require(seen[0] > 0 && seen[1] > 0, "log-odds of residue pairs were fitted on ", seen[1], " positives and ", seen[0],
            " negatives; give some of both");
    for (std::size_t i = 0; i < 210; ++i) odds_[i] = std::log(counts[1][i] / totals[1]) - std::log(counts[0][i] / totals[0]);
  }
  double operator()(StructureResidue a, StructureResidue b) const { return odds_[cell(a, b)]; }

private:
  static std::size_t cell(StructureResidue a, StructureResidue b) {
    require(a < 20 && b < 20, "log-odds of residue pairs know the 20 types only, not ", int{a}, " and ", int{b});
    const std::size_t high = (std::max)(a, b), low = (std::min)(a, b);
    return high * (high + 1) / 2 + low;
  }
  std::array<double, 210> odds_{};
};

} // namespace pleat::inline v0_1
