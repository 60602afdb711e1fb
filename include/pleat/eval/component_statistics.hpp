#pragma once
/// \file  Scores of a structure task as functions of the components that a resample draws: of one predictor, of the mean over
/// seeds, and of the difference of two on the same draws.

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <map>
#include <set>
#include <span>
#include <utility>
#include <vector>

#include <pleat/core/error.hpp>
#include <pleat/data/tasks.hpp>
#include <pleat/eval/bootstrap.hpp>
#include <pleat/eval/metrics.hpp>

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

/// How the outputs of a structure task are scored.
enum class StructureMetric : unsigned char {
  Accuracy,     ///< share of examples whose largest output is their class; outputs (examples, classes)
  Auroc,        ///< of all examples; outputs (examples), larger for class 1
  ChainSpearman ///< mean over chains of Spearman's correlation within each, 0 for equal outputs; outputs (examples)
};

/// A score of the test examples as a function of the components that were drawn: numbers 0, 1, ... in the order of the
/// components' own numbers, repeats allowed. NaN where it is not defined.
struct ComponentStatistic {
  std::size_t components = 0;
  std::function<double(const std::vector<std::size_t>& drawn)> of;

  double operator()(const std::vector<std::size_t>& drawn) const { return of(drawn); }
};

namespace detail {

template <class T> std::vector<T> chosen_of(const std::vector<T>& values, std::span<const Index> which) {
  std::vector<T> out;
  for (const Index i : which) out.push_back(values[static_cast<std::size_t>(i)]);
  return out;
}

// The test examples, their components renumbered from 0.
struct TestPart {
  std::vector<double> labels;
  std::vector<std::size_t> component;
  std::vector<Index> chain;
  std::size_t components = 0;
};
inline TestPart test_part(const StructureExamples& examples) {
  const std::vector<Index> test = examples.of(Split::Test), component = chosen_of(examples.component, test);
  std::map<Index, std::size_t> number;
  for (const Index c : component) number[c] = 0;
  TestPart part{chosen_of(examples.labels, test), {}, {}, number.size()};
  if (examples.chain.size() == examples.size()) part.chain = chosen_of(examples.chain, test);
  std::size_t next = 0;
  for (auto& [name, n] : number) n = next++;
  for (const Index c : component) part.component.push_back(number[c]);
  return part;
}

// sum / count over what was drawn.
inline ComponentStatistic mean_statistic(std::vector<double> sums, std::vector<double> counts) {
  const std::size_t components = sums.size();
  return {components, [sums = std::move(sums), counts = std::move(counts)](const std::vector<std::size_t>& drawn) {
            double sum = 0, count = 0;
            for (const std::size_t c : drawn) sum += sums[c], count += counts[c];
            return count > 0 ? sum / count : undefined;
          }};
}

inline ComponentStatistic accuracy_statistic(const TestPart& part, std::span<const double> scores) {
  require(!part.labels.empty() && scores.size() % part.labels.size() == 0, "the accuracy of ", part.labels.size(),
          " test examples got ", scores.size(), " scores; give one of each class for each");
  const auto predicted = argmax_rows(scores, static_cast<Index>(scores.size() / part.labels.size()));
  std::vector<double> hits(part.components), counts(part.components);
  for (std::size_t i = 0; i < predicted.size(); ++i)
    hits[part.component[i]] += predicted[i] == static_cast<Index>(part.labels[i]) ? 1 : 0, ++counts[part.component[i]];
  return mean_statistic(std::move(hits), std::move(counts));
}

// Sorted once; a draw is then one pass, each example counted as often as its component was drawn.
inline ComponentStatistic auroc_statistic(const TestPart& part, std::span<const double> scores) {
  require_same_size(scores.size(), part.labels.size(), "auroc_statistic");
  struct Ranked {
    double score;
    std::size_t component;
    bool positive;
  };
  std::vector<Ranked> ranked;
  for (std::size_t i = 0; i < scores.size(); ++i) {
    ranked.push_back({scores[i], part.component[i], part.labels[i] > 0});
  }
  std::stable_sort(ranked.begin(), ranked.end(), [](const Ranked& a, const Ranked& b) { return a.score < b.score; });
  return {part.components, [ranked = std::move(ranked), components = part.components](const std::vector<std::size_t>& drawn) {
            std::vector<double> times(components);
            for (const std::size_t c : drawn) ++times[c];
            double below = 0, positives = 0, area = 0; // negatives below, positives so far
            for (std::size_t first = 0, last; first < ranked.size(); first = last) {
              double positive = 0, negative = 0; // of equal scores
              for (last = first; last < ranked.size() && ranked[last].score == ranked[first].score; ++last)
                (ranked[last].positive ? positive : negative) += times[ranked[last].component];
              area += positive * (below + negative / 2), below += negative, positives += positive;
            }
            return below > 0 && positives > 0 ? area / (below * positives) : undefined;
          }};
}

// Chains of fewer than three examples or of constant labels are left out, whoever predicts; where a predictor says the same of
// all it has ranked nothing, which counts as 0: else it would be scored on the chains that are easy for it.
inline ComponentStatistic chain_spearman_statistic(const TestPart& part, std::span<const double> scores) {
  require_same_size(scores.size(), part.labels.size(), "chain_spearman_statistic");
  require(part.chain.size() == part.labels.size(), "the mean correlation over chains needs the chain of every example");
  const GroupedCorrelation within = grouped_spearman(scores, part.labels, part.chain, 3);
  std::map<Index, std::size_t> component_of;
  std::map<Index, double> first_label;
  std::set<Index> varied;
  for (std::size_t i = 0; i < part.chain.size(); ++i) {
    component_of[part.chain[i]] = part.component[i];
    if (first_label.try_emplace(part.chain[i], part.labels[i]).first->second != part.labels[i]) varied.insert(part.chain[i]);
  }
  std::vector<double> sums(part.components), counts(part.components);
  for (std::size_t g = 0; g < within.groups.size(); ++g) {
    if (!varied.contains(within.groups[g])) continue;
    const std::size_t c = component_of[within.groups[g]];
    sums[c] += std::isnan(within.values[g]) ? 0 : within.values[g], ++counts[c];
  }
  return mean_statistic(std::move(sums), std::move(counts));
}

} // namespace detail

