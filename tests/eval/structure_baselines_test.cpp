// The baselines of the structure tasks: by hand, and on the two shipped complexes.
#include <boost/test/unit_test.hpp>

#include <cmath>
#include <vector>

#include <pleat/backend/cpu/dense_algebra.hpp>
#include <pleat/backend/cpu/device.hpp>
#include <pleat/data/structure_tasks/interface_site.hpp>
#include <pleat/data/structure_tasks/residue_site.hpp>
#include <pleat/eval/structure_baselines.hpp>

#include "support/benchmark_complex.hpp"

using namespace pleat;
using namespace structures;

namespace {

// `per` examples in each of `components` components, a third of these in each part.
StructureExamples made_examples(Index components, Index per) {
  StructureExamples e;
  for (Index k = 0; k < components; ++k)
    for (Index i = 0; i < per; ++i) {
      e.labels.push_back(double((i + k) % 2));
      e.component.push_back(k), e.chain.push_back(k);
      e.split.push_back(all_splits[static_cast<std::size_t>(k % 3)]);
    }
  return e;
}

ResiduePair pair_of(char a, char b, bool contact, Split split = Split::Train) {
  ResiduePair pair;
  pair.first.type = residue_of_letter(a), pair.second.type = residue_of_letter(b), pair.contact = contact, pair.split = split;
  return pair;
}

} // namespace

BOOST_AUTO_TEST_SUITE(structure_baselines)

BOOST_AUTO_TEST_CASE(log_odds_by_hand) {
  std::vector<ResiduePair> pairs = {pair_of('K', 'E', true),  pair_of('E', 'K', true),  pair_of('L', 'L', true),
                                    pair_of('K', 'K', false), pair_of('K', 'E', false), pair_of('W', 'W', true, Split::Test)};
  const ResiduePairLogOdds odds(pairs, [](const ResiduePair& p) { return p.split == Split::Train ? int{p.contact} : -1; });
  const auto of = [&](char a, char b) { return odds(residue_of_letter(a), residue_of_letter(b)); };
  const auto expected = [](double positives, double negatives) {
    return std::log((positives + 1) / (3 + 210)) - std::log((negatives + 1) / (2 + 210));
  };
  const auto close = boost::test_tools::tolerance(1e-12);
  BOOST_TEST(of('K', 'E') == expected(2, 1), close);
  BOOST_TEST(of('E', 'K') == expected(2, 1), close);
  BOOST_TEST(of('L', 'L') == expected(1, 0), close);
  BOOST_TEST(of('K', 'K') == expected(0, 1), close);
  BOOST_TEST(of('W', 'W') == expected(0, 0), close); // a test pair is not fitted on
  BOOST_CHECK_THROW(odds(residue_unknown, 0), Error);
  BOOST_CHECK_THROW(ResiduePairLogOdds(pairs, [](const ResiduePair& p) { return p.contact ? 1 : -1; }), Error);
}

BOOST_AUTO_TEST_CASE(compositions_do_not_see_the_site) {
  Structure s;
  s.chains.push_back({"A", 0, 0});
  put_residue(s, 'S', 1, 0, 0, 0);
  put_atom(s, "CB", 0, -0.9f, -1.2f), put_atom(s, "OG", 0, -2, -2);
  put_residue(s, 'L', 2, 5, 0, 0);  // N and CA, at 3.8 and 5, within 6 of the C-beta; C and O beyond
  put_residue(s, 'K', 3, 0, 0, 12); // N at 13.3, CA at 13.2, C, O
  put_residue(s, 'G', 4, 0, 0, 60);
  const Backbone backbone = backbone_of(s);
  const Position centre = site_centre(s, backbone, 0);
  const auto counts = neighbour_composition(site_environment(s, backbone, 0), centre);
  const auto at = [&](std::size_t shell, char letter) { return counts[20 * shell + residue_of_letter(letter)]; };
  BOOST_TEST((at(0, 'L') == 2 && at(1, 'L') == 4 && at(2, 'L') == 4));
  BOOST_TEST((at(0, 'K') == 0 && at(1, 'K') == 0 && at(2, 'K') == 4));
  float sum = 0;
  for (const float x : counts) sum += x;
  BOOST_TEST(sum == 2 + 4 + 4 + 4); // nothing of SER itself, nothing of GLY
  // Whatever residue stands there, the features are the same.
  Structure other = s;
  other.types[0] = residue_of_letter('W'), other.labels[0].name = "TRP";
  BOOST_TEST((neighbour_composition(site_environment(other, backbone, 0), centre) == counts));
}

