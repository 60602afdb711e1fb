#include <cmath>
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>
#include <diffusion/gaussian.hpp>
#include <pleat/core/philox.hpp>
#include <pleat/diffusion/parameterisations.hpp>
#include <pleat/diffusion/samplers.hpp>
#include <pleat/io/safetensors.hpp>

using namespace pleat;

namespace {
struct Golden {
  Safetensors file = Safetensors::open(PLEAT_TEST_DATA "/golden/lsd/diffusion.safetensors");
  Gaussian data{file.read<double>("gaussian.mean"), file.read<double>("gaussian.cov")};
  std::vector<double> start = file.read<double>("gaussian.z_start");

  template <class Solver, class S> std::vector<double> run(const S& schedule, SamplerOptions options) const {
    auto z = start;
    integrate<Solver, double>(schedule, options, z, [&](std::span<const double> at, double t, std::span<double> v) {
      data.velocity<double>(noise_level(schedule, t), at, v);
    });
    return z;
  }
  template <class Solver> void check(const std::string& name) const {
    for (int steps : {5, 10, 20, 50}) {
      auto expected = file.read<double>("gaussian." + name + std::to_string(steps) + ".end");
      auto z = run<Solver>(CosineSchedule{}, {.steps = steps});
      for (std::size_t i = 0; i < z.size(); ++i) BOOST_TEST(std::abs(z[i] - expected[i]) < 1e-10);
    }
  }
};

double distance(const std::vector<double>& a, const std::vector<double>& b) {
  double worst = 0;
  for (std::size_t i = 0; i < a.size(); ++i)
    worst = std::abs(a[i] - b[i]) <= worst ? worst : std::isnan(a[i] - b[i]) ? INFINITY : std::abs(a[i] - b[i]);
  return worst;
}
} // namespace

BOOST_AUTO_TEST_SUITE(samplers)

BOOST_FIXTURE_TEST_CASE(golden_velocity_and_score_of_a_gaussian, Golden) {
  auto z = file.read<double>("gaussian.z_query");
  for (const char* t : {"0.05", "0.3", "0.5", "0.9", "1.0"}) {
    NoiseLevel at = noise_level(CosineSchedule{}, std::stod(t));
    std::vector<double> v(z.size());
    data.velocity<double>(at, z, v);
    auto expected = file.read<double>(std::string("gaussian.v_at_t") + t);
    BOOST_TEST(distance(v, expected) < 1e-10);
    if (at.alpha == 0) continue;
    auto score = file.read<double>(std::string("gaussian.score_at_t") + t);
    auto c = combination<PredictV>(Reading::Score, at);
    for (std::size_t i = 0; i < z.size(); ++i) BOOST_TEST(std::abs(c.network * v[i] + c.input * z[i] - score[i]) < 1e-10);
  }
}

BOOST_FIXTURE_TEST_CASE(golden_ends, Golden) {
  check<Ddim>("ddim");
  check<Euler>("euler");
  check<Heun>("heun");
  check<Midpoint>("midpoint");
}

BOOST_FIXTURE_TEST_CASE(golden_trajectory, Golden) {
  auto trajectory = file.read<double>("gaussian.ddim10.trajectory"); // (11, 5, 3), from the start
  auto z = start;
  int seen = 0;
  integrate<Ddim, double>(
      CosineSchedule{}, {.steps = 10}, z,
      [&](std::span<const double> at, double t, std::span<double> v) {
        data.velocity<double>(noise_level(CosineSchedule{}, t), at, v);
      },
      [&](int step, double t, std::span<double> state) {
        BOOST_TEST(step == ++seen);
        BOOST_TEST(std::abs(t - (1 - step / 10.0)) < 1e-15);
        for (std::size_t i = 0; i < state.size(); ++i)
          BOOST_TEST(std::abs(state[i] - trajectory[static_cast<std::size_t>(step) * state.size() + i]) < 1e-10);
      });
  BOOST_TEST(seen == 10);
}

BOOST_FIXTURE_TEST_CASE(golden_single_rotation, Golden) {
  auto t = file.read<double>("conv.t"), z = file.read<double>("conv.z"), v = file.read<double>("conv.vhat");
  const std::size_t row = z.size() / t.size();
  for (auto [delta, name] : {std::pair(0.02, "ddim.single_step.delta0.02"), std::pair(0.01, "ddim.single_step.delta0.01")}) {
    auto expected = file.read<double>(name);
    for (std::size_t b = 0; b < t.size(); ++b) {
      std::vector<double> part(z.begin() + static_cast<std::ptrdiff_t>(b * row),
                               z.begin() + static_cast<std::ptrdiff_t>((b + 1) * row));
      integrate<Ddim, double>(CosineSchedule{}, {.steps = 1, .t_start = t[b], .t_end = t[b] - delta}, part,
                              [&](std::span<const double>, double, std::span<double> out) {
                                std::copy_n(v.begin() + static_cast<std::ptrdiff_t>(b * row), row, out.begin());
                              });
      for (std::size_t i = 0; i < row; ++i) BOOST_TEST(std::abs(part[i] - expected[b * row + i]) < 1e-10);
    }
  }
}