/// The statistic of one predictor. `scores`: outputs for the test examples in their order, as the metric wants them. Errors:
/// sizes that do not belong together, scores that are no numbers.
inline ComponentStatistic component_statistic(StructureMetric metric, const StructureExamples& examples,
                                              std::span<const double> scores) {
  const auto lost = std::find_if(scores.begin(), scores.end(), [](double s) { return std::isnan(s); });
  require(lost == scores.end(), "score ", lost - scores.begin(), " of ", scores.size(),
          " is no number, as after a training that diverged; leave this predictor out, or train it with a smaller rate");
  const detail::TestPart part = detail::test_part(examples);
  return metric == StructureMetric::Accuracy ? detail::accuracy_statistic(part, scores)
         : metric == StructureMetric::Auroc  ? detail::auroc_statistic(part, scores)
                                             : detail::chain_spearman_statistic(part, scores);
}

/// The mean of several predictors' scores, such as those of one model trained with several seeds. Errors: none, or of other
/// tests.
inline ComponentStatistic mean_of(std::vector<ComponentStatistic> all) {
  require(!all.empty(), "the mean score of no predictor is asked for; give at least one");
  const std::size_t components = all[0].components;
  for (const auto& one : all)
    require(one.components == components, "scores on ", components, " components cannot be averaged with scores on ",
            one.components, "; score all on the same test part");
  return {components, [all = std::move(all)](const std::vector<std::size_t>& drawn) {
            double sum = 0;
            for (const auto& one : all) sum += one(drawn);
            return sum / static_cast<double>(all.size());
          }};
}

/// The score with its percentile interval over components.
inline Interval over_components(const ComponentStatistic& statistic, const BootstrapOptions& options = {}) {
  return bootstrap(statistic.components, statistic, options);
}
/// The score of `first` less that of `second` on the same draws: its interval says whether the two differ on these proteins.
inline Interval difference_over_components(const ComponentStatistic& first, const ComponentStatistic& second,
                                           const BootstrapOptions& options = {}) {
  require(first.components == second.components, "predictors scored on ", first.components, " and on ", second.components,
          " components cannot be compared; score both on the same test part");
  return paired_bootstrap(first.components, first, second, options);
}

} // namespace pleat::inline v0_1
