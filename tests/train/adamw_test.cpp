#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>
#include <pleat/backend/cpu/adamw.hpp>
#include <pleat/core/philox.hpp>
#include <pleat/io/safetensors.hpp>
#include <pleat/train/adamw.hpp>
#include <pleat/train/ema.hpp>
#include <pleat/train/lr_schedules.hpp>

using namespace pleat;

namespace {
// The three golden tensors in one flat buffer, with gaps of zeros between them as between the tensors of a model.
struct Golden {
  Safetensors file = Safetensors::open(PLEAT_TEST_DATA "/golden/lsd/optimiser.safetensors");
  static constexpr std::size_t offset[3] = {0, 16, 32}, total = 48;
  ThreadPool pool{1};
  Cpu cpu{&pool};

  template <class Real> std::vector<Real> flat(const std::string& before, const std::string& after, std::size_t step = 0) const {
    std::vector<Real> buffer(total);
    for (std::size_t i = 0; i < 3; ++i) {
      auto values = file.read<double>(before + std::to_string(i) + after);
      auto shape = file.shape("param" + std::to_string(i) + ".init");
      std::size_t size = 1;
      for (auto d : shape) size *= static_cast<std::size_t>(d);
      for (std::size_t k = 0; k < size; ++k) buffer[offset[i] + k] = static_cast<Real>(values[step * size + k]);
    }
    return buffer;
  }

  template <class Real, class Rate> void check(const std::string& name, AdamWOptions options, Rate rate, double tolerance) const {
    std::vector<DecayRange> ranges = {{32, 8, true}, {0, 12, true}, {16, 5, true}};
    AdamW<Real> optimiser(total, ranges, options);
    auto p = flat<Real>("param", ".init");
    auto norms = file.read<double>("adamw_clip1.grad_norm_before_clip");
    for (std::size_t k = 1; k <= 10; ++k) {
      auto g = flat<Real>("param", ".grad_step" + std::to_string(k));
      double norm = optimiser.step(cpu, std::span<Real>(p), std::span<const Real>(g), rate(static_cast<Index>(k)));
      BOOST_TEST(std::abs(norm - norms[k - 1]) < tolerance);
      auto expected = flat<Real>(name + ".param", ".after_each_step", k - 1);
      for (std::size_t i = 0; i < total; ++i) BOOST_TEST(std::abs(static_cast<double>(p[i] - expected[i])) < tolerance);
    }
    for (std::size_t i : {12u, 15u, 21u, 31u, 40u, 47u}) BOOST_TEST((p[i] == 0 && optimiser.first()[i] == 0)); // the gaps
  }
  template <class Real> void check_all(double tolerance) const {
    auto constant = [](Index) { return 1e-3; };
    check<Real>("adamw", {.clip = 0}, constant, tolerance);
    check<Real>("adam", {.decay = 0, .clip = 0}, constant, tolerance);
    check<Real>("adamw_clip1", {.clip = 1}, constant, tolerance);
    WarmUpCosine schedule{.peak = 1e-3, .warm_up = 3, .total = 10};
    check<Real>(
        "adamw_cosine_warmup", {.clip = 0}, [&](Index k) { return schedule.rate(k); }, tolerance);
  }
};

std::vector<float> noise(std::size_t size, std::uint64_t seed) {
  std::vector<float> x(size);
  normal_row<float>({seed, 0}, 0, 0, 0, x);
  return x;
}
} // namespace

BOOST_AUTO_TEST_SUITE(adamw_suite)

BOOST_FIXTURE_TEST_CASE(golden_steps_in_double, Golden) { check_all<double>(1e-10); }
BOOST_FIXTURE_TEST_CASE(golden_steps_in_float, Golden) { check_all<float>(2e-5); }

BOOST_FIXTURE_TEST_CASE(golden_average, Golden) {
  auto start = flat<double>("param", ".init"), expected = flat<double>("ema.param", "");
  Ema<double> average(start, {.decay = 0.9});
  for (std::size_t k = 0; k < 10; ++k) {
    auto p = flat<double>("adamw.param", ".after_each_step", k);
    average.update(cpu, p);
  }
  for (std::size_t i = 0; i < total; ++i) BOOST_TEST(std::abs(average.values()[i] - expected[i]) < 1e-10);
}

BOOST_FIXTURE_TEST_CASE(every_instruction_level_agrees_with_plain_loops, Golden) {
  const std::size_t size = 5003; // a tail at every width
  for (auto level : {simd::Level::Portable, simd::Level::Avx2, simd::Level::Avx512}) {
    if (level > simd::highest_level()) continue;
    const auto before = simd::level();
    simd::set_level(level);
    auto p = noise(size, 1), g = noise(size, 2);
    std::vector<double> plain(p.begin(), p.end()), m(size), v(size);
    AdamW<float> optimiser(static_cast<Index>(size), {{0, 1000, true}, {1000, 4003, false}}, {.decay = 0.3, .clip = 0});
    Ema<float> average(p, {.decay = 0.7});
    std::vector<double> plain_average(p.begin(), p.end());
    for (int k = 1; k <= 3; ++k) {
      optimiser.step(cpu, std::span<float>(p), std::span<const float>(g), 0.01);
      average.update(cpu, p);
      for (std::size_t i = 0; i < size; ++i) {
        const double gradient = static_cast<double>(g[i]);
        if (i < 1000) plain[i] *= 1 - 0.01 * 0.3;
        m[i] = 0.9 * m[i] + 0.1 * gradient, v[i] = 0.98 * v[i] + 0.02 * gradient * gradient;
        plain[i] -= 0.01 * (m[i] / (1 - std::pow(0.9, k))) / (std::sqrt(v[i] / (1 - std::pow(0.98, k))) + 1e-8);
        plain_average[i] = 0.7 * plain_average[i] + 0.3 * plain[i];
      }
    }
    double worst = 0, worst_average = 0;
    for (std::size_t i = 0; i < size; ++i) {
      BOOST_REQUIRE((std::isfinite(p[i]) && std::isfinite(average.values()[i]))); // max() would drop a NaN
      worst = (std::max)(worst, std::abs(static_cast<double>(p[i]) - plain[i]));
      worst_average = (std::max)(worst_average, std::abs(static_cast<double>(average.values()[i]) - plain_average[i]));
    }
    BOOST_TEST(worst < 2e-6, simd::level_name(level));
    BOOST_TEST(worst_average < 2e-6, simd::level_name(level));
    simd::set_level(before);
  }
}

