#pragma once
/// \file  Scores of predictions: rank and linear correlation, errors, accuracy, MCC, areas under curves, Fmax.
///
/// Undefined values are NaN, never an exception and never a silent 0: correlation with a constant series or fewer than two
/// examples, AUROC with one class, average precision without a positive. MCC with one class in truth or prediction is 0 (its
/// usual convention). Scores and targets that are NaN give NaN. All sums are double, in index order.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

#include <pleat/core/error.hpp>
#include <pleat/core/index.hpp>

namespace pleat::inline v0_1 {

using Scores = std::span<const double>;
using Labels = std::span<const Index>; ///< class numbers from 0; 0 and 1 in binary metrics

namespace detail {

inline constexpr double undefined = std::numeric_limits<double>::quiet_NaN();

inline void require_same_size(std::size_t a, std::size_t b, const char* metric) {
  require(a == b, metric, " got ", a, " predictions and ", b, " targets: give one target per prediction");
}

inline bool has_nan(Scores values) {
  return std::any_of(values.begin(), values.end(), [](double v) { return std::isnan(v); });
}

/// Indices by falling score; equal scores stay in index order.
inline std::vector<std::size_t> falling_order(Scores scores) {
  std::vector<std::size_t> order(scores.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return scores[a] > scores[b]; });
  return order;
}

} // namespace detail

/// Ranks from 1; equal values share the average of their ranks. NaN is not allowed.
inline std::vector<double> average_ranks(Scores values) {
  auto order = detail::falling_order(values);
  std::size_t n = values.size();
  std::vector<double> ranks(n);
  for (std::size_t first = 0, last; first < n; first = last) {
    for (last = first + 1; last < n && values[order[last]] == values[order[first]];) ++last;
    double rank = static_cast<double>(n) - 0.5 * static_cast<double>(first + last - 1);
    for (std::size_t i = first; i < last; ++i) ranks[order[i]] = rank;
  }
  return ranks;
}

inline double pearson(Scores predicted, Scores target) {
  detail::require_same_size(predicted.size(), target.size(), "pearson");
  std::size_t n = predicted.size();
  double mean_p = 0, mean_t = 0;
  for (std::size_t i = 0; i < n; ++i) mean_p += predicted[i], mean_t += target[i];
  mean_p /= static_cast<double>(n), mean_t /= static_cast<double>(n);
  double pp = 0, tt = 0, pt = 0;
  for (std::size_t i = 0; i < n; ++i) {
    double p = predicted[i] - mean_p, t = target[i] - mean_t;
    pp += p * p, tt += t * t, pt += p * t;
  }
  if (n < 2 || !(pp > 0) || !(tt > 0)) return detail::undefined;
  return pt / (std::sqrt(pp) * std::sqrt(tt));
}

/// Spearman's rho: Pearson's correlation of average ranks, so ties are handled exactly.
inline double spearman(Scores predicted, Scores target) {
  detail::require_same_size(predicted.size(), target.size(), "spearman");
  if (detail::has_nan(predicted) || detail::has_nan(target)) return detail::undefined;
  return pearson(average_ranks(predicted), average_ranks(target));
}

inline double mean_absolute_error(Scores predicted, Scores target) {
  detail::require_same_size(predicted.size(), target.size(), "mean_absolute_error");
  double sum = 0;
  for (std::size_t i = 0; i < predicted.size(); ++i) sum += std::abs(predicted[i] - target[i]);
  return sum / static_cast<double>(predicted.size());
}

inline double root_mean_square_error(Scores predicted, Scores target) {
  detail::require_same_size(predicted.size(), target.size(), "root_mean_square_error");
  double sum = 0;
  for (std::size_t i = 0; i < predicted.size(); ++i) sum += (predicted[i] - target[i]) * (predicted[i] - target[i]);
  return std::sqrt(sum / static_cast<double>(predicted.size()));
}

inline double accuracy(Labels predicted, Labels target) {
  detail::require_same_size(predicted.size(), target.size(), "accuracy");
  std::size_t right = 0;
  for (std::size_t i = 0; i < predicted.size(); ++i) right += predicted[i] == target[i] ? 1u : 0u;
  return static_cast<double>(right) / static_cast<double>(predicted.size());
}

/// Matthews' correlation for any number of classes (Gorodkin's R_K).
inline double matthews_correlation(Labels predicted, Labels target) {
  detail::require_same_size(predicted.size(), target.size(), "matthews_correlation");
  Index classes = 0;
  for (std::size_t i = 0; i < predicted.size(); ++i) {
    require(predicted[i] >= 0 && target[i] >= 0, "matthews_correlation got a negative class at example ", i,
            ": number classes from 0");
    classes = (std::max)({classes, predicted[i] + 1, target[i] + 1});
  }
  std::vector<double> of_predicted(static_cast<std::size_t>(classes)), of_target(static_cast<std::size_t>(classes));
  double n = static_cast<double>(predicted.size()), right = 0;
  for (std::size_t i = 0; i < predicted.size(); ++i) {
    of_predicted[static_cast<std::size_t>(predicted[i])] += 1;
    of_target[static_cast<std::size_t>(target[i])] += 1;
    right += predicted[i] == target[i] ? 1.0 : 0.0;
  }
  if (predicted.empty()) return detail::undefined;
  double pt = 0, pp = 0, tt = 0;
  for (std::size_t c = 0; c < of_predicted.size(); ++c) {
    pt += of_predicted[c] * of_target[c], pp += of_predicted[c] * of_predicted[c], tt += of_target[c] * of_target[c];
  }
  double scale = std::sqrt((n * n - pp) * (n * n - tt));
  return scale > 0 ? (right * n - pt) / scale : 0.0;
}

