#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>
#include <pleat/diffusion/schedules.hpp>
#include <pleat/io/safetensors.hpp>

using namespace pleat;

namespace {
struct Sigmoid { // a user's own schedule: ends short of pure noise, no time_of
  double phi(double t) const { return 1.2 * t * t; }
  double phi_rate(double t) const { return 2.4 * t; }
};
static_assert(NoiseSchedule<Sigmoid> && !NoiseSchedule<int>);

template <class S> void check_tan(const Safetensors& file, const S& schedule, const std::string& d) {
  auto t = file.read<double>("tan_schedule.t"), a = file.read<double>("tan_schedule.alpha_d" + d),
       s = file.read<double>("tan_schedule.sigma_d" + d);
  for (std::size_t i = 0; i < t.size(); ++i) {
    BOOST_TEST(std::abs(alpha(schedule, t[i]) - a[i]) < 1e-10);
    BOOST_TEST(std::abs(sigma(schedule, t[i]) - s[i]) < 1e-10);
  }
}

template <class S> void check_schedule(const S& schedule, double end) {
  BOOST_TEST(schedule.phi(0) == 0);
  BOOST_TEST(schedule.phi(1) == end);
  BOOST_TEST(alpha(schedule, 0) == 1);
  BOOST_TEST(sigma(schedule, 0) == 0);
  for (double t : {0.01, 0.2, 0.5, 0.77, 0.99}) {
    const double h = 1e-6;
    double slope = (schedule.phi(t + h) - schedule.phi(t - h)) / (2 * h);
    BOOST_TEST(std::abs(schedule.phi_rate(t) - slope) < 1e-6 * (1 + std::abs(slope)));
    BOOST_TEST(std::abs(time_of(schedule, schedule.phi(t)) - t) < 1e-12);
    BOOST_TEST(std::abs(alpha(schedule, t) * alpha(schedule, t) + sigma(schedule, t) * sigma(schedule, t) - 1) < 1e-15);
    double lambda_slope = (logsnr(schedule, t + h) - logsnr(schedule, t - h)) / (2 * h), a = alpha(schedule, t);
    BOOST_TEST(std::abs(evidence_weight(schedule, t) + 0.5 * a * a * lambda_slope) < 1e-5 * (1 + std::abs(lambda_slope)));
    double alpha_slope = (alpha(schedule, t + h) - alpha(schedule, t - h)) / (2 * h);
    BOOST_TEST(std::abs(beta(schedule, t) + 2 * alpha_slope / a) < 1e-5 * (1 + beta(schedule, t)));
  }
}
} // namespace

BOOST_AUTO_TEST_SUITE(schedules)

BOOST_AUTO_TEST_CASE(golden_tan_schedules) {
  auto file = Safetensors::open(PLEAT_TEST_DATA "/golden/lsd/diffusion.safetensors");
  check_tan(file, TanSchedule<TanOptions{.d = 1}>{}, "1");
  check_tan(file, CosineSchedule{}, "1");
  check_tan(file, TanSchedule<TanOptions{.d = 3}>{}, "3");
  check_tan(file, TanSchedule<>{}, "10");
}

BOOST_AUTO_TEST_CASE(golden_logsnr_and_beta) {
  auto file = Safetensors::open(PLEAT_TEST_DATA "/golden/lsd/diffusion.safetensors");
  auto t = file.read<double>("conv.t"), lambda = file.read<double>("conv.logsnr"), rate = file.read<double>("conv.beta");
  for (std::size_t i = 0; i < t.size(); ++i) {
    BOOST_TEST(std::abs(logsnr(CosineSchedule{}, t[i]) - lambda[i]) < 1e-10 * (1 + std::abs(lambda[i])));
    BOOST_TEST(std::abs(beta(CosineSchedule{}, t[i]) - rate[i]) < 1e-10 * (1 + std::abs(rate[i])));
  }
}

BOOST_AUTO_TEST_CASE(rates_inverses_and_identities) {
  check_schedule(CosineSchedule{}, pure_noise_angle);
  check_schedule(TanSchedule<>{}, pure_noise_angle);
  check_schedule(TanSchedule<TanOptions{.d = 0.3}>{}, pure_noise_angle);
  check_schedule(Sigmoid{}, 1.2);
}

BOOST_AUTO_TEST_CASE(both_ends_are_exact) {
  BOOST_TEST(alpha(CosineSchedule{}, 1) == 0);
  BOOST_TEST(sigma(CosineSchedule{}, 1) == 1);
  BOOST_TEST(alpha(TanSchedule<>{}, 1) == 0);
  BOOST_TEST(sigma(TanSchedule<>{}, 1) == 1);
  BOOST_TEST(logsnr(TanSchedule<>{}, 0) == std::numeric_limits<double>::infinity());
}

BOOST_AUTO_TEST_CASE(times_outside_are_refused) {
  require_time(0), require_time(1);
  for (double t : {-0.01, 1.0001, std::nan("")})
    BOOST_CHECK_EXCEPTION(require_time(t), Error,
                          [](const Error& e) { return std::string(e.what()).find("outside [0, 1]") != std::string::npos; });
}

BOOST_AUTO_TEST_SUITE_END()
