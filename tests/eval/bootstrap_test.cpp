#include <cmath>
#include <vector>

#include <boost/test/unit_test.hpp>

#include <pleat/eval/bootstrap.hpp>

using pleat::Index;

namespace {

// Standard normal of a counter, by Box and Muller.
double normal(std::uint64_t seed, std::uint64_t i) {
  double u = pleat::detail::counter_uniform(seed, 0, 2 * i), v = pleat::detail::counter_uniform(seed, 0, 2 * i + 1);
  return std::sqrt(-2 * std::log(u)) * std::cos(6.283185307179586 * v);
}

struct MeanOf {
  const std::vector<double>* values;
  double operator()(const std::vector<std::size_t>& drawn) const {
    double sum = 0;
    for (std::size_t i : drawn) sum += (*values)[i];
    return sum / static_cast<double>(drawn.size());
  }
};

} // namespace

BOOST_AUTO_TEST_SUITE(bootstrap)

BOOST_AUTO_TEST_CASE(draws_are_fixed_and_even) {
  // Pinned: results must be the same on every platform and in every later version.
  BOOST_TEST(pleat::detail::counter_mix(0) == 0xe220a8397b1dcdafu);
  auto a = pleat::resample(50, 3, 7), b = pleat::resample(50, 3, 7), c = pleat::resample(50, 4, 7);
  BOOST_TEST(a == b);
  BOOST_TEST(a != c);
  std::vector<int> counts(10);
  for (Index r = 0; r < 1000; ++r)
    for (std::size_t i : pleat::resample(10, r, 5)) ++counts[i];
  for (int count : counts) BOOST_TEST(std::abs(count - 1000) < 150);
}

BOOST_AUTO_TEST_CASE(intervals_of_a_mean_have_the_known_width) {
  std::vector<double> values(400);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = normal(11, i);
  auto interval = pleat::bootstrap(values.size(), MeanOf{&values});
  double half = 1.96 / 20;
  BOOST_TEST(interval.low < interval.value);
  BOOST_TEST(interval.high > interval.value);
  BOOST_TEST(std::abs((interval.high - interval.low) / (2 * half) - 1) < 0.12);
}

BOOST_AUTO_TEST_CASE(intervals_cover) {
  int covered = 0, trials = 300;
  for (int trial = 0; trial < trials; ++trial) {
    std::vector<double> values(60);
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = 2 + normal(static_cast<std::uint64_t>(1000 + trial), i);
    auto interval =
        pleat::bootstrap(values.size(), MeanOf{&values}, {.resamples = 300, .seed = static_cast<std::uint64_t>(trial)});
    covered += interval.low <= 2 && 2 <= interval.high ? 1 : 0;
  }
  BOOST_TEST(covered >= 0.90 * trials);
  BOOST_TEST(covered <= 0.985 * trials);
}

BOOST_AUTO_TEST_CASE(paired_differences_are_sharper_than_separate_ones) {
  std::vector<double> a(200), b(200);
  for (std::size_t i = 0; i < a.size(); ++i) a[i] = normal(3, i), b[i] = a[i] - 0.1 + 0.05 * normal(4, i);
  auto difference = pleat::paired_bootstrap(a.size(), MeanOf{&a}, MeanOf{&b});
  BOOST_TEST(difference.low > 0.08);
  BOOST_TEST(difference.high < 0.12);
  auto same = pleat::paired_bootstrap(a.size(), MeanOf{&a}, MeanOf{&a});
  BOOST_TEST(same.low == 0.0);
  BOOST_TEST(same.high == 0.0);
}

BOOST_AUTO_TEST_CASE(undefined_scores_and_bad_options) {
  auto undefined = [](const std::vector<std::size_t>&) { return std::nan(""); };
  BOOST_TEST(std::isnan(pleat::bootstrap(5, undefined).low));
  BOOST_TEST(std::isnan(pleat::bootstrap(0, undefined).high));
  BOOST_CHECK_THROW(pleat::bootstrap(5, undefined, {.resamples = 0}), pleat::Error);
  BOOST_CHECK_THROW(pleat::bootstrap(5, undefined, {.level = 1.0}), pleat::Error);
}

BOOST_AUTO_TEST_CASE(groups_are_drawn_whole) {
  // Every example a group of its own: the plain bootstrap, bit for bit.
  std::vector<double> values(60);
  std::vector<Index> alone(60);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = normal(3, i), alone[i] = Index(10 * i);
  const auto plain = pleat::bootstrap(values.size(), MeanOf{&values}), grouped = pleat::bootstrap_groups(alone, MeanOf{&values});
  BOOST_TEST((plain.value == grouped.value && plain.low == grouped.low && plain.high == grouped.high));
  // Groups enter with all their examples, in no other mixture; their numbers and their order do not matter but for the draw.
  const std::vector<Index> group = {5, 2, 5, 9, 2, 5};
  std::size_t calls = 0, differ = 0;
  pleat::bootstrap_groups(group, [&](const std::vector<std::size_t>& drawn) {
    std::vector<int> times(group.size());
    for (std::size_t i : drawn) ++times[i];
    for (std::size_t i = 0; i < group.size(); ++i)
      for (std::size_t j = 0; j < group.size(); ++j)
        if (group[i] == group[j]) BOOST_TEST(times[i] == times[j]);
    BOOST_TEST(times[0] + times[1] + times[3] == 3); // three groups are drawn
    differ += drawn.size() != group.size(), ++calls;
    return 0.0;
  });
  BOOST_TEST((calls == 1001u && differ > 100u));
  // Copies of one value per group: the interval is that of the groups, wider than that of the examples.
  std::vector<double> copies;
  std::vector<Index> of;
  for (std::size_t i = 0; i < 40; ++i)
    for (int k = 0; k < 25; ++k) copies.push_back(normal(8, i)), of.push_back(Index(i));
  const auto wide = pleat::bootstrap_groups(of, MeanOf{&copies}), narrow = pleat::bootstrap(copies.size(), MeanOf{&copies});
  const double ratio = (wide.high - wide.low) / (narrow.high - narrow.low);
  BOOST_TEST((ratio > 4 && ratio < 6)); // sqrt(25)
  // Differences are paired; one group has no width; without examples there is no interval.
  const auto none = pleat::paired_bootstrap_groups(of, MeanOf{&copies}, MeanOf{&copies});
  BOOST_TEST((none.value == 0 && none.low == 0 && none.high == 0));
  const std::vector<Index> one(values.size(), 4);
  const auto single = pleat::bootstrap_groups(one, MeanOf{&values});
  BOOST_TEST((single.low == single.value && single.high == single.value));
  const std::vector<double> nothing;
  BOOST_TEST(std::isnan(pleat::bootstrap_groups({}, MeanOf{&nothing}).low));
}

BOOST_AUTO_TEST_SUITE_END()
