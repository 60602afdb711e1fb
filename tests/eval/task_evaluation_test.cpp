#include <cmath>
#include <vector>

#include <boost/test/unit_test.hpp>

#include <pleat/backend/cpu/dense_algebra.hpp>
#include <pleat/eval/task_evaluation.hpp>

using pleat::Index;
using pleat::ProbeKind;

namespace {

float uniform(std::uint64_t stream, Index i) {
  return static_cast<float>(2 * pleat::detail::counter_uniform(21, stream, static_cast<std::uint64_t>(i)) - 1);
}

// 600 sequences; `good` features hold the label's cause, `poor` ones mostly noise.
struct Task {
  pleat::ThreadPool pool{1};
  pleat::Cpu cpu{&pool};
  std::vector<float> good, poor;
  pleat::ProbeProblem problem;
  pleat::EvaluationOptions options;

  void make(ProbeKind kind, Index classes) {
    problem.kind = kind, problem.classes = classes;
    for (Index r = 0; r < 600; ++r) {
      float cause = uniform(1, r), other = uniform(2, r), noise = 0.3f * uniform(3, r);
      for (float v : {cause, other, uniform(4, r)}) good.push_back(v);
      for (float v : {0.3f * cause + uniform(5, r), other, uniform(6, r)}) poor.push_back(v);
      float value = cause + noise;
      problem.labels.push_back(kind == ProbeKind::Regression ? static_cast<double>(50 + 10 * value)
                               : classes == 2                ? (value > 0 ? 1.0 : 0.0)
                                                             : (value < -0.4f  ? 0.0
                                                                : value < 0.4f ? 1.0
                                                                               : 2.0));
      problem.sequence.push_back(r);
      (r % 3 == 0 ? problem.train : r % 3 == 1 ? problem.valid : problem.test).push_back(r);
    }
    options.mlp_probe.steps = 300;
    options.bootstrap.resamples = 300;
  }
  pleat::FeatureView view(const std::vector<float>& x) const { return {x.data(), 600, 3}; }
};

void check_task(Task& task, ProbeKind kind, Index classes, std::size_t metrics) {
  task.make(kind, classes);
  auto good = pleat::evaluate_task(task.cpu, task.view(task.good), task.problem, task.options);
  auto poor = pleat::evaluate_task(task.cpu, task.view(task.poor), task.problem, task.options);
  BOOST_TEST(good.metrics.size() == metrics);
  BOOST_TEST(good.metrics[0].name == pleat::task_metric_name(kind));
  for (const auto& m : good.metrics) {
    BOOST_TEST(m.interval.low <= m.interval.value, m.name);
    BOOST_TEST(m.interval.value <= m.interval.high, m.name);
    BOOST_TEST(m.interval.high - m.interval.low < 0.3, m.name);
    BOOST_TEST(m.interval.value > 0.6, m.name);
  }
  auto differences = pleat::compare(good, poor, task.problem, task.options.bootstrap);
  BOOST_TEST(differences.size() == metrics);
  for (const auto& m : differences) {
    BOOST_TEST(m.interval.low > 0, m.name);
    BOOST_TEST(std::abs(m.interval.value - (good.metric(m.name).value - poor.metric(m.name).value)) < 1e-12);
  }
  auto valid = pleat::validate_features(task.cpu, task.view(task.good), task.problem, task.options);
  BOOST_TEST(std::abs(valid.value - good.probe.valid_metric) < 1e-12);
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(task_evaluation, Task)

BOOST_AUTO_TEST_CASE(regression) { check_task(*this, ProbeKind::Regression, 1, 1); }
BOOST_AUTO_TEST_CASE(binary) { check_task(*this, ProbeKind::Binary, 2, 4); }
BOOST_AUTO_TEST_CASE(multiclass) { check_task(*this, ProbeKind::Multiclass, 3, 2); }

BOOST_AUTO_TEST_CASE(seeds_are_reported_where_the_mlp_wins) {
  make(ProbeKind::Binary, 2);
  options.ridge = options.logistic = false;
  auto result = pleat::evaluate_task(cpu, view(good), problem, options);
  BOOST_TEST(result.probe.probe == "mlp");
  BOOST_TEST(result.seed_values.size() == 3u);
}

BOOST_AUTO_TEST_CASE(test_features_are_not_read_before_their_time) {
  make(ProbeKind::Regression, 1);
  auto hidden = good;
  for (Index e : problem.test) hidden[static_cast<std::size_t>(3 * e)] = std::nanf("");
  auto a = pleat::validate_features(cpu, view(hidden), problem, options),
       b = pleat::validate_features(cpu, view(good), problem, options);
  BOOST_TEST(a.value == b.value);
  BOOST_CHECK_THROW(pleat::evaluate_task(cpu, view(hidden), problem, options), pleat::Error);
}

BOOST_AUTO_TEST_CASE(wrong_use_is_refused) {
  make(ProbeKind::Regression, 1);
  auto none = options;
  none.ridge = none.mlp = false;
  BOOST_CHECK_THROW(pleat::evaluate_task(cpu, view(good), problem, none), pleat::Error);
  auto result = pleat::evaluate_task(cpu, view(good), problem, options);
  BOOST_CHECK_THROW(result.metric("mcc"), pleat::Error);
  problem.test.clear();
  BOOST_CHECK_THROW(pleat::evaluate_task(cpu, view(good), problem, options), pleat::Error);
}

BOOST_AUTO_TEST_SUITE_END()
