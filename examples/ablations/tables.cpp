// Scores of one model on all tasks, and their Markdown.
#include "bench.hpp"

#include <pleat/backend/cpu/dense_algebra.hpp>

ModelScores score(Bench& bench, const EvaluatedModel& model) {
  ModelEvaluationOptions options;
  options.crop = 192;
  options.probes.mlp = false;
  return score_model(bench.cpu, bench.single, model, bench.suite, options);
}
void print_scores(const Bench& bench, const std::string& name, const ModelScores& scores, bool diffusion) {
  std::printf("| %s |", name.c_str());
  for (std::size_t i = 0; i < bench.suite.tasks().size(); ++i) {
    const auto& found = scores.tasks[i];
    const Interval& value =
        (diffusion ? found.diffusion : found.encoder).metric(task_metric_name(bench.suite.tasks()[i].problem.kind));
    std::printf(" %.3f [%.3f, %.3f] |", value.value, value.low, value.high);
  }
  std::printf("\n");
}
void print_task_header(const Bench& bench, const char* what) {
  std::printf("\n| %s |", what);
  for (const SuiteTask& task : bench.suite.tasks()) std::printf(" %s |", task.title.c_str());
  std::printf("\n|---|");
  for (std::size_t i = 0; i < bench.suite.tasks().size(); ++i) std::printf("---|");
  std::printf("\n");
}
