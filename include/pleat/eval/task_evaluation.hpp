#pragma once
/// \file  From frozen features of a task to its metrics with intervals, and to the paired difference to a baseline.

#include <algorithm>
#include <cmath>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <pleat/core/error.hpp>
#include <pleat/eval/bootstrap.hpp>
#include <pleat/eval/metrics.hpp>
#include <pleat/eval/probes.hpp>

namespace pleat::inline v0_1 {

struct EvaluationOptions {
  bool ridge = true, logistic = true, mlp = true; ///< logistic is left out in regression
  RidgeProbe ridge_probe{};
  LogisticProbe logistic_probe{};
  MlpProbe mlp_probe{};
  Index mlp_seeds = 3; ///< seeds mlp_probe.seed, +1, ...; their scores are averaged
  BootstrapOptions bootstrap{};
};

/// The probe of the published composition floors: ridge with the fixed penalty |w|^2 on sums of squares (lambda = 1 / n here).
inline EvaluationOptions floor_options(const ProbeProblem& problem) {
  EvaluationOptions options;
  options.logistic = options.mlp = false;
  options.ridge_probe.strengths = {1 / static_cast<double>(problem.train.size())};
  return options;
}

struct MetricValue {
  std::string name; ///< spearman | accuracy, mcc, auroc, auprc
  Interval interval;
};

/// A representation on a task: the probe that did best on valid, and its scores and metrics on test. The first metric ranks.
struct TaskResult {
  ProbeResult probe;
  std::vector<MetricValue> metrics;
  std::vector<double> seed_values; ///< ranking metric on test of each seed of the MLP; empty where another probe won

  const Interval& metric(std::string_view name) const {
    for (const auto& m : metrics)
      if (m.name == name) return m.interval;
    fail("the task result has no metric ", name,
         ": regression has spearman; classes have accuracy and mcc, binary ones also auroc and auprc");
  }
};

inline std::vector<std::string> metric_names(ProbeKind kind) {
  if (kind == ProbeKind::Regression) return {"spearman"};
  if (kind == ProbeKind::Binary) return {"accuracy", "mcc", "auroc", "auprc"};
  return {"accuracy", "mcc"};
}

/// One metric of fixed predictions on any selection of examples: what the bootstrap resamples.
class MetricScorer {
public:
  MetricScorer(std::string_view name, ProbeKind kind, Index classes, Scores scores, Scores target)
      : name_(name), scores_(scores.begin(), scores.end()), target_(target.begin(), target.end()) {
    auto names = metric_names(kind);
    require(std::find(names.begin(), names.end(), name) != names.end(), "metric ", name, " does not fit the kind of this task");
    if (kind == ProbeKind::Regression) return;
    predicted_ = predicted_classes(kind, classes, scores);
    truth_.assign(target.begin(), target.end());
  }

  double operator()(const std::vector<std::size_t>& examples) const {
    if (name_ == "spearman") return spearman(select(scores_, examples), select(target_, examples));
    auto truth = select(truth_, examples);
    if (name_ == "accuracy") return accuracy(select(predicted_, examples), truth);
    if (name_ == "mcc") return matthews_correlation(select(predicted_, examples), truth);
    if (name_ == "auroc") return auroc(select(scores_, examples), truth);
    return average_precision(select(scores_, examples), truth);
  }

private:
  template <class T> static std::vector<T> select(const std::vector<T>& values, const std::vector<std::size_t>& examples) {
    std::vector<T> result(examples.size());
    for (std::size_t i = 0; i < examples.size(); ++i) result[i] = values[examples[i]];
    return result;
  }

