#include <cmath>
#include <vector>

#include <boost/test/unit_test.hpp>
#include <pleat/diffusion/noise_laws.hpp>
#include <pleat/io/safetensors.hpp>

using namespace pleat;

namespace {
struct Moments {
  double mean = 0, variance = 0, below_half = 0;
};
const int n = 40000;
template <class L> Moments moments(const L& law) {
  Moments m;
  bool inside = true;
  for (int i = 0; i < n; ++i) {
    double t = law.t({5, 1}, 0, static_cast<std::uint32_t>(i / 100), static_cast<std::uint32_t>(i % 100));
    inside = inside && t >= 0 && t <= 1;
    m.mean += t / n, m.variance += t * t / n, m.below_half += (t < 0.5) / static_cast<double>(n);
  }
  BOOST_TEST(inside);
  m.variance -= m.mean * m.mean;
  return m;
}
void near(double value, double expected, double variance) {
  BOOST_TEST(std::abs(value - expected) < 5 * std::sqrt(variance / n));
}
} // namespace

BOOST_AUTO_TEST_SUITE(noise_laws)

BOOST_AUTO_TEST_CASE(moments_of_each_law) {
  auto uniform = moments(UniformLaw{});
  near(uniform.mean, 0.5, 1.0 / 12), near(uniform.variance, 1.0 / 12, 1.0 / 180);
  auto beta = moments(BetaLaw<BetaOptions{.a = 2, .b = 5}>{});
  near(beta.mean, 2.0 / 7, 0.0256), near(beta.variance, 10.0 / (49 * 8), 0.002);
  auto spiky = moments(BetaLaw<BetaOptions{.a = 0.3, .b = 0.5}>{});
  near(spiky.mean, 0.375, 0.13), near(spiky.variance, 0.15 / (0.64 * 1.8), 0.02);
  auto mixture = moments(MixtureLaw<MixtureOptions{.p_mask = 0.3}>{});
  near(mixture.mean, 0.15, 0.08), near(mixture.below_half, 0.85, 0.1275);
  auto bernoulli = moments(BernoulliLaw<>{});
  near(bernoulli.mean, 0.15, 0.1275), near(bernoulli.variance, 0.1275, 0.07);
  auto importance = moments(ImportanceLaw{});
  near(importance.below_half, 0.18169, 0.15);
}

BOOST_AUTO_TEST_CASE(sequence_level_shares_its_time) {
  SequenceLevelLaw<> law;
  SequenceLevelLaw<SequenceLevelOptions{.jitter = 0.1}> jittered;
  BOOST_TEST(law.t({1, 1}, 0, 7, 3) == law.t({1, 1}, 0, 7, 90));
  BOOST_TEST(law.t({1, 1}, 0, 7, 3) != law.t({1, 1}, 0, 8, 3));
  double spread = 0;
  for (std::uint32_t r = 0; r < 200; ++r)
    for (std::uint32_t p = 0; p < 50; ++p) {
      double t = jittered.t({1, 1}, 0, r, p);
      BOOST_REQUIRE((t >= 0 && t <= 1));
      spread = (std::max)(spread, std::abs(t - law.t({1, 1}, 0, r, 0)));
    }
  BOOST_TEST((spread > 0.09 && spread <= 0.1));
}

BOOST_AUTO_TEST_CASE(pure_functions_of_their_counters) {
  UniformLaw law;
  BOOST_TEST(law.t({1, 2}, 3, 4, 5) == law.t({1, 2}, 3, 4, 5));
  for (double other :
       {law.t({2, 2}, 3, 4, 5), law.t({1, 3}, 3, 4, 5), law.t({1, 2}, 4, 4, 5), law.t({1, 2}, 3, 5, 5), law.t({1, 2}, 3, 4, 6)})
    BOOST_TEST(other != law.t({1, 2}, 3, 4, 5));
}

BOOST_AUTO_TEST_CASE(golden_importance_distribution) {
  auto file = Safetensors::open(PLEAT_TEST_DATA "/golden/lsd/noise_mask.safetensors");
  auto t = file.read<double>("importance.t"), cdf = file.read<double>("importance.cdf");
  for (std::size_t i = 0; i < t.size(); ++i) {
    BOOST_TEST(std::abs(importance_cdf(t[i]) - cdf[i]) < 1e-10);
    if (t[i] > 0.05) BOOST_TEST(std::abs(importance_time(cdf[i]) - t[i]) < 1e-10);
  }
  BOOST_TEST(importance_time(0) < 1e-5);
  BOOST_TEST(importance_time(1) > 1 - 1e-12);
}

BOOST_AUTO_TEST_CASE(golden_corruption_and_weight) {
  auto file = Safetensors::open(PLEAT_TEST_DATA "/golden/lsd/noise_mask.safetensors");
  auto t = file.read<double>("t"), w = file.read<double>("weight");
  for (std::size_t i = 0; i < t.size(); ++i) {
    double s = std::sin(1.57079632679489661923 * t[i]);
    BOOST_TEST(std::abs(s * s - w[i]) < 1e-10);
  }
}

BOOST_AUTO_TEST_SUITE_END()
