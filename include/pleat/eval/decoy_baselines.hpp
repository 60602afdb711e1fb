#pragma once
/// \file  Structure quality as a task: rows of decoys, their baselines, and the rule by which a generator of decoys is accepted.

#include <algorithm>
#include <array>
#include <cmath>
#include <pleat/core/index.hpp>
#include <pleat/data/structure_measures.hpp>
#include <pleat/eval/metrics.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pleat::inline v0_1 {

/// A decoy as the task sees it.
struct DecoyRow {
  Index target = 0;
  std::string_view generator;
  double gdt_ts = 0;
  std::array<double, 4> measures{}; ///< of `structure_measures`
};

/// How well one score ranks decoys: Spearman over all, and the mean over targets with at least three decoys.
struct DecoyCorrelation {
  double global = 0, mean = 0;
  Index targets = 0; ///< that the mean is of
};
inline DecoyCorrelation decoy_correlation(Scores predicted, Scores gdt_ts, std::span<const Index> target) {
  const GroupedCorrelation grouped = grouped_spearman(predicted, gdt_ts, target);
  Index defined = 0;
  for (const double value : grouped.values) defined += !std::isnan(value);
  return {spearman(predicted, gdt_ts), grouped.mean, defined};
}

/// The four baselines on the decoys of one generator, or of all ("").
struct DecoyBaselines {
  std::string_view generator;
  Index decoys = 0;
  std::array<DecoyCorrelation, 4> measures;
  /// The largest mean rho, its sign aside: what a model has to gain over.
  double best() const {
    double most = 0;
    for (const DecoyCorrelation& c : measures) most = (std::max)(most, std::abs(c.mean));
    return most;
  }
};
inline DecoyBaselines decoy_baselines(std::span<const DecoyRow> rows, std::string_view generator = "") {
  DecoyBaselines result{generator, 0, {}};
  for (std::size_t m = 0; m < 4; ++m) {
    std::vector<double> predicted, gdt;
    std::vector<Index> target;
    for (const DecoyRow& row : rows)
      if (generator.empty() || row.generator == generator)
        predicted.push_back(row.measures[m]), gdt.push_back(row.gdt_ts), target.push_back(row.target);
    result.decoys = static_cast<Index>(gdt.size());
    result.measures[m] = decoy_correlation(predicted, gdt, target);
  }
  return result;
}

/// No generator is accepted while a measure that knows nothing of folding ranks its decoys with a mean rho beyond this.
inline constexpr double largest_baseline_correlation = 0.4;
inline bool generator_is_accepted(const DecoyBaselines& baselines) {
  for (const DecoyCorrelation& c : baselines.measures)
    if (!(std::abs(c.mean) <= largest_baseline_correlation)) return false; // also where nothing is defined
  return true;
}

} // namespace pleat::inline v0_1
