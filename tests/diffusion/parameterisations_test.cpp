#include <cmath>
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>
#include <pleat/diffusion/parameterisations.hpp>
#include <pleat/io/safetensors.hpp>

using namespace pleat;

// Known before anything runs.
static_assert(combination<PredictV>(Reading::V, NoiseLevel{0.6, 0.8}).network == 1);
static_assert(!combination<PredictV>(Reading::Score, NoiseLevel{1, 0}));
static_assert(combination<ScaledV>(Reading::Score, NoiseLevel{1, 0}));
static_assert(!combination<PredictV>(Reading::Encoder, NoiseLevel{0.6, 0.8}));

namespace {
constexpr Reading from_output[] = {Reading::V,         Reading::EpsHat, Reading::Eq8Literal,
                                   Reading::TanScaled, Reading::Score,  Reading::Denoised};

struct OnlyVelocity { // a user's own, the least it may provide: everything else goes through v. Predicts -v.
  static constexpr const char* name = "minus_v";
  static constexpr Combination velocity(NoiseLevel) { return {-1, 0}; }
  static constexpr TrainingTarget target(NoiseLevel at) { return {-1, -at.sigma, at.alpha, 1}; }
};
static_assert(Parameterisation<OnlyVelocity> && !Parameterisation<int>);

// The output an exact network gives when z_0 and eps are known.
template <class P> double exact_output(NoiseLevel at, double z0, double eps) {
  auto target = P::target(at);
  return (target.clean * z0 + target.noise * eps) / target.network;
}

template <class P> void check_readings(NoiseLevel at) {
  const double z0 = 0.7, eps = -1.3, z = at.alpha * z0 + at.sigma * eps, v = at.alpha * eps - at.sigma * z0;
  const double expected[] = {v, eps, v + at.sigma * z, v + at.sigma / at.alpha * z, -eps / at.sigma, z0};
  for (int i = 0; i < 6; ++i) {
    auto c = combination<P>(from_output[i], at);
    BOOST_TEST(bool(c));
    BOOST_TEST(std::abs(c.network * exact_output<P>(at, z0, eps) + c.input * z - expected[i]) <
               1e-12 * (1 + std::abs(expected[i])));
  }
  // The stated weight turns the loss on the target into the loss on v.
  auto target = P::target(at);
  auto velocity = P::velocity(at);
  double wrong = exact_output<P>(at, z0, eps) + 0.37, on_v = velocity.network * wrong + velocity.input * z - v;
  double on_target = target.network * wrong - (target.clean * z0 + target.noise * eps);
  BOOST_TEST(std::abs(target.velocity_weight * on_target * on_target - on_v * on_v) < 1e-12 * (1 + on_v * on_v));
}

bool says(const Error& e, const char* part) { return std::string(e.what()).find(part) != std::string::npos; }
} // namespace

BOOST_AUTO_TEST_SUITE(parameterisations)

BOOST_AUTO_TEST_CASE(golden_readings_of_v) {
  auto file = Safetensors::open(PLEAT_TEST_DATA "/golden/lsd/diffusion.safetensors");
  auto t = file.read<double>("conv.t"), z = file.read<double>("conv.z"), v = file.read<double>("conv.vhat");
  const std::pair<Reading, const char*> cases[] = {
      {Reading::Denoised, "conv.z0hat"},   {Reading::EpsHat, "conv.epshat"},         {Reading::Score, "conv.score"},
      {Reading::EpsHat, "conv.EpsHat"},    {Reading::Eq8Literal, "conv.Eq8Literal"}, {Reading::TanScaled, "conv.TanScaled"},
      {Reading::Denoised, "conv.Denoised"}};
  for (auto [reading, name] : cases) {
    auto expected = file.read<double>(name);
    const std::size_t per_row = expected.size() / t.size();
    for (std::size_t i = 0; i < expected.size(); ++i) {
      auto c = combination<PredictV>(reading, CosineSchedule{}, t[i / per_row]);
      BOOST_TEST(std::abs(c.network * v[i] + c.input * z[i] - expected[i]) < 1e-10 * (1 + std::abs(expected[i])));
    }
  }
}

