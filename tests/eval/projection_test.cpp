#include <cmath>
#include <limits>
#include <vector>

#include <boost/test/unit_test.hpp>

#include <pleat/backend/cpu/dense_algebra.hpp>
#include <pleat/eval/bootstrap.hpp>
#include <pleat/eval/projection.hpp>

BOOST_AUTO_TEST_SUITE(projection)

BOOST_AUTO_TEST_CASE(a_stretched_cloud_lies_along_its_long_axis) {
  pleat::ThreadPool pool(1);
  pleat::Cpu cpu{&pool};
  // Along (0.6, 0.8, 0) with 10 times the spread of (-0.8, 0.6, 0); the third direction is constant.
  std::vector<float> x;
  std::vector<double> along;
  for (std::uint64_t i = 0; i < 500; ++i) {
    double a = 10 * (pleat::detail::counter_uniform(1, 1, i) - 0.5), b = pleat::detail::counter_uniform(1, 2, i) - 0.5;
    along.push_back(a);
    for (double v : {5 + 0.6 * a - 0.8 * b, 0.8 * a + 0.6 * b, 2.0}) x.push_back(static_cast<float>(v));
  }
  auto result = pleat::principal_components(cpu, x.data(), 500, 3);
  BOOST_TEST(std::abs(result.axes[0] - 0.6) < 0.02);
  BOOST_TEST(std::abs(result.axes[1] - 0.8) < 0.02);
  BOOST_TEST(std::abs(result.explained[0] - 100.0 / 101) < 0.005);
  BOOST_TEST(std::abs(result.explained[0] + result.explained[1] - 1) < 1e-6);
  double mean = 0;
  for (double a : along) mean += a / 500;
  for (std::size_t i = 0; i < 500; ++i) BOOST_TEST(std::abs(result.points[2 * i] - (along[i] - mean)) < 0.05);
}

BOOST_AUTO_TEST_CASE(degenerate_and_broken_clouds) {
  pleat::ThreadPool pool(1);
  pleat::Cpu cpu{&pool};
  std::vector<float> x(30, 1.5f);
  BOOST_TEST(pleat::principal_components(cpu, x.data(), 10, 3).explained[0] == 0.0);
  BOOST_CHECK_THROW(pleat::principal_components(cpu, x.data(), 1, 3), pleat::Error);
  BOOST_CHECK_THROW(pleat::principal_components(cpu, x.data(), 10, 3, 4), pleat::Error);
  x[4] = std::numeric_limits<float>::infinity();
  BOOST_CHECK_THROW(pleat::principal_components(cpu, x.data(), 10, 3), pleat::Error);
}

BOOST_AUTO_TEST_SUITE_END()