// The average as part of the step is the average after it, also at a share of 1 and where the step is refused.
BOOST_FIXTURE_TEST_CASE(an_average_that_follows_has_the_same_bits, Golden) {
  const std::size_t size = 9001;
  for (const double decay : {0.7, 0.0}) {
    auto p = noise(size, 1), g = noise(size, 2), q = p;
    AdamW<float> apart(static_cast<Index>(size)), together(static_cast<Index>(size));
    Ema<float> after(p, {.decay = decay}), within(p, {.decay = decay});
    for (int k = 0; k < 3; ++k) {
      apart.step(cpu, std::span<float>(p), std::span<const float>(g), 0.01), after.update(cpu, p);
      together.step(cpu, std::span<float>(q), std::span<const float>(g), 0.01, within.follower()), within.finish();
    }
    BOOST_TEST((p == q));
    BOOST_TEST(std::equal(after.values().begin(), after.values().end(), within.values().begin()));
    g[17] = INFINITY;
    together.step(cpu, std::span<float>(q), std::span<const float>(g), 0.01, within.follower());
    BOOST_TEST(std::equal(after.values().begin(), after.values().end(), within.values().begin()));
  }
}

BOOST_AUTO_TEST_CASE(bits_do_not_depend_on_threads) {
  const std::size_t size = 70001;
  std::vector<float> first;
  double first_norm = 0;
  for (int threads : {1, 2, 3, 4}) {
    ThreadPool pool(threads);
    Cpu cpu{&pool};
    auto p = noise(size, 3), g = noise(size, 4);
    AdamW<float> optimiser(static_cast<Index>(size), {{0, 33333, true}, {33333, 36668, false}});
    double norm = 0;
    for (int k = 0; k < 3; ++k) norm = optimiser.step(cpu, std::span<float>(p), std::span<const float>(g), 0.01);
    if (threads == 1) first = p, first_norm = norm;
    BOOST_TEST(norm == first_norm);
    BOOST_TEST((p == first));
  }
}

BOOST_FIXTURE_TEST_CASE(untrained_ranges_are_left_alone, Golden) {
  std::vector<float> p(100, 1), g(100, 1);
  AdamW<float> optimiser(100, {{10, 5, true}, {15, 5, false}}, {.clip = 0});
  optimiser.step(cpu, std::span<float>(p), std::span<const float>(g), 0.1);
  for (std::size_t i = 0; i < 100; ++i) BOOST_TEST((i >= 10 && i < 20) == (p[i] != 1));
  BOOST_TEST(p[10] < p[15]); // only the first range decays
}

BOOST_FIXTURE_TEST_CASE(a_gradient_that_is_not_finite_changes_nothing, Golden) {
  std::vector<float> p(50, 1), g(50, 1);
  AdamW<float> optimiser(50);
  g[33] = std::numeric_limits<float>::infinity();
  double norm = optimiser.step(cpu, std::span<float>(p), std::span<const float>(g), 0.1);
  BOOST_TEST(!std::isfinite(norm));
  BOOST_TEST(optimiser.steps() == 0);
  for (float x : p) BOOST_TEST(x == 1);
}

BOOST_FIXTURE_TEST_CASE(restored_state_continues_bit_for_bit, Golden) {
  auto p = noise(500, 5), g = noise(500, 6);
  AdamW<float> a(500), b(500);
  Ema<float> average(p, {.warm_up = true}), other(p, {.warm_up = true});
  for (int k = 0; k < 3; ++k) a.step(cpu, std::span<float>(p), std::span<const float>(g), 0.01), average.update(cpu, p);
  b.restore(a.steps(), a.first(), a.second());
  other.restore(average.updates(), average.values());
  auto q = p;
  a.step(cpu, std::span<float>(p), std::span<const float>(g), 0.01), average.update(cpu, p);
  b.step(cpu, std::span<float>(q), std::span<const float>(g), 0.01), other.update(cpu, q);
  BOOST_TEST((p == q));
  BOOST_TEST(std::equal(average.values().begin(), average.values().end(), other.values().begin()));
  BOOST_CHECK_THROW(b.restore(1, a.first().subspan(1), a.second()), Error);
  BOOST_CHECK_THROW(other.restore(1, average.values().subspan(1)), Error);
}

BOOST_FIXTURE_TEST_CASE(bad_ranges_and_buffers_are_refused, Golden) {
  BOOST_CHECK_THROW((AdamW<float>(10, {{0, 5, true}, {4, 3, true}})), Error);
  BOOST_CHECK_THROW((AdamW<float>(10, {{8, 3, true}})), Error);
  AdamW<float> optimiser(10);
  std::vector<float> p(9), g(10);
  BOOST_CHECK_THROW(optimiser.step(cpu, std::span<float>(p), std::span<const float>(g), 0.1), Error);
  std::vector<float> nothing;
  AdamW<float> empty(0);
  BOOST_TEST(empty.step(cpu, std::span<float>(nothing), std::span<const float>(nothing), 0.1) == 0);
}

BOOST_AUTO_TEST_SUITE_END()
