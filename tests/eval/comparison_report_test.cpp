// Comparisons of predictors over components, and the pages made of them.
#include <boost/test/unit_test.hpp>

#include <cmath>
#include <numeric>

#include <pleat/core/philox.hpp>
#include <pleat/eval/comparison_report_html.hpp>

#include "support/refusal.hpp"
#include "support/well_formed.hpp"

using namespace pleat;
using contract::refusal;

namespace {

constexpr std::size_t components = 6, per_component = 12;

// Components are numbered with gaps, and stand in no order; every second example belongs to train.
StructureExamples examples_of(std::uint64_t seed) {
  Philox draws(seed);
  StructureExamples e;
  for (std::size_t i = 0; i < 2 * components * per_component; ++i) {
    e.labels.push_back(draws.uniform() < 0.4);
    e.component.push_back(100 - 7 * static_cast<Index>(i % components)),
        e.chain.push_back(static_cast<Index>(i % (2 * components)));
    e.split.push_back(i % 4 < 2 ? Split::Test : Split::Train);
  }
  return e;
}
// Scores of the test examples: the label and noise, rounded so that some are equal.
std::vector<double> scores_of(const StructureExamples& e, double noise, std::uint64_t seed) {
  Philox draws(seed);
  std::vector<double> scores;
  for (const Index i : e.of(Split::Test))
    scores.push_back(std::round(4 * (e.labels[static_cast<std::size_t>(i)] + noise * draws.normal())) / 4);
  return scores;
}

// The score of the test examples of drawn components, from its definition.
template <class Score>
Interval directly(const StructureExamples& e, const Score& score, const BootstrapOptions& options = {.resamples = 50}) {
  const std::vector<Index> test = e.of(Split::Test);
  return bootstrap_groups(detail::chosen_of(e.component, test), score, options);
}

void check_equal(const Interval& a, const Interval& b) {
  const auto close = boost::test_tools::tolerance(1e-12);
  BOOST_TEST(a.value == b.value, close);
  BOOST_TEST(a.low == b.low, close);
  BOOST_TEST(a.high == b.high, close);
}

} // namespace

BOOST_AUTO_TEST_SUITE(comparison_report)

