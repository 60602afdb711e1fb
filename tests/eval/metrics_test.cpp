#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>

#include <pleat/eval/metrics.hpp>
#include <pleat/io/safetensors.hpp>

using pleat::Index;

namespace {

struct Golden {
  pleat::Safetensors file = pleat::Safetensors::open(std::string(PLEAT_TEST_DATA) + "/golden/metrics/metrics.safetensors");

  std::vector<double> numbers(const std::string& name) const { return file.read<double>(name); }
  double number(const std::string& name) const { return numbers(name).at(0); }
  std::vector<Index> labels(const std::string& name) const {
    std::vector<Index> result;
    for (double v : numbers(name)) result.push_back(static_cast<Index>(v));
    return result;
  }
  std::vector<std::string> cases(const std::string& family) const {
    std::vector<std::string> result;
    for (const auto& name : file.names())
      if (name.starts_with(family + ".") && name.ends_with(".pred")) result.push_back(name.substr(0, name.size() - 5));
    return result;
  }
};

void check(double value, double wanted, double tolerance, const std::string& name) {
  BOOST_TEST(std::abs(value - wanted) <= tolerance * (std::max)(1.0, std::abs(wanted)),
             name << ": " << value << " against " << wanted);
}

} // namespace

BOOST_AUTO_TEST_SUITE(metrics)

BOOST_AUTO_TEST_CASE(binary_golden) {
  Golden golden;
  auto cases = golden.cases("binary");
  BOOST_TEST(cases.size() >= 10u);
  for (const auto& name : cases) {
    auto scores = golden.numbers(name + ".pred");
    auto target = golden.labels(name + ".target");
    double area = pleat::auroc(scores, target), precision = pleat::average_precision(scores, target);
    if (golden.file.contains(name + ".sklearn_auroc"))
      check(area, golden.number(name + ".sklearn_auroc"), 1e-9, name);
    else
      BOOST_TEST(std::isnan(area), name);
    if (golden.file.contains(name + ".sklearn_average_precision"))
      check(precision, golden.number(name + ".sklearn_average_precision"), 1e-9, name);
    else
      BOOST_TEST(std::isnan(precision), name);
    if (!std::isnan(area) && !std::isnan(precision)) {
      BOOST_TEST(area >= golden.number(name + ".auroc_negatives_first") - 1e-6, name);
      BOOST_TEST(area <= golden.number(name + ".auroc_positives_first") + 1e-6, name);
      BOOST_TEST(precision >= golden.number(name + ".auprc_negatives_first") - 1e-6, name);
      BOOST_TEST(precision <= golden.number(name + ".auprc_positives_first") + 1e-6, name);
    }
  }
}

BOOST_AUTO_TEST_CASE(multilabel_golden) {
  Golden golden;
  auto cases = golden.cases("multilabel");
  BOOST_TEST(cases.size() >= 8u);
  for (const auto& name : cases) {
    auto scores = golden.numbers(name + ".pred");
    auto target = golden.labels(name + ".target");
    auto best = pleat::f1_max(scores, target, golden.file.shape(name + ".pred").at(1));
    check(best.value, golden.number(name + ".fmax_definition"), 1e-6, name);
    // A wrong prediction more in a row without positives changes nothing, so that case has several best thresholds.
    if (best.value > 0 && name != "multilabel.rows_without_positive")
      check(best.threshold, golden.number(name + ".fmax_threshold"), 1e-6, name);
    BOOST_TEST(best.value <= golden.number(name + ".torchdrug_f1_max") + 1e-6, name);
    double micro = pleat::micro_auprc(scores, target);
    if (golden.file.contains(name + ".sklearn_average_precision_micro"))
      check(micro, golden.number(name + ".sklearn_average_precision_micro"), 1e-6, name);
    else
      BOOST_TEST(std::isnan(micro), name);
  }
}

BOOST_AUTO_TEST_CASE(regression_golden) {
  Golden golden;
  auto cases = golden.cases("regression");
  BOOST_TEST(cases.size() >= 8u);
  for (const auto& name : cases) {
    auto predicted = golden.numbers(name + ".pred"), target = golden.numbers(name + ".target");
    double rho = pleat::spearman(predicted, target), r = pleat::pearson(predicted, target);
    if (golden.file.contains(name + ".scipy_spearmanr")) {
      check(rho, golden.number(name + ".scipy_spearmanr"), 1e-9, name);
      check(rho, golden.number(name + ".torchdrug_spearmanr"), 1e-6, name);
      check(r, golden.number(name + ".scipy_pearsonr"), 1e-9, name);
    } else {
      BOOST_TEST(std::isnan(rho), name);
      BOOST_TEST(std::isnan(r), name);
    }
    check(pleat::mean_absolute_error(predicted, target), golden.number(name + ".mae"), 1e-6, name);
    check(pleat::root_mean_square_error(predicted, target), golden.number(name + ".rmse"), 1e-6, name);
  }
}

BOOST_AUTO_TEST_CASE(grouped_and_classes_golden) {
  Golden golden;
  auto predicted = golden.numbers("grouped.pred"), target = golden.numbers("grouped.target");
  auto grouped = pleat::grouped_spearman(predicted, target, golden.labels("grouped.group"));
  BOOST_TEST(grouped.groups == golden.labels("grouped.group_ids_of_3_or_more"), boost::test_tools::per_element());
  auto wanted = golden.numbers("grouped.spearman_per_group_of_3_or_more");
  BOOST_REQUIRE(wanted.size() == grouped.values.size());
  for (std::size_t i = 0; i < wanted.size(); ++i) check(grouped.values[i], wanted[i], 1e-9, "grouped");
  check(grouped.mean, golden.number("grouped.mean_spearman"), 1e-9, "grouped mean");
  check(pleat::spearman(predicted, target), golden.number("grouped.pooled_spearman"), 1e-9, "grouped pooled");

  auto classes = pleat::argmax_rows(golden.numbers("classes.logits"), 20);
  auto truth = golden.labels("classes.target");
  check(pleat::accuracy(classes, truth), golden.number("classes.sklearn_accuracy"), 1e-9, "accuracy");
  check(pleat::matthews_correlation(classes, truth), golden.number("classes.sklearn_mcc"), 1e-9, "mcc");
}

BOOST_AUTO_TEST_CASE(known_values_and_undefined_ones) {
  std::vector<double> a{1, 2, 2, 4};
  BOOST_TEST(pleat::average_ranks(a) == (std::vector<double>{1, 2.5, 2.5, 4}), boost::test_tools::per_element());
  std::vector<Index> p{1, 1, 0, 0}, q{1, 0, 0, 0}, one{1, 1, 1, 1};
  BOOST_TEST(std::abs(pleat::matthews_correlation(p, q) - 1 / std::sqrt(3.0)) < 1e-12);
  BOOST_TEST(pleat::matthews_correlation(one, q) == 0.0);
  BOOST_TEST(std::isnan(pleat::auroc(a, one)));
  std::vector<double> with_nan{1, std::numeric_limits<double>::quiet_NaN(), 2, 3};
  BOOST_TEST(std::isnan(pleat::spearman(with_nan, a)));
  BOOST_TEST(std::isnan(pleat::auroc(with_nan, q)));
  std::vector<double> none;
  BOOST_TEST(std::isnan(pleat::spearman(none, none)));
  BOOST_TEST(std::isnan(pleat::accuracy({}, {})));
  BOOST_CHECK_THROW(pleat::accuracy(p, {}), pleat::Error);
  BOOST_CHECK_THROW(pleat::f1_max(a, p, 3), pleat::Error);
}

BOOST_AUTO_TEST_SUITE_END()
