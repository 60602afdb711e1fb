#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include <boost/test/unit_test.hpp>
#include <pleat/core/philox.hpp>

using namespace pleat;

// Known answers published with Random123 (kat_vectors, philox4x32 10 rounds).
static_assert(philox4x32({0, 0}, {0, 0, 0, 0}) == PhiloxBlock{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
static_assert(philox4x32({~0u, ~0u}, {~0u, ~0u, ~0u, ~0u}) == PhiloxBlock{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
static_assert(philox4x32({0xa4093822, 0x299f31d0}, {0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}) ==
              PhiloxBlock{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
static_assert(uniform_float(0) > 0 && uniform_float(~0u) < 1);
static_assert(uniform_double(0, 0) > 0 && uniform_double(~0u, ~0u) < 1);

BOOST_AUTO_TEST_SUITE(philox_bits)

BOOST_AUTO_TEST_CASE(key_and_counter_words_all_matter) {
  NoiseKey key{1, 2};
  NoiseCounter at{3, 4, 5, 6};
  auto base = philox(key, at);
  BOOST_TEST((philox(key, at) == base));
  BOOST_TEST((philox({2, 2}, at) != base));
  BOOST_TEST((philox({1, 3}, at) != base));
  BOOST_TEST((philox({2, 1}, at) != base));
  BOOST_TEST((philox(key, {4, 4, 5, 6}) != base));
  BOOST_TEST((philox(key, {3, 5, 5, 6}) != base));
  BOOST_TEST((philox(key, {3, 4, 6, 6}) != base));
  BOOST_TEST((philox(key, {3, 4, 5, 7}) != base));
}

BOOST_AUTO_TEST_CASE(logarithm_and_circle_agree_with_the_standard_library) {
  double worst_log = 0, worst_circle = 0, worst_log_float = 0, worst_circle_float = 0;
  Philox draw(7);
  for (int i = 0; i < 20000; ++i) {
    double u = draw.uniform(), turn = 6.283185307179586477 * u;
    worst_log = std::max(worst_log, std::abs(detail::portable_log(u) - std::log(u)) / (1 + std::abs(std::log(u))));
    auto [c, s] = detail::portable_cos_sin_turns(u);
    worst_circle = std::max({worst_circle, std::abs(c - std::cos(turn)), std::abs(s - std::sin(turn))});
    float f = uniform_float(draw.bits32());
    double exact = std::log(static_cast<double>(f));
    worst_log_float = std::max(worst_log_float, std::abs(detail::portable_log(f) - exact) / (1e-7 + std::abs(exact)));
    auto [cf, sf] = detail::portable_cos_sin_turns(f);
    double turn_float = 6.283185307179586477 * static_cast<double>(f);
    worst_circle_float = std::max({worst_circle_float, std::abs(cf - std::cos(turn_float)), std::abs(sf - std::sin(turn_float))});
  }
  BOOST_TEST(worst_log < 1e-15);
  BOOST_TEST(worst_circle < 1e-15);
  BOOST_TEST(worst_log_float < 4e-7);
  BOOST_TEST(worst_circle_float < 3e-7);
}

BOOST_AUTO_TEST_CASE(moments_of_uniforms_and_normals) {
  const int n = 200000;
  double mean = 0, second = 0, fourth = 0, cross = 0, uniform = 0;
  for (int i = 0; i < n / 4; ++i) {
    auto x = normals(philox({11, 0}, {0, static_cast<std::uint32_t>(i), 0, 0}));
    for (double v : x) mean += v, second += v * v, fourth += v * v * v * v;
    cross += static_cast<double>(x[0] * x[1] + x[2] * x[3]);
  }
  Philox draw(3);
  for (int i = 0; i < n; ++i) uniform += draw.uniform();
  BOOST_TEST(std::abs(mean / n) < 5 / std::sqrt(n));
  BOOST_TEST(std::abs(second / n - 1) < 5 * std::sqrt(2.0 / n));
  BOOST_TEST(std::abs(fourth / n - 3) < 5 * std::sqrt(96.0 / n));
  BOOST_TEST(std::abs(cross / (n / 2)) < 5 / std::sqrt(n / 2));
  BOOST_TEST(std::abs(uniform / n - 0.5) < 5 * std::sqrt(1.0 / 12 / n));
}

BOOST_AUTO_TEST_CASE(a_row_does_not_depend_on_its_width_or_type) {
  std::vector<float> wide(11), narrow(6);
  std::vector<double> exact(11);
  normal_row<float>({5, 6}, 1, 2, 3, wide);
  normal_row<float>({5, 6}, 1, 2, 3, narrow);
  normal_row<double>({5, 6}, 1, 2, 3, exact);
  BOOST_TEST(std::equal(narrow.begin(), narrow.end(), wide.begin()));
  for (std::size_t i = 0; i < wide.size(); ++i) BOOST_TEST(exact[i] == static_cast<double>(wide[i]));
  BOOST_TEST(wide[0] != wide[4]);
}

BOOST_AUTO_TEST_CASE(bits_of_normals_are_pinned) {
  // Guards "same on all platforms": these bits must not change with compiler or flags.
  auto four = normals(PhiloxBlock{0x12345678, 0x9abcdef0, 0x0fedcba9, 0x87654321});
  std::array<std::uint32_t, 4> bits;
  for (std::size_t i = 0; i < 4; ++i) bits[i] = std::bit_cast<std::uint32_t>(four[i]);
  const std::array<std::uint32_t, 4> expected = {0xbfe92f36, 0xbfb39380, 0xc0145a03, 0xbed9d224};
  for (std::size_t i = 0; i < 4; ++i) BOOST_TEST(bits[i] == expected[i]);
  BOOST_TEST(std::bit_cast<std::uint64_t>(Philox(42).normal()) == 0xbfd77cb5d15d9d04);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(philox_stream)

BOOST_AUTO_TEST_CASE(seek_continues_bit_for_bit) {
  Philox a(9, 2), b(9, 2);
  for (int i = 0; i < 7; ++i) a.bits32();
  b.seek(a.position());
  for (int i = 0; i < 9; ++i) BOOST_TEST(a.bits32() == b.bits32());
  BOOST_TEST(Philox(9, 2).bits64() != Philox(9, 3).bits64());
  BOOST_TEST(Philox(8, 2).bits64() != Philox(9, 2).bits64());
}

BOOST_AUTO_TEST_CASE(index_covers_its_range_evenly) {
  Philox draw(1);
  std::vector<int> count(7);
  for (int i = 0; i < 70000; ++i) ++count[static_cast<std::size_t>(draw.index(7))];
  for (int c : count) BOOST_TEST(std::abs(c - 10000) < 500);
  BOOST_TEST(draw.index(1) == 0);
}

BOOST_AUTO_TEST_CASE(shuffle_is_a_permutation_that_depends_on_the_seed) {
  std::vector<int> a(50), b(50);
  std::iota(a.begin(), a.end(), 0), std::iota(b.begin(), b.end(), 0);
  Philox(1).shuffle(std::span(a));
  Philox(2).shuffle(std::span(b));
  BOOST_TEST((a != b));
  std::sort(a.begin(), a.end());
  for (int i = 0; i < 50; ++i) BOOST_TEST(a[static_cast<std::size_t>(i)] == i);
}

BOOST_AUTO_TEST_SUITE_END()
