#pragma once
/// \file  Mutations of complexes as a task: a baseline of substitution matrix and burial, and scores complex by complex.

#include <algorithm>
#include <array>
#include <cmath>
#include <pleat/core/error.hpp>
#include <pleat/core/index.hpp>
#include <pleat/data/exposure.hpp>
#include <pleat/data/skempi.hpp>
#include <pleat/data/structure.hpp>
#include <pleat/data/substitution_matrix.hpp>
#include <pleat/eval/metrics.hpp>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace pleat::inline v0_1 {

inline constexpr double burial_distance = 10; ///< Angstrom

/// (residues) how many other residues have their C-beta (C-alpha where there is none) within 10 Angstrom of a residue's; 0 for
/// residues with neither.
inline std::vector<double> burial(const Structure& s) {
  std::vector<Index> chosen(s.types.size(), -1);
  for (std::size_t a = s.names.size(); a-- > 0;) {
    Index& atom = chosen[static_cast<std::size_t>(s.atom_residues[a])];
    if (s.names[a] == atom_cb || (s.names[a] == atom_ca && (atom < 0 || s.names[static_cast<std::size_t>(atom)] != atom_cb)))
      atom = static_cast<Index>(a);
  }
  std::vector<double> buried;
  for (const Index count : contacts_of(s, chosen, burial_distance))
    buried.push_back(static_cast<double>((std::max)(count, Index{0})));
  return buried;
}

/// Constant, BLOSUM62 and burial of each mutation. `complexes` (complexes of the table) are the structures. Errors: as
/// `mutated_residue`.
inline std::vector<std::array<double, 3>> mutation_features(const MutationTable& table, std::span<const Structure> complexes) {
  require(complexes.size() == table.complexes.size(), table.name, ": has ", table.complexes.size(), " complexes, but ",
          complexes.size(), " structures were given; give one of each.");
  std::vector<std::vector<double>> buried;
  for (const Structure& complex : complexes) buried.push_back(burial(complex));
  std::vector<std::array<double, 3>> features;
  for (const Mutation& m : table.mutations) {
    const auto complex = static_cast<std::size_t>(m.complex);
    const Index residue = mutated_residue(table, m, complexes[complex]);
    features.push_back(
        {1, static_cast<double>(blosum62(m.wild_type, m.mutant)), buried[complex][static_cast<std::size_t>(residue)]});
  }
  return features;
}

/// Scores (mutations) of a least squares fit of the energies on the three features, fitted on the one fold for the other.
inline std::vector<double> mutation_baseline(const MutationTable& table, std::span<const Structure> complexes,
                                             std::span<const int> folds) {
  const auto features = mutation_features(table, complexes);
  require(folds.size() == features.size(), table.name, ": ", folds.size(), " fold numbers for ", features.size(), " mutations.");
  std::vector<double> scores(features.size());
  for (const int fold : {0, 1}) {
    double a[3][4] = {}; // normal equations, with a little ridge where a fold does not vary
    for (std::size_t i = 0; i < features.size(); ++i) {
      if (folds[i] == fold) continue;
      for (std::size_t r = 0; r < 3; ++r) {
        for (std::size_t c = 0; c < 3; ++c) a[r][c] += features[i][r] * features[i][c];
        a[r][3] += features[i][r] * table.mutations[i].ddg;
      }
    }
    for (std::size_t r = 0; r < 3; ++r) a[r][r] += 1e-9 * (a[0][0] + a[1][1] + a[2][2]);
    for (std::size_t p = 0; p < 3; ++p) // Gauss-Jordan; the matrix is positive definite
      for (std::size_t r = 0; r < 3; ++r) {
        if (r == p) continue;
        const double share = a[r][p] / a[p][p];
        for (std::size_t c = p; c < 4; ++c) a[r][c] -= share * a[p][c];
      }
    for (std::size_t i = 0; i < features.size(); ++i)
      if (folds[i] == fold)
        for (std::size_t c = 0; c < 3; ++c) scores[i] += features[i][c] * a[c][3] / a[c][c];
  }
  return scores;
}

/// Scores on the mutations of one complex; complexes are never pooled, their energies have different references.
struct ComplexScore {
  std::string complex;
  Index mutations = 0, tighter = 0;
  double auroc = 0;    ///< of binding tighter; NaN with one class
  double spearman = 0; ///< with the energy; NaN below three mutations
};
inline std::vector<ComplexScore> score_mutations(const MutationTable& table, Scores predicted) {
  detail::require_same_size(predicted.size(), table.mutations.size(), "score_mutations");
  std::vector<ComplexScore> scores;
  for (std::size_t k = 0; k < table.complexes.size(); ++k) {
    std::vector<double> p, ddg;
    std::vector<Index> label;
    for (const Index i : table.of(static_cast<Index>(k))) {
      const Mutation& mutation = table.mutations[static_cast<std::size_t>(i)];
      p.push_back(predicted[static_cast<std::size_t>(i)]);
      ddg.push_back(mutation.ddg), label.push_back(mutation.binds_tighter());
    }
    scores.push_back({table.complexes[k].name, static_cast<Index>(p.size()), std::count(label.begin(), label.end(), Index{1}),
                      auroc(p, label), p.size() < 3 ? detail::undefined : spearman(p, ddg)});
  }
  return scores;
}

/// Mean AUROC of the complexes with both classes and at least `smallest` mutations; NaN where there is none. No interval belongs
/// to it: a fold has two such complexes, and what is drawn again must be complexes.
inline double mean_auroc(std::span<const ComplexScore> scores, Index smallest = 20) {
  double sum = 0, count = 0;
  for (const ComplexScore& score : scores)
    if (score.mutations >= smallest && !std::isnan(score.auroc)) sum += score.auroc, ++count;
  return count > 0 ? sum / count : detail::undefined;
}

} // namespace pleat::inline v0_1
