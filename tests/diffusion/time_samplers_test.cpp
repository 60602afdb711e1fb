#include <cmath>
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>
#include <pleat/diffusion/time_samplers.hpp>

using namespace pleat;

namespace {
double rising(double x) { return 0.2 + x; }
double zero_somewhere(double x) { return x < 0.5 ? 0.0 : 1.0; }
double loss_at(double t) { return 1 + std::sin(3 * t) + t * t; } // integral over [0, 1] below
double mean_loss(double a) {                                     // mean over uniform t in [a, 1]
  return ((1 - a) + (std::cos(3 * a) - std::cos(3.0)) / 3 + (1 - a * a * a) / 3) / (1 - a);
}
static_assert(TimeSampler<UserDensity<rising>> && !TimeSampler<int>);

// E_q[weight f] = E_u[f] and E_q[weight] = 1 within five standard errors of independent batches; t stays inside.
template <class S> double check_unbiased(const S& sampler, std::size_t batch = 16) {
  const int batches = 4000;
  std::vector<TimeDraw> draws(batch);
  double sum = 0, squares = 0, weights = 0, weight_squares = 0;
  bool inside = true;
  for (int b = 0; b < batches; ++b) {
    sampler.draw({123, static_cast<std::uint64_t>(b)}, draws);
    double mean = 0, weight = 0;
    for (auto d : draws) {
      inside = inside && d.t >= 1e-3 && d.t <= 1 && d.weight > 0;
      mean += d.weight * loss_at(d.t) / static_cast<double>(batch), weight += d.weight / static_cast<double>(batch);
    }
    sum += mean, squares += mean * mean, weights += weight, weight_squares += weight * weight;
  }
  BOOST_TEST(inside);
  double mean = sum / batches, variance = squares / batches - mean * mean;
  double weight = weights / batches, weight_variance = (std::max)(weight_squares / batches - weight * weight, 1e-12);
  BOOST_TEST(std::abs(mean - mean_loss(1e-3)) < 5 * std::sqrt(variance / batches), S::name << ": mean " << mean);
  BOOST_TEST(std::abs(weight - 1) < 5 * std::sqrt(weight_variance / batches), S::name << ": weight " << weight);
  return variance;
}

template <class S> void warm_up(S& sampler, double (*loss)(double)) {
  for (int round = 0; round < 13; ++round)
    for (int b = 0; b < 32; ++b) {
      double t = 1e-3 + 0.999 * (b + 0.5) / 32, l = loss(t);
      sampler.observe({&t, 1}, {&l, 1});
    }
}
} // namespace

BOOST_AUTO_TEST_SUITE(time_samplers)

BOOST_AUTO_TEST_CASE(all_are_unbiased_and_strata_help) {
  double uniform = check_unbiased(Uniform<>{}), stratified = check_unbiased(Stratified<>{});
  BOOST_TEST(stratified < 0.05 * uniform);
  check_unbiased(LogitNormal<>{});
  check_unbiased(LogitNormal<LogitNormalOptions{.mean = -1, .deviation = 0.5}>{});
  check_unbiased(UserDensity<rising>{});
  LossSecondMoment<> second;
  ReducibleLoss<> reducible;
  check_unbiased(second);
  warm_up(second, loss_at), warm_up(reducible, [](double t) { return 1 - 0.5 * t * (1 - t); });
  check_unbiased(second);
  check_unbiased(reducible);
}

BOOST_AUTO_TEST_CASE(batches_of_one_are_unbiased_too) {
  check_unbiased(Stratified<>{}, 1);
  check_unbiased(UserDensity<rising>{}, 1);
}

BOOST_AUTO_TEST_CASE(known_losses_give_known_probabilities) {
  LossSecondMoment<> sampler;
  for (double m : sampler.density().mass) BOOST_TEST(std::abs(m - 1.0 / 32) < 1e-15); // uniform until warm
  double t = 0.5, l = 1e6;
  sampler.observe({&t, 1}, {&l, 1});
  for (double m : sampler.density().mass) BOOST_TEST(std::abs(m - 1.0 / 32) < 1e-15);
  warm_up(sampler, [](double) { return 0.7; });
  for (double m : sampler.density().mass) BOOST_TEST(std::abs(m - 1.0 / 32) < 1e-12); // constant loss: uniform
  warm_up(sampler, loss_at);
  double sum = 0;
  for (int b = 0; b < 32; ++b) sum += loss_at(1e-3 + 0.999 * (b + 0.5) / 32);
  auto density = sampler.density();
  for (int b = 0; b < 32; ++b) {
    double expected = 0.999 * loss_at(1e-3 + 0.999 * (b + 0.5) / 32) / sum + 1e-3 / 32;
    BOOST_TEST(std::abs(density.mass[static_cast<std::size_t>(b)] - expected) < 1e-12);
  }
}

BOOST_AUTO_TEST_CASE(reducible_loss_prefers_the_middle) {
  ReducibleLoss<> sampler;
  warm_up(sampler, [](double t) { return 1.02 - t * (1 - t); });
  auto density = sampler.density();
  BOOST_TEST(density.mass[16] > 2 * density.mass[0]);
  BOOST_TEST(std::abs(density.mass[0] - density.mass[31]) < 1e-3);
  warm_up(sampler, [](double) { return 5.0; }); // nothing learnt anywhere: uniform by the floor
  for (double m : sampler.density().mass) BOOST_TEST(std::abs(m - 1.0 / 32) < 1e-12);
}

BOOST_AUTO_TEST_CASE(state_round_trips_and_draws_are_pure) {
  LossSecondMoment<> a, b;
  warm_up(a, loss_at);
  std::vector<double> state(static_cast<std::size_t>(a.state_size));
  a.save(state);
  b.load(state);
  std::vector<TimeDraw> x(5), y(5);
  for (std::uint64_t step = 0; step < 20; ++step) {
    a.draw({1, step}, x), b.draw({1, step}, y);
    for (std::size_t i = 0; i < 5; ++i) {
      BOOST_TEST((x[i].t == y[i].t && x[i].weight == y[i].weight));
      double loss = loss_at(x[i].t) * static_cast<double>(step);
      a.observe({&x[i].t, 1}, {&loss, 1}), b.observe({&y[i].t, 1}, {&loss, 1});
    }
  }
  a.draw({1, 7}, x), a.draw({1, 8}, y);
  BOOST_TEST(x[0].t != y[0].t);
}

BOOST_AUTO_TEST_CASE(history_keeps_the_last_ten) {
  detail::LossHistory<1, 10> history;
  for (int i = 1; i <= 57; ++i) history.push(0.5, i);
  BOOST_TEST(std::abs(history.mean(0) - 52.5) < 1e-12); // 48 ... 57
}

BOOST_AUTO_TEST_CASE(bad_states_and_densities_are_refused) {
  LossSecondMoment<> sampler;
  std::vector<double> state(static_cast<std::size_t>(sampler.state_size));
  BOOST_CHECK_THROW(sampler.load({state.data(), 5}), Error);
  state[3] = std::nan("");
  BOOST_CHECK_THROW(sampler.load(state), Error);
  state[3] = 1, state[0] = -2;
  BOOST_CHECK_THROW(sampler.load(state), Error);
  BOOST_CHECK_THROW(UserDensity<zero_somewhere>{}, Error);
  double t = 0.5, nan = std::nan("");
  sampler.observe({&t, 1}, {&nan, 1}); // a diverged step must not poison the history
  sampler.save(state);
  for (double v : state) BOOST_TEST(v == 0);
}

BOOST_AUTO_TEST_SUITE_END()