BOOST_AUTO_TEST_CASE(statistics_of_components_are_the_metrics_of_their_examples) {
  const StructureExamples e = examples_of(1);
  const auto scores = scores_of(e, 0.8, 2), labels = detail::chosen_of(e.labels, e.of(Split::Test));
  const BootstrapOptions options{.resamples = 50};
  check_equal(over_components(component_statistic(StructureMetric::Auroc, e, scores), options),
              directly(e, [&](const std::vector<std::size_t>& drawn) {
                std::vector<double> s;
                std::vector<Index> y;
                for (const std::size_t i : drawn) s.push_back(scores[i]), y.push_back(static_cast<Index>(labels[i]));
                return auroc(s, y);
              }));
  std::vector<double> columns;
  for (const double s : scores) columns.insert(columns.end(), {1 - s, s});
  check_equal(over_components(component_statistic(StructureMetric::Accuracy, e, columns), options),
              directly(e, [&](const std::vector<std::size_t>& drawn) {
                double right = 0;
                for (const std::size_t i : drawn) right += (scores[i] > 1 - scores[i]) == (labels[i] > 0);
                return right / static_cast<double>(drawn.size());
              }));
  StructureExamples one_class = e;
  for (double& y : one_class.labels) y = 1;
  BOOST_TEST(std::isnan(over_components(component_statistic(StructureMetric::Auroc, one_class, scores), options).value));
  auto bad = scores;
  bad[3] = std::nan("");
  for (const StructureMetric metric : {StructureMetric::Auroc, StructureMetric::Accuracy, StructureMetric::ChainSpearman})
    BOOST_TEST(refusal([&] { component_statistic(metric, e, bad); }).find("score 3 of") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(means_and_paired_differences) {
  const StructureExamples e = examples_of(3);
  const auto statistic = [&](double noise, std::uint64_t seed) {
    return component_statistic(StructureMetric::Auroc, e, scores_of(e, noise, seed));
  };
  const auto good = statistic(0.3, 4), fair = statistic(1, 5), poor = statistic(4, 6);
  const double middle = (over_components(good).value + over_components(poor).value) / 2;
  BOOST_TEST(over_components(mean_of({good, poor})).value == middle, boost::test_tools::tolerance(1e-12));
  const Interval none = difference_over_components(fair, fair);
  BOOST_TEST((none.value == 0 && none.low == 0 && none.high == 0)); // on the same draws
  const Interval up = difference_over_components(good, poor), down = difference_over_components(poor, good);
  BOOST_TEST(up.low > 0);
  BOOST_TEST(up.value == -down.value, boost::test_tools::tolerance(1e-12));
  BOOST_TEST(difference_words(up) == "better");
  BOOST_TEST(difference_words(down) == "worse");
  BOOST_TEST(difference_words({0.1, -0.1, 0.2}) == "no difference shown");
  BOOST_TEST(refusal([&] { mean_of({}); }) != "");
  StructureExamples fewer = e;
  for (std::size_t i = 0; i < fewer.size(); ++i) fewer.component[i] = static_cast<Index>(i % 2);
  const auto other = component_statistic(StructureMetric::Auroc, fewer, scores_of(fewer, 1, 5));
  BOOST_TEST(refusal([&] { difference_over_components(good, other); }).find("same test part") != std::string::npos);
}

ComparisonReport made_report() {
  const StructureExamples e = examples_of(7);
  ComparisonReport report;
  report.title = "Encoders <of> structures";
  report.tasks.push_back({"interface", "interface from the unbound form", "AUROC", {}});
  report.tasks[0].comparison =
      compare_predictors(StructureMetric::Auroc, e,
                         {{"none", "1", scores_of(e, 3, 8)},
                          {"siamdiff & co", "1", scores_of(e, 0.3, 9)},
                          {"none", "2", scores_of(e, 3, 10)},
                          {"siamdiff & co", "2", scores_of(e, 0.3, 11)}},
                         {{"exposure", "", scores_of(e, 6, 12)}, {"contacts", "", scores_of(e, 1, 13)}}, "none");
  ResidueMap map{"1EFN", "a note", {{0, 4}, {1, 5}}, {0, 1, 0, std::nan(""), 1, 1}, {0.1, 0.9, 0.2, std::nan(""), 0.8, 0.3}, {}};
  for (int r = 0; r < 6; ++r) map.names.push_back("A:GLY " + std::to_string(r));
  report.maps.push_back(map);
  report.notes = {"a note of the run"};
  report.facts = {{"command", "pleat evaluate-structure --run a|b"}};
  return report;
}

BOOST_AUTO_TEST_CASE(predictors_are_compared) {
  const ComparisonReport report = made_report();
  const Comparison& c = report.tasks[0].comparison;
  BOOST_REQUIRE(c.rows.size() == 4u);
  BOOST_TEST(c.reference == "none");
  BOOST_TEST(c.baseline == "contacts");
  BOOST_TEST(c.components == components);
  const ComparedRow &none = *c.find("none"), &siam = *c.find("siamdiff & co"), &exposure = *c.find("exposure");
  BOOST_TEST((!exposure.learned && exposure.seeds.empty() && !exposure.to_baseline));
  BOOST_TEST((none.seeds.size() == 2 && none.seeds[1].first == "2" && !none.to_reference && none.to_baseline));
  BOOST_TEST(siam.to_reference->low > 0);
  BOOST_TEST(siam.value.value == (siam.seeds[0].second.value + siam.seeds[1].second.value) / 2,
             boost::test_tools::tolerance(1e-12));
  BOOST_TEST(siam.to_reference->value == siam.value.value - none.value.value, boost::test_tools::tolerance(1e-12));
  BOOST_TEST(c.find("nobody") == nullptr);
  // One title twice with one seed would be averaged as if it were two seeds.
  const StructureExamples e = examples_of(7);
  const Predictions once{"none", "1", scores_of(e, 3, 8)};
  BOOST_TEST(refusal([&] {
               compare_predictors(StructureMetric::Auroc, e, {once, once}, {}, "none");
             }).find("titles of their own") != std::string::npos);
  // A baseline without a score is not the best one; no reference, no difference to it.
  StructureExamples one_class = e;
  for (double& y : one_class.labels) y = 1;
  const Comparison undefined = compare_predictors(StructureMetric::Auroc, one_class, {once}, {{"b", "", once.scores}}, "other");
  BOOST_TEST((undefined.baseline.empty() && undefined.reference.empty() && !undefined.rows[1].to_baseline));
  BOOST_TEST(difference_words({std::nan(""), std::nan(""), std::nan("")}) == "undefined");
}

BOOST_AUTO_TEST_CASE(pages_hold_every_row_and_escape_text) {
  const ComparisonReport report = made_report();
  const std::string html = report_html(report), text = report_markdown(report);
  BOOST_TEST(contract::well_formed(html));
  for (const char* what : {"Encoders &lt;of&gt; structures", "siamdiff &amp; co", "exposure", "interface from the unbound form",
                           "better", "A:GLY 5", "a note of the run"})
    BOOST_TEST(html.find(what) != std::string::npos, what);
  BOOST_TEST(html.find("<script") == std::string::npos);
  for (const char* what : {"siamdiff &amp; co", "contacts (baseline)", "a\\|b"})
    BOOST_TEST(text.find(what) != std::string::npos, what);
  const Json json = report_json(report);
  const Json& task = json.at("tasks").at("interface");
  BOOST_TEST(task.at("best_baseline").string() == "contacts");
  BOOST_TEST(task.at("rows").items().size() == 4u);
  BOOST_TEST(task.at("rows").items()[3].at("difference_to_reference").at("low").number() > 0);
}

BOOST_AUTO_TEST_CASE(maps_show_ranks) {
  const auto shares = detail::rank_shares({3, 1, std::nan(""), 2, 2});
  BOOST_TEST((shares[0] == 1 && shares[1] == 0 && std::isnan(shares[2]) && shares[3] == 0.5 && shares[4] == 0.5));
  const std::string svg = detail::draw_residue_map(made_report().maps[0]);
  // Three of the five asked for are observed, and residues 1, 4 and 5 are also the three predicted highest: of the two contacts,
  // 1-5 is coloured on both sides of the diagonal, 0-4 on neither.
  const auto contacts = [&](const char* kind) {
    std::size_t found = 0;
    const std::string needle = std::string("class=\"mark tile ") + kind + "\" fill-opacity=\"";
    for (std::size_t at = 0; (at = svg.find(needle, at)) != std::string::npos; ++at)
      found += svg.compare(svg.find('"', at + needle.size()) + 1, 2, "/>") == 0; // strips have a title
    return found;
  };
  BOOST_TEST(contacts("s0") == 1u);
  BOOST_TEST(contacts("s1") == 1u);
  BOOST_TEST(contacts("s6") == 2u);
  BOOST_TEST(svg.find("predicted rank 100 %") != std::string::npos);
  BOOST_TEST(svg.find("A:GLY 3") == std::string::npos); // not asked
  BOOST_TEST(detail::draw_residue_map({}).find("No residues to draw") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
