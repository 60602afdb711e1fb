#pragma once
/// \file  Multinomial logistic probe with an L2 penalty, fitted with L-BFGS.

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include <pleat/core/error.hpp>
#include <pleat/eval/lbfgs.hpp>
#include <pleat/eval/probe_data.hpp>
#include <pleat/ops/dense_algebra.hpp>

namespace pleat::inline v0_1 {

/// Minimises mean cross-entropy + lambda / 2 |W|^2 (biases are free). The strengths are fitted from strong to weak, each starting
/// at the last solution; the one with the best task metric on valid is kept, the stronger of equals. Two classes give one score,
/// the difference of their logits.
struct LogisticProbe {
  std::vector<double> strengths{1, 0.3, 0.1, 0.03, 0.01, 0.003}; ///< falling
  LbfgsOptions optimiser{.iterations = 150, .memory = 12, .tolerance = 1e-3};

  template <class Device> ProbeResult run(const Device& device, const ProbeData& data) const {
    require(data.kind != ProbeKind::Regression, "a logistic probe needs classes: use a ridge probe for regression");
    require(!strengths.empty(), "a logistic probe needs at least one strength");
    std::vector<double> parameters(static_cast<std::size_t>(data.classes * (data.width + 1))), chosen;
    ProbeResult best;
    best.probe = "logistic";
    for (double strength : strengths) {
      fit(device, data, strength, parameters);
      auto scores = predict(device, data, data.valid, parameters);
      double metric = task_metric(data.kind, data.classes, scores, data.valid.y);
      if (chosen.empty() || metric > best.valid_metric) {
        best.strength = strength, best.valid_metric = metric, best.valid_scores = std::move(scores);
        chosen = parameters;
      }
    }
    best.test_scores = predict(device, data, data.test, chosen);
    return best;
  }

  /// One fit from `parameters`: weights (classes, width), then biases (classes).
  template <class Device>
  LbfgsResult fit(const Device& device, const ProbeData& data, double strength, std::vector<double>& parameters) const {
    auto objective = [&](const std::vector<double>& x, std::vector<double>& gradient) {
      return evaluate(device, data, strength, x, gradient);
    };
    return minimise_lbfgs(parameters, objective, optimiser);
  }

  /// The objective and its gradient. Fixed chunks of rows are folded in their order, so threads never change a bit.
  template <class Device>
  static double evaluate(const Device& device, const ProbeData& data, double strength, const std::vector<double>& parameters,
                         std::vector<double>& gradient) {
    Index n = data.train.rows, width = data.width, classes = data.classes, weights = classes * width;
    constexpr Index chunk = 512;
    Index tasks = (n + chunk - 1) / chunk;
    std::vector<float> w(parameters.begin(), parameters.end()), partial(static_cast<std::size_t>(tasks * (weights + classes)));
    std::vector<double> losses(static_cast<std::size_t>(tasks));
    device.parallel_for(tasks, [&](Index task) {
      Index first = task * chunk, rows = (std::min)(chunk, n - first);
      const float* x = data.train.x.data() + first * width;
      float* out = partial.data() + task * (weights + classes);
      std::vector<float> logits(static_cast<std::size_t>(rows * classes));
      multiply(device, rows, classes, width, x, w.data(), logits.data(), Transposed::Right);
      double loss = 0;
      for (Index r = 0; r < rows; ++r) {
        float* row = logits.data() + r * classes;
        loss += softmax_residual(row, w.data() + weights, classes,
                                 static_cast<Index>(data.train.y[static_cast<std::size_t>(first + r)]));
        for (Index c = 0; c < classes; ++c) out[weights + c] += row[c];
      }
      losses[static_cast<std::size_t>(task)] = loss;
      multiply(device, classes, width, rows, logits.data(), x, out, Transposed::Left);
    });
    double value = 0, penalty = 0, scale = 1 / static_cast<double>(n);
    std::fill(gradient.begin(), gradient.end(), 0.0);
    for (Index task = 0; task < tasks; ++task) {
      value += losses[static_cast<std::size_t>(task)] * scale;
      const float* from = partial.data() + task * (weights + classes);
      for (std::size_t i = 0; i < gradient.size(); ++i) gradient[i] += static_cast<double>(from[i]) * scale;
    }
    for (std::size_t i = 0; i < static_cast<std::size_t>(weights); ++i) {
      penalty += parameters[i] * parameters[i];
      gradient[i] += strength * parameters[i];
    }
    return value + 0.5 * strength * penalty;
  }

private:
  /// Adds the biases, turns logits into probability minus one-hot, and returns the cross-entropy.
  static double softmax_residual(float* row, const float* bias, Index classes, Index target) {
    float top = row[0] + bias[0];
    for (Index c = 0; c < classes; ++c) row[c] += bias[c], top = (std::max)(top, row[c]);
    float wanted = row[target] - top, sum = 0;
    for (Index c = 0; c < classes; ++c) row[c] = std::exp(row[c] - top), sum += row[c];
    for (Index c = 0; c < classes; ++c) row[c] /= sum;
    row[target] -= 1;
    return std::log(static_cast<double>(sum)) - static_cast<double>(wanted);
  }

  template <class Device>
  static std::vector<double> predict(const Device& device, const ProbeData& data, const ProbeSplit& split,
                                     const std::vector<double>& parameters) {
    std::vector<float> w(parameters.begin(), parameters.end()), logits(static_cast<std::size_t>(split.rows * data.classes));
    if (split.rows > 0)
      multiply(device, split.rows, data.classes, data.width, split.x.data(), w.data(), logits.data(), Transposed::Right);
    auto classes = static_cast<std::size_t>(data.classes);
    const float* bias = w.data() + data.classes * data.width;
    std::vector<double> scores;
    for (std::size_t r = 0; r < static_cast<std::size_t>(split.rows); ++r) {
      auto logit = [&](std::size_t c) { return static_cast<double>(logits[r * classes + c]) + static_cast<double>(bias[c]); };
      if (data.kind == ProbeKind::Binary)
        scores.push_back(logit(1) - logit(0));
      else
        for (std::size_t c = 0; c < classes; ++c) scores.push_back(logit(c));
    }
    return scores;
  }
};

} // namespace pleat::inline v0_1
