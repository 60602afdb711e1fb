// The Gaussian floor: its closed form against sampled latents, and against any other linear predictor.

#include <boost/test/unit_test.hpp>

#include <pleat/backend/cpu/dense_algebra.hpp>
#include <pleat/backend/cpu/device.hpp>
#include <pleat/core/philox.hpp>
#include <pleat/eval/gaussian_floor.hpp>

using namespace pleat;

namespace {
const std::vector<NoiseLevel> levels = [] {
  std::vector<NoiseLevel> all;
  for (const double t : {0.0, 0.05, 0.3, 0.5, 0.7, 0.95, 1.0}) all.push_back(noise_level(CosineSchedule{}, t));
  return all;
}();
} // namespace

BOOST_AUTO_TEST_SUITE(gaussian_floor)

BOOST_AUTO_TEST_CASE(known_values) {
  for (const NoiseLevel at : levels) {
    BOOST_TEST(std::abs(gaussian_v_loss(1.0, at) - 1) < 1e-12); // white latents: nothing to learn
    for (const double variance : {0.0, 0.2, 3.0}) {
      BOOST_TEST(std::abs(gaussian_v_loss(variance, variance, at) - gaussian_v_loss(variance, at)) < 1e-12);
      for (const double moment : {0.1, 1.0, 5.0}) // another predictor is no better than the best
        BOOST_TEST(gaussian_v_loss(variance, moment, at) >= gaussian_v_loss(moment, at) - 1e-12);
    }
  }
  BOOST_TEST(gaussian_v_loss(0.3, {1, 0}) == 1);
  BOOST_TEST(std::abs(gaussian_v_loss(0.3, {0, 1}) - 0.3) < 1e-15);
  BOOST_TEST(gaussian_v_loss(0.0, {0.6, 0.8}) == 0);
  BOOST_TEST(std::abs(gaussian_v_loss(2.0, {0.6, 0.8}) - 2 / 1.36) < 1e-12);
}

// Rows of a correlated Gaussian with a mean; the best linear map is found by its normal equations on samples of (z_t, v).
BOOST_AUTO_TEST_CASE(against_samples) {
  ThreadPool pool(2);
  const Cpu cpu{&pool};
  constexpr std::size_t width = 3, count = 40'000;
  Philox draws(17);
  std::vector<float> rows;
  for (std::size_t r = 0; r < count; ++r) {
    const double a = draws.normal(), b = draws.normal(), c = draws.normal();
    for (const double x : {0.5 + a, 0.8 * a + 0.6 * b - 0.2, 0.3 * c}) rows.push_back(static_cast<float>(x));
  }
  CovarianceSums sums(width), parts(width);
  sums.add(cpu, rows);
  for (std::size_t begin = 0; begin < rows.size(); begin += 3 * 12'345)
    parts.add(cpu, std::span(rows).subspan(begin, (std::min)(std::size_t{3 * 12'345}, rows.size() - begin)));
  BOOST_TEST(sums.count() == double(count));
  for (std::size_t i = 0; i < 9; ++i)
    BOOST_TEST(std::abs(sums.moments_about(sums.mean())[i] - parts.moments_about(sums.mean())[i]) < 1e-9);
  const GaussianFloor floor(cpu, sums);
  BOOST_TEST(std::abs(floor.variances()[0] - 1.8) < 0.05);
  BOOST_TEST(std::abs(floor.variances()[2] - 0.09) < 0.01);

  for (const NoiseLevel at : levels) {
    constexpr std::size_t inputs = width + 1; // and a constant
    std::vector<double> normal(inputs * inputs), right(inputs * width);
    double square = 0;
    for (std::size_t r = 0; r < count; ++r) {
      double x[inputs], v[width];
      x[width] = 1;
      for (std::size_t c = 0; c < width; ++c) {
        const double z = double(rows[r * width + c]), eps = draws.normal();
        x[c] = at.alpha * z + at.sigma * eps, v[c] = at.alpha * eps - at.sigma * z;
        square += v[c] * v[c];
      }
      for (std::size_t i = 0; i < inputs; ++i) {
        for (std::size_t j = 0; j < inputs; ++j) normal[i * inputs + j] += x[i] * x[j];
        for (std::size_t c = 0; c < width; ++c) right[i * width + c] += x[i] * v[c];
      }
    }
    std::vector<double> map(inputs * width);
    BOOST_REQUIRE(solve(cpu, Index(inputs), Index(width), normal.data(), right.data(), map.data()));
    double explained = 0;
    for (std::size_t i = 0; i < map.size(); ++i) explained += map[i] * right[i];
    const double found = (square - explained) / double(count * width);
    BOOST_TEST_CONTEXT("alpha " << at.alpha) { BOOST_TEST(std::abs(found - floor(at)) < 0.01); }
    BOOST_TEST(std::abs(floor(at, floor.moments_of(sums)) - floor(at)) < 1e-9);
  }
}

BOOST_AUTO_TEST_CASE(on_other_data) {
  ThreadPool pool(1);
  const Cpu cpu{&pool};
  CovarianceSums fit(2), other(2);
  fit.add(cpu, std::vector<float>{1, 0, -1, 0, 0, 2, 0, -2});   // variances 0.5 and 2
  other.add(cpu, std::vector<float>{3, 0, -3, 0, 0, 1, 0, -1}); // 4.5 and 0.5
  const GaussianFloor floor(cpu, fit);
  const NoiseLevel at{0.8, 0.6};
  BOOST_TEST(std::abs(floor(at) - (gaussian_v_loss(2, at) + gaussian_v_loss(0.5, at)) / 2) < 1e-12);
  BOOST_TEST(std::abs(floor(at, floor.moments_of(other)) - (gaussian_v_loss(2, 0.5, at) + gaussian_v_loss(0.5, 4.5, at)) / 2) <
             1e-12);
}

BOOST_AUTO_TEST_CASE(bad_input) {
  ThreadPool pool(1);
  const Cpu cpu{&pool};
  const auto says = [](const std::string& text) { return [text](const Error& e) { return e.what() == text; }; };
  CovarianceSums sums(2);
  BOOST_CHECK_EXCEPTION(sums.mean(), Error, says("a mean was asked for before any row was added; add rows first."));
  BOOST_CHECK_EXCEPTION(sums.add(cpu, std::vector<float>(3)), Error,
                        says("a covariance of width 2 got 3 numbers, which are no whole rows; give (rows, width)."));
  sums.add(cpu, std::vector<float>{1, 2, 3, 4});
  CovarianceSums wide(3);
  wide.add(cpu, std::vector<float>(6, 1.0f));
  BOOST_CHECK_EXCEPTION(GaussianFloor(cpu, sums).moments_of(wide), Error,
                        says("moments of width 3 were asked for about a centre of width 2; both must be of the same latents."));
  BOOST_CHECK_EXCEPTION(GaussianFloor(cpu, sums)({0.6, 0.8}, std::vector<double>(3)), Error,
                        says("a Gaussian of 2 channels got 3 moments; take them with moments_of."));
  sums.add(cpu, std::vector<float>{std::nanf(""), 0});
  BOOST_CHECK_EXCEPTION(GaussianFloor(cpu, sums), Error,
                        says("the covariance of the latents has no eigenvalues; they are not finite, train the encoder again."));
}

BOOST_AUTO_TEST_SUITE_END()
