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
#include <pleat/eval/bootstrap.hpp>
#include <pleat/eval/metrics.hpp>
#include <pleat/eval/probes.hpp>

namespace pleat::inline v0_1 {

/// Examples of a structure task, one after another. `component` is what intervals are drawn over.
struct StructureExamples {
  std::vector<double> labels;
  std::vector<Index> component;
  std::vector<Split> split;
  std::vector<Index> chain; ///< a number for each protein chain, where scores are taken per chain; else empty

  std::size_t size() const { return labels.size(); }
  std::vector<Index> of(Split part) const {
    std::vector<Index> chosen;
    for (std::size_t i = 0; i < split.size(); ++i)
      if (split[i] == part) chosen.push_back(static_cast<Index>(i));
    return chosen;
  }
};

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

namespace detail {
template <class T> std::vector<T> chosen_of(const std::vector<T>& values, std::span<const Index> which) {
  std::vector<T> out;
  for (const Index i : which) out.push_back(values[static_cast<std::size_t>(i)]);
  return out;
}
} // namespace detail

/// Area under the ROC curve of all test examples, with its interval over components. `scores` (test examples).
inline Interval auroc_over_components(const StructureExamples& examples, std::span<const double> scores,
                                      const BootstrapOptions& options = {}) {
  const std::vector<Index> test = examples.of(Split::Test);
  detail::require_same_size(scores.size(), test.size(), "auroc_over_components");
  const auto labels = detail::chosen_of(examples.labels, test);
  return bootstrap_groups(
      detail::chosen_of(examples.component, test),
      [&](const std::vector<std::size_t>& drawn) {
        std::vector<double> s;
        std::vector<Index> y;
        for (const std::size_t i : drawn) s.push_back(scores[i]), y.push_back(static_cast<Index>(labels[i]));
        return auroc(s, y);
      },
      options);
}

/// Share of test examples whose largest score is that of their class, with its interval over components. `scores` (test examples,
/// classes).
inline Interval accuracy_over_components(const StructureExamples& examples, std::span<const double> scores, Index classes,
                                         const BootstrapOptions& options = {}) {
  const std::vector<Index> test = examples.of(Split::Test);
  detail::require_same_size(scores.size(), test.size() * static_cast<std::size_t>(classes), "accuracy_over_components");
  const std::vector<Index> predicted = argmax_rows(scores, classes);
  const auto labels = detail::chosen_of(examples.labels, test);
  return bootstrap_groups(
      detail::chosen_of(examples.component, test),
      [&](const std::vector<std::size_t>& drawn) {
        double right = 0;
        for (const std::size_t i : drawn) right += predicted[i] == static_cast<Index>(labels[i]) ? 1 : 0;
        return right / static_cast<double>(drawn.size());
      },
      options);
}

/// Mean over the test chains of Spearman's correlation within each, with its interval over components. Chains where it is not
/// defined (constant scores, fewer than three residues) are left out. `scores` (test examples).
inline Interval chain_spearman_over_components(const StructureExamples& examples, std::span<const double> scores,
                                               const BootstrapOptions& options = {}) {
  const std::vector<Index> test = examples.of(Split::Test);
  detail::require_same_size(scores.size(), test.size(), "chain_spearman_over_components");
  require(examples.chain.size() == examples.size(), "the mean correlation over chains needs the chain of every example, not of ",
          examples.chain.size(), " of ", examples.size());
  const auto chains = detail::chosen_of(examples.chain, test), components = detail::chosen_of(examples.component, test);
  const GroupedCorrelation within = grouped_spearman(scores, detail::chosen_of(examples.labels, test), chains, 3);
  std::vector<double> values;
  std::vector<Index> component;
  for (std::size_t g = 0; g < within.groups.size(); ++g) {
    if (std::isnan(within.values[g])) continue;
    values.push_back(within.values[g]);
    component.push_back(
        components[static_cast<std::size_t>(std::find(chains.begin(), chains.end(), within.groups[g]) - chains.begin())]);
  }
  return bootstrap_groups(
      component,
      [&](const std::vector<std::size_t>& drawn) {
        double sum = 0;
        for (const std::size_t i : drawn) sum += values[i];
        return drawn.empty() ? detail::undefined : sum / static_cast<double>(drawn.size());
      },
      options);
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