/// Area under the ROC curve: the probability that a positive outranks a negative, ties counting 1/2.
inline double auroc(Scores scores, Labels target) {
  detail::require_same_size(scores.size(), target.size(), "auroc");
  if (detail::has_nan(scores)) return detail::undefined;
  auto ranks = average_ranks(scores);
  double positives = 0, sum = 0, n = static_cast<double>(scores.size());
  for (std::size_t i = 0; i < scores.size(); ++i)
    if (target[i] > 0) positives += 1, sum += ranks[i];
  double negatives = n - positives;
  if (positives == 0 || negatives == 0) return detail::undefined;
  return (sum - positives * (positives + 1) / 2) / (positives * negatives);
}

/// Average precision, sum over thresholds of (recall gained) x precision; equal scores are one threshold. This is the step-wise
/// area under the precision-recall curve (no interpolation, which would be too kind).
inline double average_precision(Scores scores, Labels target) {
  detail::require_same_size(scores.size(), target.size(), "average_precision");
  if (detail::has_nan(scores)) return detail::undefined;
  auto order = detail::falling_order(scores);
  double hits = 0, sum = 0;
  for (std::size_t first = 0, last; first < order.size(); first = last) {
    double gained = 0;
    for (last = first; last < order.size() && scores[order[last]] == scores[order[first]]; ++last)
      gained += target[order[last]] > 0 ? 1 : 0;
    hits += gained;
    sum += gained * hits / static_cast<double>(last);
  }
  return hits > 0 ? sum / hits : detail::undefined;
}

/// The area under the precision-recall curve is `average_precision` here.
inline double auprc(Scores scores, Labels target) { return average_precision(scores, target); }

/// A maximum and the threshold where it is reached (prediction = score >= threshold).
struct ThresholdScore {
  double value;
  double threshold;
};

/// Protein-centric Fmax of multi-label scores (rows, classes), row-major: over all thresholds, F1 of the mean precision of the
/// rows with a prediction and the mean recall of all rows (a row without positives has recall 0). Groups of equal scores enter
/// together. Without any positive the value is 0.
inline ThresholdScore f1_max(Scores scores, Labels target, Index classes) {
  detail::require_same_size(scores.size(), target.size(), "f1_max");
  require(classes > 0 && scores.size() % static_cast<std::size_t>(classes) == 0, "f1_max got ", scores.size(), " scores for ",
          classes, " classes: give rows x classes scores");
  if (scores.empty() || detail::has_nan(scores)) return {detail::undefined, detail::undefined};
  auto width = static_cast<std::size_t>(classes);
  std::size_t rows = scores.size() / width;
  std::vector<double> positives(rows), predicted(rows), hits(rows);
  for (std::size_t i = 0; i < scores.size(); ++i) positives[i / width] += target[i] > 0 ? 1 : 0;

  auto order = detail::falling_order(scores);
  double precision = 0, recall = 0, covered = 0;
  ThresholdScore best{0, scores[order[0]]};
  for (std::size_t first = 0, last; first < order.size(); first = last) {
    for (last = first; last < order.size() && scores[order[last]] == scores[order[first]]; ++last) {
      std::size_t row = order[last] / width;
      double before = predicted[row] > 0 ? hits[row] / predicted[row] : 0;
      covered += predicted[row] > 0 ? 0 : 1;
      predicted[row] += 1;
      if (target[order[last]] > 0) hits[row] += 1, recall += 1 / positives[row];
      precision += hits[row] / predicted[row] - before;
    }
    double p = precision / covered, r = recall / static_cast<double>(rows);
    double f1 = p + r > 0 ? 2 * p * r / (p + r) : 0;
    if (f1 > best.value) best = {f1, scores[order[first]]};
  }
  return best;
}

/// Average precision over all (row, class) pairs pooled.
inline double micro_auprc(Scores scores, Labels target) { return average_precision(scores, target); }

/// Spearman inside each group (for example one target with several decoys), for groups of at least `smallest` members.
struct GroupedCorrelation {
  std::vector<Index> groups;  ///< group numbers that count, rising
  std::vector<double> values; ///< Spearman of each; NaN where constant
  double mean;                ///< over the defined values; NaN without any
};

inline GroupedCorrelation grouped_spearman(Scores predicted, Scores target, std::span<const Index> group, Index smallest = 3) {
  detail::require_same_size(predicted.size(), target.size(), "grouped_spearman");
  detail::require_same_size(predicted.size(), group.size(), "grouped_spearman");
  std::vector<std::size_t> order(group.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return group[a] < group[b]; });
  GroupedCorrelation result{{}, {}, detail::undefined};
  double sum = 0, count = 0;
  for (std::size_t first = 0, last; first < order.size(); first = last) {
    std::vector<double> p, t;
    for (last = first; last < order.size() && group[order[last]] == group[order[first]]; ++last)
      p.push_back(predicted[order[last]]), t.push_back(target[order[last]]);
    if (static_cast<Index>(p.size()) < smallest) continue;
    result.groups.push_back(group[order[first]]);
    result.values.push_back(spearman(p, t));
    if (!std::isnan(result.values.back())) sum += result.values.back(), count += 1;
  }
  if (count > 0) result.mean = sum / count;
  return result;
}

/// Class of the largest score of each row; the first of equal ones.
inline std::vector<Index> argmax_rows(Scores scores, Index classes) {
  auto width = static_cast<std::size_t>(classes);
  std::vector<Index> result(scores.size() / width);
  for (std::size_t r = 0; r < result.size(); ++r) {
    auto row = scores.subspan(r * width, width);
    result[r] = std::max_element(row.begin(), row.end()) - row.begin();
  }
  return result;
}

} // namespace pleat::inline v0_1
