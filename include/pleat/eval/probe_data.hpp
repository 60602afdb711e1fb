#pragma once
/// \file  What a probe is fitted on: frozen features, labels and splits, as standardised matrices.

#include <cmath>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <pleat/core/error.hpp>
#include <pleat/core/index.hpp>
#include <pleat/eval/metrics.hpp>

namespace pleat::inline v0_1 {

enum class ProbeKind { Regression, Binary, Multiclass };

/// Features of a pair (a, b) of proteins. Symmetric [a + b, |a - b|] is the default: a pair has no first protein, and the order
/// in a table can carry the label (by accession, say), which [a, b] would learn. WithProduct is [a, b, a * b].
enum class PairFeatures { Symmetric, Concatenated, WithProduct };

/// Frozen features, one row per unique sequence, row-major without padding. Not owned.
struct FeatureView {
  const float* data = nullptr;
  Index rows = 0;
  Index width = 0;
};

/// A task without its features: examples with labels, each naming the feature row of its sequence (or of its two sequences).
struct ProbeProblem {
  ProbeKind kind = ProbeKind::Regression;
  Index classes = 1;                     ///< 1 for regression, 2 for binary
  std::vector<double> labels;            ///< per example; class numbers from 0 unless regression
  std::vector<Index> sequence;           ///< per example: feature row
  std::vector<Index> partner;            ///< per example: feature row of the second protein; empty unless the task is about pairs
  std::vector<Index> train, valid, test; ///< example numbers
  PairFeatures pairs = PairFeatures::Symmetric;
  bool paired() const { return !partner.empty(); }
  Index width_of(Index features) const {
    return !paired() ? features : pairs == PairFeatures::WithProduct ? 3 * features : 2 * features;
  }
};

/// One split as a matrix: `x` (rows, width), standardised; `y` (rows).
struct ProbeSplit {
  std::vector<float> x;
  std::vector<double> y;
  Index rows = 0;
  std::vector<Index> classes() const { return {y.begin(), y.end()}; }
};

struct ProbeData {
  ProbeKind kind = ProbeKind::Regression;
  Index classes = 1;
  Index width = 0;
  ProbeSplit train, valid, test;
  /// Columns of a probe's scores: 1 (value, or score of class 1 with its decision at 0), or one per class.
  Index outputs() const { return kind == ProbeKind::Multiclass ? classes : 1; }
};

/// Scores of one fitted probe, with the hyper-parameter that the valid split chose.
struct ProbeResult {
  std::string probe;
  double strength = 0;                           ///< lambda of ridge and logistic, steps of the MLP
  double valid_metric = 0;                       ///< task metric on valid
  std::vector<double> valid_scores, test_scores; ///< (rows, outputs)
};

/// The number by which probes are chosen and tables are ranked: Spearman for regression, else accuracy.
inline std::string_view task_metric_name(ProbeKind kind) { return kind == ProbeKind::Regression ? "spearman" : "accuracy"; }

/// Classes that scores stand for: argmax of the columns, or score > 0.
inline std::vector<Index> predicted_classes(ProbeKind kind, Index classes, Scores scores) {
  if (kind == ProbeKind::Multiclass) return argmax_rows(scores, classes);
  std::vector<Index> result;
  for (double s : scores) result.push_back(s > 0 ? 1 : 0);
  return result;
}

inline double task_metric(ProbeKind kind, Index classes, Scores scores, Scores target) {
  if (kind == ProbeKind::Regression) return spearman(scores, target);
  std::vector<Index> truth(target.begin(), target.end());
  return accuracy(predicted_classes(kind, classes, scores), truth);
}

namespace detail {

inline void check_problem(const FeatureView& features, const ProbeProblem& problem) {
  std::size_t examples = problem.labels.size();
  require(problem.sequence.size() == examples, "the probe problem has ", examples, " labels and ", problem.sequence.size(),
          " feature rows: give one row per label");
  require(problem.partner.empty() || problem.partner.size() == examples, "the paired probe problem has ", examples,
          " labels and ", problem.partner.size(), " second feature rows: give one row per label");
  require(!problem.train.empty() && !problem.valid.empty(),
          "the probe problem needs at least one train and one valid example, it has ", problem.train.size(), " and ",
          problem.valid.size(), ": check the split column");
  for (const auto* rows : {&problem.sequence, &problem.partner})
    for (Index row : *rows)
      require(row >= 0 && row < features.rows, "the probe problem names feature row ", row, " of ", features.rows,
              ": embed every sequence of the task");
  for (const auto* split : {&problem.train, &problem.valid, &problem.test})
    for (Index e : *split)
      require(e >= 0 && static_cast<std::size_t>(e) < examples, "a split of the probe problem names example ", e, " of ",
              examples);
  if (problem.kind == ProbeKind::Regression) return;
  require(problem.classes >= 2 && (problem.kind == ProbeKind::Multiclass || problem.classes == 2), "a classification probe got ",
          problem.classes, " classes: binary has 2, multiclass at least 2");
  for (std::size_t e = 0; e < examples; ++e)
    require(problem.labels[e] >= 0 && problem.labels[e] < static_cast<double>(problem.classes) &&
                problem.labels[e] == std::floor(problem.labels[e]),
            "label ", problem.labels[e], " of example ", e, " is not a class from 0 to ", problem.classes - 1);
}

inline ProbeSplit gather_split(const FeatureView& features, const ProbeProblem& problem, const std::vector<Index>& examples) {
  ProbeSplit split;
  split.rows = static_cast<Index>(examples.size());
  Index width = features.width;
  split.x.reserve(static_cast<std::size_t>(split.rows * problem.width_of(width)));
  for (Index e : examples) {
    auto example = static_cast<std::size_t>(e);
    split.y.push_back(problem.labels[example]);
    const float* a = features.data + problem.sequence[example] * width;
    const float* b = problem.paired() ? features.data + problem.partner[example] * width : nullptr;
    if (!b || problem.pairs != PairFeatures::Symmetric) split.x.insert(split.x.end(), a, a + width);
    if (!b) continue;
    if (problem.pairs == PairFeatures::Symmetric) {
      for (Index i = 0; i < width; ++i) split.x.push_back(a[i] + b[i]);
      for (Index i = 0; i < width; ++i) split.x.push_back(std::abs(a[i] - b[i]));
      continue;
    }
    split.x.insert(split.x.end(), b, b + width);
    for (Index i = 0; i < width && problem.pairs == PairFeatures::WithProduct; ++i) split.x.push_back(a[i] * b[i]);
  }
  return split;
}

inline void standardise_columns(ProbeData& data) {
  auto width = static_cast<std::size_t>(data.width);
  std::vector<double> mean(width), square(width);
  auto n = static_cast<double>(data.train.rows);
  for (std::size_t i = 0; i < data.train.x.size(); ++i) mean[i % width] += static_cast<double>(data.train.x[i]);
  for (auto& m : mean) m /= n;
  for (std::size_t i = 0; i < data.train.x.size(); ++i) {
    double centred = static_cast<double>(data.train.x[i]) - mean[i % width];
    square[i % width] += centred * centred;
  }
  for (std::size_t c = 0; c < width; ++c) {
    // A column that does not vary (beyond float rounding) tells nothing: it becomes 0 instead of amplified noise.
    double deviation = std::sqrt(square[c] / n), floor = 1e-6 * std::abs(mean[c]) + 1e-30;
    square[c] = deviation > floor ? 1 / deviation : 0;
  }
  for (auto* split : {&data.train, &data.valid, &data.test})
    for (std::size_t i = 0; i < split->x.size(); ++i)
      split->x[i] = static_cast<float>((static_cast<double>(split->x[i]) - mean[i % width]) * square[i % width]);
}

} // namespace detail

/// Gathers the features of each split and standardises every column by the mean and deviation of train. The features of pairs are
/// made from single features that were standardised over the train proteins first, so that a product means agreement in sign.
/// With `with_test` false the test split stays empty (its features may not exist yet). Features that are not finite are refused.
inline ProbeData make_probe_data(const FeatureView& features, const ProbeProblem& problem, bool with_test = true) {
  detail::check_problem(features, problem);
  ProbeData data;
  data.kind = problem.kind;
  data.classes = problem.kind == ProbeKind::Regression ? 1 : problem.classes;
  data.width = problem.width_of(features.width);
  FeatureView source = features;
  std::vector<float> single;
  if (problem.paired()) {
    ProbeData alone;
    alone.width = features.width;
    for (const auto* rows : {&problem.sequence, &problem.partner})
      for (Index e : problem.train) {
        const float* row = features.data + (*rows)[static_cast<std::size_t>(e)] * features.width;
        alone.train.x.insert(alone.train.x.end(), row, row + features.width);
        alone.train.rows += 1;
      }
    alone.test.x.assign(features.data, features.data + features.rows * features.width);
    detail::standardise_columns(alone);
    single = std::move(alone.test.x);
    source.data = single.data();
  }
  data.train = detail::gather_split(source, problem, problem.train);
  data.valid = detail::gather_split(source, problem, problem.valid);
  if (with_test) data.test = detail::gather_split(source, problem, problem.test);
  detail::standardise_columns(data);
  for (const auto* split : {&data.train, &data.valid, &data.test})
    for (std::size_t i = 0; i < split->x.size(); ++i)
      require(std::isfinite(split->x[i]), "feature ", i % static_cast<std::size_t>(data.width), " of example ",
              i / static_cast<std::size_t>(data.width), " of a split is not finite: the representation is broken");
  return data;
}

} // namespace pleat::inline v0_1
