#pragma once
/// \file  Tasks with several labels an example, from frozen features: Fmax and micro AUPR by ridge and by nearest neighbours.

#include <algorithm>
#include <cmath>
#include <pleat/core/error.hpp>
#include <pleat/core/index.hpp>
#include <pleat/data/label_sets.hpp>
#include <pleat/eval/metrics.hpp>
#include <pleat/eval/probe_data.hpp>
#include <pleat/ops/dense_algebra.hpp>
#include <span>
#include <vector>

namespace pleat::inline v0_1 {

struct LabelSetScore {
  double f1_max = 0, micro_auprc = 0;    ///< of the test split
  double valid_f1_max = 0, strength = 0; ///< of the ridge that was chosen
};

/// One ridge regression for all classes at once on standardised features (sequences, width) of the task: targets 1 and 0, the
/// strength with the best Fmax on valid, the larger of equals. Composition features are the baseline. Classes that train lacks
/// keep the score 0. Errors: features of another number of sequences; no strength that can be solved.
template <class Device>
LabelSetScore evaluate_label_sets(const Device& device, const FeatureView& features, const LabelSetTask& task,
                                  std::span<const double> strengths) {
  require(features.rows == task.sequences.size(), task.name, ": features of ", features.rows, " sequences were given for ",
          task.sequences.size(), "; give one row of features a sequence.");
  const auto width = static_cast<std::size_t>(features.width), classes = task.sets.classes.size();
  const std::vector<Index> train = task.of(Split::Train), valid = task.of(Split::Valid), test = task.of(Split::Test);
  const auto n = static_cast<double>(train.size());
  std::vector<double> mean(width), deviation(width), class_mean(classes);
  const auto value = [&](Index example, std::size_t c) {
    return static_cast<double>(features.data[static_cast<std::size_t>(example) * width + c]);
  };
  for (const Index i : train)
    for (std::size_t c = 0; c < width; ++c) mean[c] += value(i, c) / n;
  for (const Index i : train)
    for (std::size_t c = 0; c < width; ++c) deviation[c] += (value(i, c) - mean[c]) * (value(i, c) - mean[c]) / n;
  for (double& d : deviation) d = d > 0 ? std::sqrt(d) : 1;
  const auto rows_of = [&](const std::vector<Index>& chosen) {
    std::vector<double> rows;
    for (const Index i : chosen)
      for (std::size_t c = 0; c < width; ++c) rows.push_back((value(i, c) - mean[c]) / deviation[c]);
    return rows;
  };
  for (const Index i : train)
    for (const Index c : task.sets.labels[static_cast<std::size_t>(i)]) class_mean[static_cast<std::size_t>(c)] += 1 / n;
  const std::vector<double> x = rows_of(train);
  std::vector<double> targets(train.size() * classes);
  for (std::size_t i = 0; i < train.size(); ++i) {
    for (std::size_t c = 0; c < classes; ++c) targets[i * classes + c] = -class_mean[c];
    for (const Index c : task.sets.labels[static_cast<std::size_t>(train[i])])
      targets[i * classes + static_cast<std::size_t>(c)] += 1;
  }
  const auto w = static_cast<Index>(width), k = static_cast<Index>(classes);
  std::vector<double> square(width * width), right(width * classes), weights(width * classes);
  gram(device, static_cast<Index>(train.size()), w, x.data(), square.data());
  multiply(device, w, k, static_cast<Index>(train.size()), x.data(), targets.data(), right.data(), Transposed::Left);
  const auto scores_of = [&](const std::vector<double>& rows, std::size_t count) {
    std::vector<double> scores(count * classes);
    multiply(device, static_cast<Index>(count), k, w, rows.data(), weights.data(), scores.data());
    for (std::size_t i = 0; i < scores.size(); ++i) scores[i] += class_mean[i % classes];
    return scores;
  };
  const std::vector<double> x_valid = rows_of(valid), x_test = rows_of(test);
  const std::vector<Index> y_valid = task.sets.matrix(valid), y_test = task.sets.matrix(test);
  LabelSetScore best;
  bool found = false;
  for (const double strength : strengths) {
    std::vector<double> shifted = square;
    for (std::size_t c = 0; c < width; ++c) shifted[c * width + c] += strength * n;
    if (!solve(device, w, k, shifted.data(), right.data(), weights.data())) continue;
    const double f1 = f1_max(scores_of(x_valid, valid.size()), y_valid, k).value;
    if (found && (f1 < best.valid_f1_max || (f1 == best.valid_f1_max && strength <= best.strength))) continue;
    found = true;
    const std::vector<double> scores = scores_of(x_test, test.size());
    best = {f1_max(scores, y_test, k).value, micro_auprc(scores, y_test), f1, strength};
  }
  require(found, task.name, ": the ridge regression has no solution for any strength: give positive strengths.");
  return best;
}

/// Scores (examples, classes) by nearest neighbours, leaving whole clusters out: the score of a class is the largest cosine
/// similarity to an example of another cluster that has the class, -1 where there is none. `features` (examples, width),
/// `clusters` (examples) any numbers: relatives must share one, or the neighbour is the protein itself by another name. A
/// demonstration on small sets: nothing is fitted. Errors: sizes that do not belong together, fewer than two clusters.
inline std::vector<double> leave_cluster_out_scores(const FeatureView& features, const LabelSets& sets,
                                                    std::span<const Index> clusters) {
  const auto n = static_cast<std::size_t>(features.rows), width = static_cast<std::size_t>(features.width);
  require(sets.labels.size() == n && clusters.size() == n, "nearest neighbours got ", n, " rows of features, ",
          sets.labels.size(), " sets of labels and ", clusters.size(), " cluster numbers; give one of each an example.");
  require(std::any_of(clusters.begin(), clusters.end(), [&](Index c) { return c != clusters[0]; }),
          "nearest neighbours need examples of at least two clusters.");
  std::vector<double> lengths(n);
  const auto product = [&](std::size_t i, std::size_t j) {
    double sum = 0;
    for (std::size_t c = 0; c < width; ++c)
      sum += static_cast<double>(features.data[i * width + c]) * static_cast<double>(features.data[j * width + c]);
    return sum;
  };
  for (std::size_t i = 0; i < n; ++i) lengths[i] = std::sqrt(product(i, i));
  std::vector<double> scores(n * sets.classes.size(), -1);
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = 0; j < n; ++j) {
      if (clusters[i] == clusters[j]) continue;
      const double similarity = lengths[i] > 0 && lengths[j] > 0 ? product(i, j) / (lengths[i] * lengths[j]) : 0;
      for (const Index c : sets.labels[j]) {
        double& score = scores[i * sets.classes.size() + static_cast<std::size_t>(c)];
        score = (std::max)(score, similarity);
      }
    }
  return scores;
}

} // namespace pleat::inline v0_1