BOOST_AUTO_TEST_CASE(golden_noising_and_velocity) {
  auto file = Safetensors::open(PLEAT_TEST_DATA "/golden/lsd/diffusion.safetensors");
  auto t = file.read<double>("t"), z0 = file.read<double>("z0"), eps = file.read<double>("eps");
  auto z = file.read<double>("z_t"), v = file.read<double>("v");
  for (std::size_t i = 0; i < z.size(); ++i) {
    NoiseLevel at = noise_level(CosineSchedule{}, t[i / (z.size() / t.size())]);
    auto target = PredictV::target(at);
    BOOST_TEST(std::abs(at.alpha * z0[i] + at.sigma * eps[i] - z[i]) < 1e-10);
    BOOST_TEST(std::abs(target.clean * z0[i] + target.noise * eps[i] - v[i]) < 1e-10);
  }
}

BOOST_AUTO_TEST_CASE(every_parameterisation_gives_the_same_readings) {
  for (double t : {0.001, 0.15, 0.5, 0.9, 0.999}) {
    for (NoiseLevel at : {noise_level(CosineSchedule{}, t), noise_level(TanSchedule<>{}, t)}) {
      check_readings<PredictV>(at);
      check_readings<PredictNoise>(at);
      check_readings<PredictClean>(at);
      check_readings<ScaledV>(at);
      check_readings<OnlyVelocity>(at);
    }
  }
}

BOOST_AUTO_TEST_CASE(eps_hat_is_minus_sigma_score) {
  for (double t : {0.1, 0.6}) {
    auto eps = combination<PredictV>(Reading::EpsHat, TanSchedule<>{}, t),
         score = combination<PredictV>(Reading::Score, TanSchedule<>{}, t);
    double s = sigma(TanSchedule<>{}, t);
    BOOST_TEST(std::abs(eps.network + s * score.network) < 1e-15);
    BOOST_TEST(std::abs(eps.input + s * score.input) < 1e-15);
  }
}

BOOST_AUTO_TEST_CASE(ends_of_the_family) {
  // t = 0: v itself, no z at all; t = 1: eps_hat is z. Both exact.
  auto zero = combination<PredictV>(Reading::EpsHat, CosineSchedule{}, 0),
       one = combination<PredictV>(Reading::EpsHat, CosineSchedule{}, 1);
  BOOST_TEST((zero.network == 1 && zero.input == 0));
  BOOST_TEST((one.network == 0 && one.input == 1));
  auto literal = combination<PredictV>(Reading::Eq8Literal, CosineSchedule{}, 1);
  BOOST_TEST((literal.network == 1 && literal.input == 1));
  auto score = combination<ScaledV>(Reading::Score, CosineSchedule{}, 0);
  BOOST_TEST((score.network == -1 && score.input == -1));
}

BOOST_AUTO_TEST_CASE(readings_that_divide_by_zero_are_refused_with_the_reason) {
  CosineSchedule s;
  BOOST_CHECK_EXCEPTION(combination<PredictV>(Reading::Score, s, 0), Error,
                        [](const Error& e) { return says(e, "sigma = 0 at t = 0"); });
  BOOST_CHECK_EXCEPTION(combination<PredictV>(Reading::TanScaled, s, 1), Error,
                        [](const Error& e) { return says(e, "alpha = 0"); });
  BOOST_CHECK_EXCEPTION(combination<PredictNoise>(Reading::V, s, 1), Error,
                        [](const Error& e) { return says(e, "PredictNoise"); });
  BOOST_CHECK_EXCEPTION(combination<PredictNoise>(Reading::Denoised, s, 1), Error,
                        [](const Error& e) { return says(e, "PredictNoise"); });
  BOOST_CHECK_EXCEPTION(combination<PredictClean>(Reading::EpsHat, s, 0), Error,
                        [](const Error& e) { return says(e, "PredictClean"); });
  BOOST_CHECK_EXCEPTION(combination<PredictClean>(Reading::Score, s, 0), Error,
                        [](const Error& e) { return says(e, "PredictClean"); });
  BOOST_CHECK_EXCEPTION(combination<PredictV>(Reading::V, s, 1.5), Error,
                        [](const Error& e) { return says(e, "outside [0, 1]"); });
  BOOST_CHECK_EXCEPTION(combination<PredictV>(Reading::Hidden, s, 0.5), Error, [](const Error& e) { return says(e, "hidden"); });
  // ... and those that do not divide are there.
  BOOST_TEST(bool(combination<PredictNoise>(Reading::EpsHat, s, 1)));
  BOOST_TEST(bool(combination<PredictClean>(Reading::Denoised, s, 0)));
  BOOST_TEST(
      (PredictNoise::target(NoiseLevel{0, 1}).refusal != nullptr && PredictClean::target(NoiseLevel{1, 0}).refusal != nullptr));
}

BOOST_AUTO_TEST_SUITE_END()
