#include <cmath>
#include <vector>

#include <boost/test/unit_test.hpp>
#include <pleat/io/safetensors.hpp>
#include <pleat/train/lr_schedules.hpp>

using namespace pleat;

BOOST_AUTO_TEST_SUITE(lr_schedules)

BOOST_AUTO_TEST_CASE(golden_multipliers) {
  auto file = Safetensors::open(PLEAT_TEST_DATA "/golden/lsd/optimiser.safetensors");
  auto step = file.read<double>("lr.step");
  WarmUpCosine plain{.warm_up = 20, .total = 100}, ahead = plain, floor = plain;
  ahead.count = WarmUp::step_plus_one, floor.floor = 0.1;
  auto a = file.read<double>("lr.multiplier_step_over_warmup"), b = file.read<double>("lr.multiplier_step_plus_one"),
       c = file.read<double>("lr.multiplier_min_0.1");
  for (std::size_t i = 0; i < step.size(); ++i) {
    auto k = static_cast<Index>(step[i]);
    BOOST_TEST(std::abs(plain.multiplier(k) - a[i]) < 1e-10);
    BOOST_TEST(std::abs(ahead.multiplier(k) - b[i]) < 1e-10);
    BOOST_TEST(std::abs(floor.multiplier(k) - c[i]) < 1e-10);
  }
}

BOOST_AUTO_TEST_CASE(rates_and_edges) {
  WarmUpCosine s{.peak = 2e-3, .warm_up = 4, .total = 10};
  BOOST_TEST(s.rate(1) == 5e-4);
  BOOST_TEST(s.rate(4) == 2e-3);
  BOOST_TEST(s.rate(10) == 0);
  BOOST_TEST((WarmUpCosine{.peak = 1, .warm_up = 0, .total = 10}.rate(0)) == 1);
  BOOST_TEST((WarmUpCosine{.peak = 1, .warm_up = 10, .total = 10, .floor = 0.2}.rate(10)) == 0.2);
  BOOST_TEST(ConstantRate{3e-4}.rate(12345) == 3e-4);
  BOOST_CHECK_THROW((WarmUpCosine{.warm_up = 20, .total = 10}.rate(1)), Error);
}

BOOST_AUTO_TEST_SUITE_END()
