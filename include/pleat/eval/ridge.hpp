#pragma once
/// \file  Ridge probe in closed form.

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include <pleat/core/error.hpp>
#include <pleat/eval/probe_data.hpp>
#include <pleat/ops/dense_algebra.hpp>

namespace pleat::inline v0_1 {

/// Minimises |y - X w|^2 / n + lambda |w|^2 per output; classes are targets +1 and -1 (one column for binary, one per class
/// otherwise). Features are centred, so the intercept is the mean target. lambda is the one with the best task metric on valid,
/// the larger of equals. Width <= rows solves (X^T X / n + lambda) w = X^T y / n, else the dual of the size of the rows.
struct RidgeProbe {
  std::vector<double> strengths{10, 3, 1, 0.3, 0.1, 0.03, 0.01, 0.003, 0.001}; ///< falling

  template <class Device> ProbeResult run(const Device& device, const ProbeData& data) const {
    Index n = data.train.rows, width = data.width, outputs = data.outputs();
    bool primal = width <= n;
    Index size = primal ? width : n;
    std::vector<double> x(data.train.x.begin(), data.train.x.end());
    std::vector<double> targets = centred_targets(data), mean = target_means(data);

    auto area = static_cast<std::size_t>(size * size);
    std::vector<double> matrix(area), shifted(area), right;
    if (primal) {
      gram(device, n, width, x.data(), matrix.data());
      right.resize(static_cast<std::size_t>(width * outputs));
      multiply(device, width, outputs, n, x.data(), targets.data(), right.data(), Transposed::Left);
    } else {
      multiply(device, n, n, width, x.data(), x.data(), matrix.data(), Transposed::Right);
      right = targets;
    }

    ProbeResult best;
    best.probe = "ridge";
    bool found = false;
    std::vector<double> solution(right.size()), weights, best_weights;
    for (double strength : strengths) {
      shifted = matrix;
      for (Index i = 0; i < size; ++i) shifted[static_cast<std::size_t>(i * size + i)] += strength * static_cast<double>(n);
      if (!solve(device, size, outputs, shifted.data(), right.data(), solution.data())) continue;
      if (primal) {
        weights = solution;
      } else {
        weights.resize(static_cast<std::size_t>(width * outputs));
        multiply(device, width, outputs, n, x.data(), solution.data(), weights.data(), Transposed::Left);
      }
      auto scores = predict(device, data, data.valid, weights, mean);
      double metric = task_metric(data.kind, data.classes, scores, data.valid.y);
      if (!found || metric > best.valid_metric || (std::isnan(best.valid_metric) && !std::isnan(metric))) {
        best.strength = strength, best.valid_metric = metric, best.valid_scores = std::move(scores);
        best_weights = weights;
        found = true;
      }
    }
    require(found, "the ridge probe found no solution for any strength: give positive strengths");
    best.test_scores = predict(device, data, data.test, best_weights, mean);
    return best;
  }

private:
  static double target(const ProbeData& data, double label, Index output) {
    if (data.kind == ProbeKind::Regression) return label;
    if (data.kind == ProbeKind::Binary) return label > 0 ? 1 : -1;
    return static_cast<Index>(label) == output ? 1 : -1;
  }

  static std::vector<double> target_means(const ProbeData& data) {
    std::vector<double> mean(static_cast<std::size_t>(data.outputs()));
    for (double label : data.train.y)
      for (std::size_t o = 0; o < mean.size(); ++o)
        mean[o] += target(data, label, static_cast<Index>(o)) / static_cast<double>(data.train.rows);
    return mean;
  }

  static std::vector<double> centred_targets(const ProbeData& data) {
    auto mean = target_means(data);
    std::vector<double> targets;
    for (double label : data.train.y)
      for (std::size_t o = 0; o < mean.size(); ++o) targets.push_back(target(data, label, static_cast<Index>(o)) - mean[o]);
    return targets;
  }

  template <class Device>
  static std::vector<double> predict(const Device& device, const ProbeData& data, const ProbeSplit& split,
                                     const std::vector<double>& weights, const std::vector<double>& mean) {
    std::vector<double> x(split.x.begin(), split.x.end()), scores(static_cast<std::size_t>(split.rows * data.outputs()));
    if (split.rows > 0) multiply(device, split.rows, data.outputs(), data.width, x.data(), weights.data(), scores.data());
    for (std::size_t i = 0; i < scores.size(); ++i) scores[i] += mean[i % mean.size()];
    return scores;
  }
};

} // namespace pleat::inline v0_1
