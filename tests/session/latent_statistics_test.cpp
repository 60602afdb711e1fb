#include <boost/test/unit_test.hpp>
#include <cmath>
#include <pleat/session/latent_statistics.hpp>

using pleat::Index;

BOOST_AUTO_TEST_SUITE(latent_statistics)

BOOST_AUTO_TEST_CASE(agrees_with_plain_sums_and_keeps_digits) {
  constexpr Index width = 3, stride = 16;
  std::vector<float> rows(static_cast<std::size_t>(stride) * 1000);
  for (std::size_t r = 0; r < 1000; ++r) {
    rows[r * 16] = static_cast<float>(std::sin(static_cast<double>(r) * 1.7)) * 2 + 1;
    rows[r * 16 + 1] = 4096 + static_cast<float>(r % 7) / 8;       // a mean that swamps the deviation
    rows[r * 16 + 2] = 5;                                          // does not vary
    for (std::size_t c = 3; c < 16; ++c) rows[r * 16 + c] = 1e30f; // tails are not looked at
  }
  pleat::LatentStatistics in_parts(width), at_once(width);
  at_once.add(rows.data(), 1000, stride);
  Index from = 0;
  for (const Index count : {1, 0, 299, 600, 100}) in_parts.add(rows.data() + from * stride, count, stride), from += count;
  BOOST_TEST(in_parts.count() == 1000);
  for (std::size_t c = 0; c < 3; ++c) {
    double mean = 0, square = 0;
    for (std::size_t r = 0; r < 1000; ++r) mean += static_cast<double>(rows[r * 16 + c]) / 1000;
    for (std::size_t r = 0; r < 1000; ++r) square += std::pow(static_cast<double>(rows[r * 16 + c]) - mean, 2) / 1000;
    const double deviation = c == 2 ? 1 : std::sqrt(square);
    for (const auto* statistics : {&in_parts, &at_once}) {
      BOOST_TEST(std::abs(statistics->mean()[c] - mean) < 1e-9 * (1 + std::abs(mean)));
      BOOST_TEST(std::abs(statistics->deviation()[c] - deviation) < 1e-9);
    }
  }
}

BOOST_AUTO_TEST_CASE(nothing_is_the_identity) {
  const pleat::LatentStatistics none(2);
  BOOST_TEST(none.mean()[0] == 0);
  BOOST_TEST(none.deviation()[1] == 1);
}

BOOST_AUTO_TEST_SUITE_END()
