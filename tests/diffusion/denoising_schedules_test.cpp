// Schedules of sequence and structure noise: published numbers, and the chain and the posterior behind them.

#include <boost/test/unit_test.hpp>

#include <cmath>

#include <pleat/diffusion/absorbing.hpp>
#include <pleat/diffusion/structure_noise.hpp>
#include <pleat/io/safetensors.hpp>

using namespace pleat;

namespace {

void check_stage(const std::string& stage, const SigmoidBeta& noise) {
  const auto file = Safetensors::open(std::string(PLEAT_TEST_DATA) + "/golden/siamdiff/schedules.safetensors");
  const auto read = [&](const std::string& name) { return file.read<double>(stage + "." + name); };
  const auto beta = read("beta"), abar = read("abar"), s = read("s"), mask = read("mask_rate"), s_float = read("s_float32");
  const auto draws = file.read<std::int64_t>(stage + ".K_float64"), residues = file.read<std::int64_t>("K_num_residues");
  const AbsorbingSchedule masking{noise.steps};
  BOOST_REQUIRE_EQUAL(Index(beta.size()), noise.steps);
  for (std::size_t t = 0; t < beta.size(); ++t) {
    const auto step = Index(t);
    BOOST_CHECK_CLOSE_FRACTION(noise.beta(step), beta[t], 1e-12);
    BOOST_CHECK_CLOSE_FRACTION(noise.signal(step), abar[t], 1e-12);
    BOOST_CHECK_CLOSE_FRACTION(noise.deviation(step), s[t], 1e-12);
    BOOST_CHECK_SMALL(noise.deviation(step) - s_float[t], 1e-4 * s.back());
    BOOST_CHECK_CLOSE_FRACTION(masking.rate(step), mask[t], 1e-12);
    for (std::size_t n = 0; n < residues.size(); ++n)
      BOOST_CHECK_EQUAL(masking.draws(Index(residues[n]), step), Index(draws[t * residues.size() + n]));
  }
}

} // namespace

BOOST_AUTO_TEST_SUITE(denoising_schedules)

BOOST_AUTO_TEST_CASE(published_stages) {
  check_stage("stage1", large_noise);
  check_stage("stage2", small_noise);
}

BOOST_AUTO_TEST_CASE(structure_noise_grows) {
  for (Index t = 1; t < large_noise.steps; ++t) {
    BOOST_CHECK_LT(large_noise.signal(t), large_noise.signal(t - 1));
    BOOST_CHECK_GT(large_noise.deviation(t), large_noise.deviation(t - 1));
  }
  // s^2 = (1 - abar) / abar: x~ scaled by sqrt(abar) has the variance 1 - abar of DDPM.
  for (Index t : {0, 10, 49, 99})
    BOOST_CHECK_CLOSE_FRACTION(large_noise.signal(t) * std::pow(large_noise.deviation(t), 2), 1 - large_noise.signal(t), 1e-9);
  BOOST_CHECK_CLOSE_FRACTION(SigmoidBeta({.begin = 0.2, .end = 0.2, .steps = 1}).deviation(0), std::sqrt(0.2 / 0.8), 1e-12);
}

BOOST_AUTO_TEST_CASE(the_chain_behind_the_mask_rate) {
  for (const AbsorbingSchedule s : {AbsorbingSchedule{100}, AbsorbingSchedule{5}, AbsorbingSchedule{7, 0.1, 0.6}}) {
    double shown = 1, unmasked = 0;
    BOOST_CHECK_EQUAL(s.rate(-1), 0.0);
    for (Index t = 0; t < s.steps; ++t) {
      shown *= 1 - s.step_rate(t);
      BOOST_CHECK_SMALL(shown - (1 - s.rate(t)), 1e-12);
      if (s.most == 1 && t > 0) BOOST_CHECK_CLOSE_FRACTION(s.step_rate(t), 1.0 / double(s.steps - t), 1e-9);
      const auto posterior = s.posterior(t);
      BOOST_CHECK_CLOSE_FRACTION(posterior.shown + posterior.masked, 1.0, 1e-15);
      BOOST_CHECK_GT(posterior.shown, 0.0);
      BOOST_CHECK_EQUAL(s.kl_weight(t), posterior.shown);
      unmasked += s.rate(t) * posterior.shown; // expected share of residues that step t of the reverse chain shows
    }
    BOOST_CHECK_CLOSE_FRACTION(unmasked, s.rate(s.steps - 1), 1e-12);
    BOOST_CHECK_CLOSE_FRACTION(s.posterior(0).shown, 1.0, 1e-15); // before the first step nothing is masked
    BOOST_CHECK_CLOSE_FRACTION(s.rate(s.steps - 1), s.most, 1e-15);
  }
  // KL of the two-point law (shown * q(s_0), masked) from (shown * p, masked), summed, is the weight times the cross-entropy.
  const AbsorbingSchedule s{100};
  const auto q = s.posterior(30);
  const double p[3] = {0.2, 0.5, 0.3};
  double kl = q.masked * std::log(q.masked / q.masked);
  kl += q.shown * std::log(q.shown / (q.shown * p[1])); // s_0 is class 1
  BOOST_CHECK_CLOSE_FRACTION(kl, s.kl_weight(30) * -std::log(p[1]), 1e-12);
}

BOOST_AUTO_TEST_CASE(numbers_of_draws) {
  const AbsorbingSchedule s{100};
  BOOST_CHECK_EQUAL(s.draws(0, 5), 0);
  BOOST_CHECK_EQUAL(s.draws(1, 0), 1);
  BOOST_CHECK_EQUAL(s.draws(3, 0), 1);
  BOOST_CHECK_EQUAL(s.draws(40, 99), 40);
}

BOOST_AUTO_TEST_CASE(steps_and_numbers_that_are_none) {
  BOOST_CHECK_THROW(large_noise.beta(100), Error);
  BOOST_CHECK_THROW(large_noise.deviation(-1), Error);
  BOOST_CHECK_THROW(AbsorbingSchedule{100}.rate(100), Error);
  BOOST_CHECK_THROW(AbsorbingSchedule{100}.posterior(-1), Error);
  BOOST_CHECK_THROW((AbsorbingSchedule{5, 0.9, 0.2}.rate(0)), Error);
  BOOST_CHECK_THROW((SigmoidBeta{.begin = 2, .end = 0.1, .steps = 5}.beta(0)), Error);
}

BOOST_AUTO_TEST_SUITE_END()
