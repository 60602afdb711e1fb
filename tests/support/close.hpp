#pragma once
// Numbers that tests make up, and how numbers are compared. Nothing here needs a device.

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include <pleat/core/philox.hpp>

namespace contract {

using namespace pleat;

// Deterministic values, the same in float and double.
inline std::vector<double> values_of(Index n, std::uint64_t stream, double scale = 1.0) {
  std::vector<double> v(static_cast<std::size_t>(n));
  Philox draws(2024, stream);
  for (double& x : v) x = static_cast<double>(static_cast<float>(scale * draws.normal()));
  return v;
}

inline double dot(const std::vector<double>& a, const std::vector<double>& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

inline void check_close(const std::vector<double>& got, const std::vector<double>& expected, double tolerance,
                        const std::string& what) {
  BOOST_REQUIRE_EQUAL(got.size(), expected.size());
  double scale = 1e-30, worst = 0;
  for (double x : expected) scale = std::max(scale, std::abs(x));
  for (std::size_t i = 0; i < got.size(); ++i) {
    const double error = std::abs(got[i] - expected[i]);
    worst = std::isnan(error) ? INFINITY : std::max(worst, error);
  }
  BOOST_CHECK_MESSAGE(worst <= tolerance * std::max(scale, 1e-3), what << ": error " << worst << " on values up to " << scale);
}

// The same by the norm of the difference, for numbers whose errors are many and independent.
inline void check_error(const std::vector<double>& got, const std::vector<double>& expected, double tolerance,
                        const std::string& what) {
  BOOST_REQUIRE_EQUAL(got.size(), expected.size());
  double error = 0, scale = 0;
  for (std::size_t i = 0; i < got.size(); ++i)
    error += (got[i] - expected[i]) * (got[i] - expected[i]), scale += expected[i] * expected[i];
  BOOST_CHECK_MESSAGE(std::sqrt(error) <= tolerance * std::sqrt(scale), what << ": error " << std::sqrt(error / scale));
}

inline void check_same_bits(const std::vector<double>& a, const std::vector<double>& b, const std::string& what) {
  BOOST_REQUIRE_EQUAL(a.size(), b.size());
  if (a.empty()) return;
  BOOST_CHECK_MESSAGE(std::memcmp(a.data(), b.data(), a.size() * sizeof(double)) == 0, what << ": bits differ");
}

} // namespace contract