  std::string name_;
  std::vector<double> scores_, target_;
  std::vector<Index> predicted_, truth_;
};

namespace detail {

/// The MLP of every seed; scores averaged, the valid metric that of the average.
template <class Device>
ProbeResult run_mlp_seeds(const Device& device, const ProbeData& data, const EvaluationOptions& options,
                          std::vector<double>& seed_values) {
  ProbeResult mean;
  auto seeds = static_cast<double>(options.mlp_seeds);
  for (Index s = 0; s < options.mlp_seeds; ++s) {
    MlpProbe probe = options.mlp_probe;
    probe.seed += static_cast<std::uint64_t>(s);
    auto result = probe.run(device, data);
    if (data.test.rows > 0) seed_values.push_back(task_metric(data.kind, data.classes, result.test_scores, data.test.y));
    if (s == 0) {
      mean = std::move(result);
      continue;
    }
    for (std::size_t i = 0; i < mean.valid_scores.size(); ++i) mean.valid_scores[i] += result.valid_scores[i];
    for (std::size_t i = 0; i < mean.test_scores.size(); ++i) mean.test_scores[i] += result.test_scores[i];
    mean.strength += result.strength;
  }
  for (auto* scores : {&mean.valid_scores, &mean.test_scores})
    for (double& v : *scores) v /= seeds;
  mean.strength /= seeds;
  mean.valid_metric = task_metric(data.kind, data.classes, mean.valid_scores, data.valid.y);
  return mean;
}

} // namespace detail

/// Fits the probes of `options` and keeps the one with the best task metric on valid (the earlier of equals: ridge, logistic,
/// MLP).
template <class Device>
ProbeResult best_probe(const Device& device, const ProbeData& data, const EvaluationOptions& options,
                       std::vector<double>* seed_values = nullptr) {
  bool found = false;
  ProbeResult best;
  auto offer = [&](ProbeResult result) {
    bool better =
        !found || result.valid_metric > best.valid_metric || (std::isnan(best.valid_metric) && !std::isnan(result.valid_metric));
    if (better) best = std::move(result);
    found = true;
    return better;
  };
  if (options.ridge) offer(options.ridge_probe.run(device, data));
  if (options.logistic && data.kind != ProbeKind::Regression) offer(options.logistic_probe.run(device, data));
  if (options.mlp && options.mlp_seeds > 0) {
    std::vector<double> seeds;
    if (offer(detail::run_mlp_seeds(device, data, options, seeds)) && seed_values) *seed_values = std::move(seeds);
  }
  require(found, "no probe of this evaluation fits the task: switch one on in EvaluationOptions");
  return best;
}

/// Task metric on valid of the best probe: what t is chosen by. Test features need not exist yet. The interval resamples valid
/// examples.
template <class Device>
Interval validate_features(const Device& device, const FeatureView& features, const ProbeProblem& problem,
                           const EvaluationOptions& options = {}) {
  auto data = make_probe_data(features, problem, false);
  auto probe = best_probe(device, data, options);
  MetricScorer scorer(task_metric_name(data.kind), data.kind, data.classes, probe.valid_scores, data.valid.y);
  return bootstrap(data.valid.y.size(), scorer, options.bootstrap);
}

template <class Device>
TaskResult evaluate_task(const Device& device, const FeatureView& features, const ProbeProblem& problem,
                         const EvaluationOptions& options = {}) {
  require(!problem.test.empty(), "the task has no test example: check the split column");
  auto data = make_probe_data(features, problem);
  TaskResult result;
  result.probe = best_probe(device, data, options, &result.seed_values);
  for (auto& name : metric_names(data.kind)) {
    MetricScorer scorer(name, data.kind, data.classes, result.probe.test_scores, data.test.y);
    result.metrics.push_back({name, bootstrap(data.test.y.size(), scorer, options.bootstrap)});
  }
  return result;
}

/// `result` minus `baseline` on the same test examples, metric by metric, with paired intervals.
inline std::vector<MetricValue> compare(const TaskResult& result, const TaskResult& baseline, const ProbeProblem& problem,
                                        const BootstrapOptions& options = {}) {
  std::vector<double> target;
  for (Index e : problem.test) target.push_back(problem.labels[static_cast<std::size_t>(e)]);
  require(result.probe.test_scores.size() == baseline.probe.test_scores.size(),
          "two results of different tasks cannot be compared");
  std::vector<MetricValue> differences;
  for (const auto& name : metric_names(problem.kind)) {
    MetricScorer first(name, problem.kind, problem.classes, result.probe.test_scores, target);
    MetricScorer second(name, problem.kind, problem.classes, baseline.probe.test_scores, target);
    differences.push_back({name, paired_bootstrap(target.size(), first, second, options)});
  }
  return differences;
}

} // namespace pleat::inline v0_1
