#pragma once
/// \file  Predictors of one task against each other: means over seeds, and paired differences to a reference and to the best
/// baseline.

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <pleat/eval/component_statistics.hpp>

namespace pleat::inline v0_1 {

/// The scores of one trained model, or of a baseline.
struct Predictions {
  std::string title;          ///< models of one title and several seeds are one row
  std::string seed;           ///< "1"; empty for baselines
  std::vector<double> scores; ///< of the test examples, as `component_statistic` takes them
};

/// One row of a comparison.
struct ComparedRow {
  std::string title;
  bool learned = true;
  std::vector<std::pair<std::string, Interval>> seeds; ///< each seed by itself; empty for baselines
  Interval value;                                      ///< the mean over seeds
  std::optional<Interval> to_reference, to_baseline;   ///< paired: value less that of the reference, and of the best baseline
};

struct Comparison {
  std::string reference, baseline; ///< titles; empty where there is none
  std::size_t examples = 0, components = 0;
  std::vector<ComparedRow> rows; ///< baselines, then models in the order they were given

  const ComparedRow* find(std::string_view title) const {
    for (const ComparedRow& row : rows)
      if (row.title == title) return &row;
    return nullptr;
  }
};

/// Compares models with baselines and with the model called `reference` ("none": no pre-training), if it is there. The best
/// baseline is chosen by its test score, in its favour. Intervals are over components: they say how far other proteins may
/// differ, not other seeds, which is why each seed stands beside the mean. Errors: sizes that do not belong together.
inline Comparison compare_predictors(StructureMetric metric, const StructureExamples& examples,
                                     const std::vector<Predictions>& models, const std::vector<Predictions>& baselines,
                                     std::string_view reference, const BootstrapOptions& options = {}) {
  struct Scored {
    std::string title;
    std::vector<std::string> seeds;
    std::vector<ComponentStatistic> each;
    std::optional<ComponentStatistic> mean;
  };
  const auto score = [&](const Predictions& p) { return component_statistic(metric, examples, p.scores); };
  std::vector<Scored> scored;
  for (const Predictions& model : models) {
    auto known = std::find_if(scored.begin(), scored.end(), [&](const Scored& s) { return s.title == model.title; });
    if (known == scored.end()) known = scored.insert(known, {model.title, {}, {}, {}});
    require(std::find(known->seeds.begin(), known->seeds.end(), model.seed) == known->seeds.end(), "two predictors are called \"",
            model.title, "\" and have the seed ", model.seed,
            "; give models that differ in more than the seed titles of their own");
    known->seeds.push_back(model.seed), known->each.push_back(score(model));
  }
  const Scored* before = nullptr;
  for (Scored& s : scored) {
    s.mean = mean_of(s.each);
    if (s.title == reference) before = &s;
  }
  Comparison result;
  result.examples = examples.of(Split::Test).size(), result.components = detail::test_part(examples).components;
  std::optional<ComponentStatistic> best;
  double best_value = 0;
  for (const Predictions& baseline : baselines) {
    const ComponentStatistic statistic = score(baseline);
    ComparedRow row{baseline.title, false, {}, over_components(statistic, options), {}, {}};
    if (!std::isnan(row.value.value) && (!best || row.value.value > best_value))
      best = statistic, best_value = row.value.value, result.baseline = row.title;
    result.rows.push_back(std::move(row));
  }
  if (before != nullptr) result.reference = before->title;
  for (const Scored& s : scored) {
    ComparedRow row{s.title, true, {}, over_components(*s.mean, options), {}, {}};
    for (std::size_t i = 0; i < s.each.size(); ++i) row.seeds.emplace_back(s.seeds[i], over_components(s.each[i], options));
    if (before != nullptr && before != &s) row.to_reference = difference_over_components(*s.mean, *before->mean, options);
    if (best) row.to_baseline = difference_over_components(*s.mean, *best, options);
    result.rows.push_back(std::move(row));
  }
  return result;
}

} // namespace pleat::inline v0_1