BOOST_AUTO_TEST_CASE(exposed_residues_of_real_complexes_touch) {
  double exposure_score = 0;
  for (const char* code : {"1EFN", "1SYX"}) {
    const LoadedComplex c = shipped_complex(code);
    for (const std::size_t partner : {0u, 1u}) {
      const InterfaceSites sites = interface_sites(c, partner);
      const auto exposed = exposures(c.unbound[sites.partner]);
      BOOST_TEST_REQUIRE(exposed.size() == c.unbound[sites.partner].types.size());
      std::vector<double> scores;
      for (const TaskResidue& at : sites.residues) scores.push_back(exposed[static_cast<std::size_t>(at.residue)]);
      for (const double e : scores) BOOST_TEST((e > 0 && e <= 1));
      exposure_score += auroc(scores, sites.labels) / 4;
    }
  }
  BOOST_TEST(exposure_score > 0.6);
}

Interval score(StructureMetric metric, const StructureExamples& examples, const std::vector<double>& scores) {
  return over_components(component_statistic(metric, examples, scores));
}

BOOST_AUTO_TEST_CASE(scores_over_components) {
  const StructureExamples e = made_examples(9, 10);
  const std::vector<Index> test = e.of(Split::Test);
  BOOST_TEST_REQUIRE(test.size() == 30u);
  std::vector<double> perfect, columns, reversed;
  for (const Index i : test) {
    const double y = e.labels[static_cast<std::size_t>(i)];
    perfect.push_back(y), reversed.push_back(-y), columns.insert(columns.end(), {1 - y, y});
  }
  const Interval roc = score(StructureMetric::Auroc, e, perfect), accuracy = score(StructureMetric::Accuracy, e, columns);
  BOOST_TEST((roc.value == 1 && roc.low == 1 && accuracy.value == 1 && accuracy.low == 1));
  BOOST_TEST(score(StructureMetric::ChainSpearman, e, perfect).value == 1.0, boost::test_tools::tolerance(1e-12));
  BOOST_TEST(score(StructureMetric::ChainSpearman, e, reversed).value == -1.0, boost::test_tools::tolerance(1e-12));
  // One component of three is all wrong: 2/3, and an interval that knows of three things only.
  for (std::size_t i = 0; i < 10; ++i) std::swap(columns[2 * i], columns[2 * i + 1]), perfect[i] = 1 - perfect[i];
  const Interval part = score(StructureMetric::Accuracy, e, columns);
  BOOST_TEST(part.value == 2.0 / 3, boost::test_tools::tolerance(1e-12));
  BOOST_TEST((part.low == 0 && part.high == 1));
  const Interval mean = score(StructureMetric::ChainSpearman, e, perfect);
  BOOST_TEST(mean.value == 1.0 / 3, boost::test_tools::tolerance(1e-12));
  // A chain of constant scores is ranked no better than by chance: 0 of its one third.
  for (std::size_t i = 0; i < 10; ++i) perfect[i] = 5;
  BOOST_TEST(score(StructureMetric::ChainSpearman, e, perfect).value == 2.0 / 3, boost::test_tools::tolerance(1e-12));
  const std::vector<double> few(3);
  BOOST_CHECK_THROW(score(StructureMetric::Auroc, e, few), Error);
  BOOST_CHECK_THROW(score(StructureMetric::Accuracy, e, few), Error);
  StructureExamples no_chains = e;
  no_chains.chain.clear();
  BOOST_CHECK_THROW(score(StructureMetric::ChainSpearman, no_chains, perfect), Error);
}

BOOST_AUTO_TEST_CASE(probes_see_train_and_are_scored_on_test) {
  ThreadPool pool(2);
  const Cpu cpu{&pool};
  const StructureExamples e = made_examples(30, 8);
  Philox draws(3);
  std::vector<float> features;
  for (const double label : e.labels)
    features.insert(features.end(), {float(label + 0.3 * draws.normal()), float(draws.normal())});
  const auto logistic = probe_test_scores(LogisticProbe{}, cpu, ProbeKind::Binary, 2, e, features);
  BOOST_TEST(logistic.size() == e.of(Split::Test).size());
  BOOST_TEST(score(StructureMetric::Auroc, e, logistic).value > 0.95);
  const auto ridge = probe_test_scores(RidgeProbe{}, cpu, ProbeKind::Regression, 1, e, features);
  BOOST_TEST(score(StructureMetric::ChainSpearman, e, ridge).value > 0.7);
  // Test labels are not looked at.
  StructureExamples hidden = e;
  for (const Index i : e.of(Split::Test)) hidden.labels[static_cast<std::size_t>(i)] = 0;
  BOOST_TEST((probe_test_scores(LogisticProbe{}, cpu, ProbeKind::Binary, 2, hidden, features) == logistic));
  const std::vector<float> odd(7);
  BOOST_CHECK_THROW(probe_test_scores(RidgeProbe{}, cpu, ProbeKind::Regression, 1, e, odd), Error);
}

BOOST_AUTO_TEST_SUITE_END()