BOOST_FIXTURE_TEST_CASE(all_schedules_reach_the_exact_flow, Golden) {
  auto exact = file.read<double>("gaussian.exact_end");
  BOOST_TEST(distance(run<Midpoint>(CosineSchedule{}, {.steps = 2000}), exact) < 1e-5);
  BOOST_TEST(distance(run<Midpoint>(TanSchedule<TanOptions{.d = 3}>{}, {.steps = 2000}), exact) < 1e-4);
  BOOST_TEST(distance(run<Heun>(TanSchedule<TanOptions{.d = 3}>{}, {.steps = 2000}), exact) < 1e-4);
  BOOST_TEST(distance(run<Ddim>(TanSchedule<TanOptions{.d = 3}>{}, {.steps = 4000}), exact) < 1e-2);
  // Orders of convergence: halving the step divides the error by 2, or by 4.
  double ddim =
      distance(run<Ddim>(CosineSchedule{}, {.steps = 200}), exact) / distance(run<Ddim>(CosineSchedule{}, {.steps = 400}), exact);
  double heun =
      distance(run<Heun>(CosineSchedule{}, {.steps = 200}), exact) / distance(run<Heun>(CosineSchedule{}, {.steps = 400}), exact);
  BOOST_TEST((ddim > 1.8 && ddim < 2.2));
  BOOST_TEST((heun > 3.6 && heun < 4.4));
}

BOOST_FIXTURE_TEST_CASE(encoding_is_undone_by_decoding, Golden) {
  auto z = start;
  auto velocity = [&](std::span<const double> at, double t, std::span<double> v) {
    data.velocity<double>(noise_level(CosineSchedule{}, t), at, v);
  };
  integrate<Midpoint, double>(CosineSchedule{}, {.steps = 1000, .t_start = 0, .t_end = 1}, z, velocity);
  BOOST_TEST(distance(z, start) > 1e-2);
  integrate<Midpoint, double>(CosineSchedule{}, {.steps = 1000}, z, velocity);
  BOOST_TEST(distance(z, start) < 1e-4);
}

BOOST_AUTO_TEST_CASE(standard_normal_data_do_not_move) {
  Gaussian unit{{0, 0}, {1, 0, 0, 1}};
  std::vector<float> z = {0.3f, -1.2f, 2.0f, 0.1f}, start = z;
  integrate<Ddim, float>(TanSchedule<>{}, {.steps = 7}, std::span<float>(z),
                         [&](std::span<const float> at, double t, std::span<float> v) {
                           unit.velocity<float>(noise_level(TanSchedule<>{}, t), at, v);
                           for (float x : v) BOOST_TEST(std::abs(x) < 1e-6f); // v measures what is not Gaussian
                         });
  // With v = 0 DDIM shrinks by cos of each step, and only Euler stands still: the rotation is exact for the pair, not for z
  // alone.
  for (std::size_t i = 0; i < z.size(); ++i) BOOST_TEST((std::abs(z[i]) <= std::abs(start[i])));
  z = start;
  integrate<Euler, float>(TanSchedule<>{}, {.steps = 7}, std::span<float>(z),
                          [&](std::span<const float> at, double t, std::span<float> v) {
                            unit.velocity<float>(noise_level(TanSchedule<>{}, t), at, v);
                          });
  for (std::size_t i = 0; i < z.size(); ++i) BOOST_TEST(std::abs(z[i] - start[i]) < 1e-5f);
}

BOOST_AUTO_TEST_CASE(bad_options_are_refused) {
  std::vector<double> z(3);
  auto still = [](std::span<const double>, double, std::span<double> v) { std::fill(v.begin(), v.end(), 0.0); };
  BOOST_CHECK_THROW((integrate<Ddim, double>(CosineSchedule{}, {.steps = 0}, z, still)), Error);
  BOOST_CHECK_THROW((integrate<Ddim, double>(CosineSchedule{}, {.steps = 5, .t_start = 1.2}, z, still)), Error);
  BOOST_CHECK_THROW((integrate<Ddim, double>(CosineSchedule{}, {.steps = 5, .t_end = -0.1}, z, still)), Error);
}

BOOST_AUTO_TEST_SUITE_END()
