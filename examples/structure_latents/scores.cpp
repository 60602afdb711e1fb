// Probes on frozen rows.
#include "scores.hpp"

#include <cstdio>

#include <pleat/backend/cpu.hpp>
#include <pleat/backend/cpu/dense_algebra.hpp>

using namespace pleat;

namespace {
std::string text_of(const Interval& score) {
  char text[64];
  std::snprintf(text, sizeof text, "%.3f (%.3f to %.3f)", score.value, score.low, score.high);
  return text;
}
} // namespace

std::string site_score(const Cpu& cpu, const StructureExamples& sites, const std::vector<float>& rows) {
  return text_of(over_components(component_statistic(
      StructureMetric::Auroc, sites, probe_test_scores(LogisticProbe{}, cpu, ProbeKind::Binary, 2, sites, rows))));
}

std::string pair_score(const Cpu& cpu, const StructureExamples& pairs, const std::vector<Index>& first,
                       const std::vector<Index>& second, const std::vector<float>& rows) {
  ProbeProblem problem;
  problem.kind = ProbeKind::Binary, problem.classes = 2, problem.labels = pairs.labels;
  problem.sequence = first, problem.partner = second;
  problem.train = pairs.of(Split::Train), problem.valid = pairs.of(Split::Valid), problem.test = pairs.of(Split::Test);
  const Index count = 2 * static_cast<Index>(pairs.size());
  const FeatureView view{rows.data(), count, static_cast<Index>(rows.size()) / count};
  return text_of(over_components(
      component_statistic(StructureMetric::Auroc, pairs, LogisticProbe{}.run(cpu, make_probe_data(view, problem)).test_scores)));
}
