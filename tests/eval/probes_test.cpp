#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include <boost/test/unit_test.hpp>

#include <pleat/backend/cpu/dense_algebra.hpp>
#include <pleat/eval/bootstrap.hpp>
#include <pleat/eval/probes.hpp>

using pleat::Index;
using pleat::ProbeKind;

namespace {

double normal(std::uint64_t stream, std::uint64_t i) {
  double u = pleat::detail::counter_uniform(9, stream, 2 * i), v = pleat::detail::counter_uniform(9, stream, 2 * i + 1);
  return std::sqrt(-2 * std::log(u)) * std::cos(6.283185307179586 * v);
}

struct Sample {
  std::vector<float> features;
  pleat::ProbeProblem problem;
  Index width;
  pleat::FeatureView view() const { return {features.data(), static_cast<Index>(problem.labels.size()), width}; }
};

// Gaussian features; `label(row)` gives the label. Half train, a quarter valid, a quarter test.
template <class Label> Sample make_sample(ProbeKind kind, Index classes, Index rows, Index width, const Label& label) {
  Sample sample;
  sample.width = width;
  sample.problem.kind = kind, sample.problem.classes = classes;
  for (Index r = 0; r < rows; ++r) {
    for (Index c = 0; c < width; ++c)
      sample.features.push_back(static_cast<float>(3 + 2 * normal(1, static_cast<std::uint64_t>(r * width + c))));
    sample.problem.labels.push_back(label(sample.features.data() + r * width));
    sample.problem.sequence.push_back(r);
    (r % 4 < 2 ? sample.problem.train : r % 4 == 2 ? sample.problem.valid : sample.problem.test).push_back(r);
  }
  return sample;
}

double test_metric(const pleat::ProbeData& data, const pleat::ProbeResult& result) {
  return pleat::task_metric(data.kind, data.classes, result.test_scores, data.test.y);
}

Sample three_classes(Index rows) {
  return make_sample(ProbeKind::Multiclass, 3, rows, 6, [](const float* x) { return x[0] > 4 ? 2.0 : x[1] > 3 ? 1.0 : 0.0; });
}

struct WithPool {
  pleat::ThreadPool pool{1};
  pleat::Cpu cpu{&pool};
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(probes, WithPool)

BOOST_AUTO_TEST_CASE(standardisation_uses_train_only_and_drops_constant_columns) {
  auto sample = make_sample(ProbeKind::Regression, 1, 400, 3, [](const float* x) { return static_cast<double>(x[0]); });
  for (std::size_t r = 0; r < 400; ++r) sample.features[3 * r + 2] = 7.1f;
  auto data = pleat::make_probe_data(sample.view(), sample.problem);
  double sum = 0, square = 0;
  for (Index r = 0; r < data.train.rows; ++r) {
    auto v = static_cast<double>(data.train.x[static_cast<std::size_t>(3 * r)]);
    sum += v, square += v * v;
    BOOST_TEST(data.train.x[static_cast<std::size_t>(3 * r + 2)] == 0.0f);
  }
  BOOST_TEST(std::abs(sum) < 1e-3);
  BOOST_TEST(std::abs(square / 200 - 1) < 1e-4);
  BOOST_TEST(data.test.rows == 100);
  BOOST_TEST(pleat::make_probe_data(sample.view(), sample.problem, false).test.rows == 0);
}

BOOST_AUTO_TEST_CASE(ridge_equals_the_one_feature_formula) {
  // One standardised feature: w = (x.y / n) / (1 + lambda).
  auto sample = make_sample(ProbeKind::Regression, 1, 80, 1, [](const float* x) { return 5 - 2 * static_cast<double>(x[0]); });
  auto data = pleat::make_probe_data(sample.view(), sample.problem);
  pleat::RidgeProbe probe{{0.25}};
  auto result = probe.run(cpu, data);
  double mean = 0, xy = 0;
  for (double y : data.train.y) mean += y / 40;
  for (std::size_t i = 0; i < 40; ++i) xy += static_cast<double>(data.train.x[i]) * (data.train.y[i] - mean) / 40;
  for (std::size_t i = 0; i < result.test_scores.size(); ++i)
    BOOST_TEST(std::abs(result.test_scores[i] - (mean + xy / 1.25 * static_cast<double>(data.test.x[i]))) < 1e-5);
  BOOST_TEST(result.strength == 0.25);
}

BOOST_AUTO_TEST_CASE(ridge_primal_and_dual_agree_at_the_border) {
  // 20 train rows: width 20 is primal, width 21 with a column of zeros is dual; the extra column changes nothing.
  auto sample =
      make_sample(ProbeKind::Regression, 1, 40, 20, [](const float* x) { return static_cast<double>(x[0] + x[3] * x[4]); });
  Sample wider = sample;
  wider.width = 21;
  wider.features.clear();
  for (std::size_t r = 0; r < 40; ++r) {
    wider.features.insert(wider.features.end(), sample.features.begin() + static_cast<std::ptrdiff_t>(20 * r),
                          sample.features.begin() + static_cast<std::ptrdiff_t>(20 * r + 20));
    wider.features.push_back(1);
  }
  pleat::RidgeProbe probe{{0.1}};
  auto a = probe.run(cpu, pleat::make_probe_data(sample.view(), sample.problem));
  auto b = probe.run(cpu, pleat::make_probe_data(wider.view(), wider.problem));
  for (std::size_t i = 0; i < a.test_scores.size(); ++i) BOOST_TEST(std::abs(a.test_scores[i] - b.test_scores[i]) < 1e-9);
}

BOOST_AUTO_TEST_CASE(ridge_chooses_a_strength_on_valid) {
  // Nearly as many features as train rows: no penalty interpolates the noise and must lose.
  Index row = 0;
  auto sample = make_sample(ProbeKind::Regression, 1, 200, 98, [&](const float* x) {
    return static_cast<double>(x[0]) + 4 * normal(2, static_cast<std::uint64_t>(row++));
  });
  auto data = pleat::make_probe_data(sample.view(), sample.problem);
  auto chosen = pleat::RidgeProbe{}.run(cpu, data);
  auto weak = pleat::RidgeProbe{{1e-6}}.run(cpu, data);
  BOOST_TEST(chosen.valid_metric > weak.valid_metric);
  BOOST_TEST(chosen.strength > 1e-3);
}

BOOST_AUTO_TEST_CASE(logistic_gradient_by_finite_differences) {
  auto sample = three_classes(80);
  auto data = pleat::make_probe_data(sample.view(), sample.problem);
  std::vector<double> x(3 * 7), gradient(x.size()), ignored(x.size());
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = 0.3 * normal(5, i);
  pleat::LogisticProbe::evaluate(cpu, data, 0.1, x, gradient);
  for (std::size_t i = 0; i < x.size(); ++i) {
    double step = 1e-2, at = x[i];
    x[i] = at + step;
    double up = pleat::LogisticProbe::evaluate(cpu, data, 0.1, x, ignored);
    x[i] = at - step;
    double down = pleat::LogisticProbe::evaluate(cpu, data, 0.1, x, ignored);
    x[i] = at;
    BOOST_TEST(std::abs((up - down) / (2 * step) - gradient[i]) < 1e-4);
  }
}

BOOST_AUTO_TEST_CASE(logistic_reaches_the_optimum_of_a_case_with_a_closed_form) {
  // No informative feature: with a strong penalty the biases alone remain, and give the class frequencies 3/4 and 1/4.
  Sample sample;
  sample.width = 1;
  sample.problem.kind = ProbeKind::Binary, sample.problem.classes = 2;
  for (Index r = 0; r < 8; ++r) {
    sample.features.push_back(static_cast<float>(r % 2));
    sample.problem.labels.push_back(r < 2 ? 1 : 0);
    sample.problem.sequence.push_back(r);
    sample.problem.train.push_back(r);
  }
  sample.problem.valid = sample.problem.test = sample.problem.train;
  pleat::LogisticProbe probe{{1.0}, {.iterations = 200, .memory = 12, .tolerance = 1e-7}};
  auto result = probe.run(cpu, pleat::make_probe_data(sample.view(), sample.problem));
  for (double score : result.test_scores) BOOST_TEST(std::abs(score - std::log(1.0 / 3)) < 1e-5);
}

BOOST_AUTO_TEST_CASE(lbfgs_minimises_rosenbrock_and_a_badly_scaled_quadratic) {
  auto rosenbrock = [](const std::vector<double>& x, std::vector<double>& g) {
    double a = 1 - x[0], b = x[1] - x[0] * x[0];
    g[0] = -2 * a - 400 * x[0] * b, g[1] = 200 * b;
    return a * a + 100 * b * b;
  };
  std::vector<double> x{-1.2, 1};
  BOOST_TEST(pleat::minimise_lbfgs(x, rosenbrock, {.iterations = 200, .memory = 8, .tolerance = 1e-9}).converged);
  BOOST_TEST(std::abs(x[0] - 1) < 1e-7);
  auto quadratic = [](const std::vector<double>& p, std::vector<double>& g) {
    double value = 0, scale = 1;
    for (std::size_t i = 0; i < p.size(); ++i, scale *= 10)
      value += scale * (p[i] - 1) * (p[i] - 1), g[i] = 2 * scale * (p[i] - 1);
    return value;
  };
  std::vector<double> y(5);
  BOOST_TEST(pleat::minimise_lbfgs(y, quadratic, {.iterations = 200, .memory = 8, .tolerance = 1e-8}).converged);
  for (double v : y) BOOST_TEST(std::abs(v - 1) < 1e-7);
}

BOOST_AUTO_TEST_CASE(separable_data_is_learned_by_every_probe) {
  auto sample = make_sample(ProbeKind::Binary, 2, 1200, 5, [](const float* x) { return x[0] + x[1] > 6 ? 1.0 : 0.0; });
  auto data = pleat::make_probe_data(sample.view(), sample.problem);
  BOOST_TEST(test_metric(data, pleat::RidgeProbe{}.run(cpu, data)) > 0.95);
  BOOST_TEST(test_metric(data, pleat::LogisticProbe{}.run(cpu, data)) > 0.97);
  BOOST_TEST(test_metric(data, pleat::MlpProbe{}.run(cpu, data)) > 0.95);
  auto classes = three_classes(1200);
  auto many = pleat::make_probe_data(classes.view(), classes.problem);
  BOOST_TEST(test_metric(many, pleat::LogisticProbe{}.run(cpu, many)) > 0.75);
  auto result = pleat::LogisticProbe{}.run(cpu, many);
  BOOST_TEST(result.test_scores.size() == 900u);
}

BOOST_AUTO_TEST_CASE(mlp_learns_what_no_linear_probe_can) {
  auto sample = make_sample(ProbeKind::Binary, 2, 2400, 4, [](const float* x) { return (x[0] > 3) != (x[1] > 3) ? 1.0 : 0.0; });
  auto data = pleat::make_probe_data(sample.view(), sample.problem);
  BOOST_TEST(test_metric(data, pleat::LogisticProbe{}.run(cpu, data)) < 0.65);
  BOOST_TEST(test_metric(data, pleat::MlpProbe{}.run(cpu, data)) > 0.9);
  pleat::MlpProbe tanh;
  tanh.activation = pleat::MlpProbe::Activation::Tanh;
  tanh.learning_rate = 3e-3;
  BOOST_TEST(test_metric(data, tanh.run(cpu, data)) > 0.9);

  auto curve = make_sample(ProbeKind::Regression, 1, 1600, 3,
                           [](const float* x) { return 100.0 + static_cast<double>((x[0] - 3) * (x[0] - 3)); });
  auto points = pleat::make_probe_data(curve.view(), curve.problem);
  pleat::MlpProbe probe;
  auto a = probe.run(cpu, points), b = probe.run(cpu, points);
  BOOST_TEST(test_metric(points, a) > 0.85);
  BOOST_TEST(a.test_scores == b.test_scores);
  probe.seed = 2;
  BOOST_TEST(probe.run(cpu, points).test_scores != a.test_scores);
}

BOOST_AUTO_TEST_CASE(threads_never_change_a_probe) {
  pleat::ThreadPool three(3);
  pleat::Cpu many{&three};
  auto sample = three_classes(3000);
  auto data = pleat::make_probe_data(sample.view(), sample.problem);
  BOOST_TEST(pleat::LogisticProbe{}.run(cpu, data).test_scores == pleat::LogisticProbe{}.run(many, data).test_scores);
  BOOST_TEST(pleat::RidgeProbe{}.run(cpu, data).test_scores == pleat::RidgeProbe{}.run(many, data).test_scores);
}

BOOST_AUTO_TEST_CASE(pairs_are_symmetric_or_carry_products) {
  // Label: do the two proteins agree in the sign of their feature?
  Sample sample;
  sample.width = 1;
  sample.problem.kind = ProbeKind::Binary, sample.problem.classes = 2;
  for (Index r = 0; r < 300; ++r) sample.features.push_back(static_cast<float>(normal(8, static_cast<std::uint64_t>(r))));
  for (Index e = 0; e < 800; ++e) {
    auto a = static_cast<Index>(pleat::detail::counter_below(1, 1, static_cast<std::uint64_t>(e), 300));
    auto b = static_cast<Index>(pleat::detail::counter_below(1, 2, static_cast<std::uint64_t>(e), 300));
    sample.problem.sequence.push_back(a), sample.problem.partner.push_back(b);
    sample.problem.labels.push_back(
        sample.features[static_cast<std::size_t>(a)] * sample.features[static_cast<std::size_t>(b)] > 0 ? 1 : 0);
    (e % 4 < 2 ? sample.problem.train : e % 4 == 2 ? sample.problem.valid : sample.problem.test).push_back(e);
  }
  pleat::FeatureView view{sample.features.data(), 300, 1};
  auto symmetric = pleat::make_probe_data(view, sample.problem);
  std::swap(sample.problem.sequence, sample.problem.partner);
  BOOST_TEST(symmetric.width == 2);
  BOOST_TEST(pleat::make_probe_data(view, sample.problem).test.x == symmetric.test.x);
  BOOST_TEST(test_metric(symmetric, pleat::MlpProbe{}.run(cpu, symmetric)) > 0.85);
  sample.problem.pairs = pleat::PairFeatures::Concatenated;
  BOOST_TEST(pleat::make_probe_data(view, sample.problem).width == 2);
  sample.problem.pairs = pleat::PairFeatures::WithProduct;
  auto data = pleat::make_probe_data(view, sample.problem);
  BOOST_TEST(data.width == 3);
  BOOST_TEST(test_metric(data, pleat::LogisticProbe{}.run(cpu, data)) > 0.85);
}

BOOST_AUTO_TEST_CASE(bad_problems_are_refused) {
  auto sample = three_classes(40);
  auto good = sample.problem;
  sample.problem.labels[3] = 3;
  BOOST_CHECK_THROW(pleat::make_probe_data(sample.view(), sample.problem), pleat::Error);
  sample.problem.labels[3] = 0.5;
  BOOST_CHECK_THROW(pleat::make_probe_data(sample.view(), sample.problem), pleat::Error);
  sample.problem = good;
  sample.problem.valid.clear();
  BOOST_CHECK_THROW(pleat::make_probe_data(sample.view(), sample.problem), pleat::Error);
  sample.problem = good;
  sample.problem.sequence[0] = 40;
  BOOST_CHECK_THROW(pleat::make_probe_data(sample.view(), sample.problem), pleat::Error);
  sample.problem = good;
  sample.problem.partner = {1, 2};
  BOOST_CHECK_THROW(pleat::make_probe_data(sample.view(), sample.problem), pleat::Error);
  sample.problem = good;
  sample.features[7] = std::numeric_limits<float>::quiet_NaN();
  BOOST_CHECK_THROW(pleat::make_probe_data(sample.view(), sample.problem), pleat::Error);
  auto regression = make_sample(ProbeKind::Regression, 1, 40, 2, [](const float* x) { return static_cast<double>(x[0]); });
  auto data = pleat::make_probe_data(regression.view(), regression.problem);
  BOOST_CHECK_THROW(pleat::LogisticProbe{}.run(cpu, data), pleat::Error);
}

BOOST_AUTO_TEST_SUITE_END()
