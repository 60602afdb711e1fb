#include <boost/test/unit_test.hpp>

#include <cmath>
#include <limits>

#include <pleat/backend/cpu/simd/math.hpp>

#define PLEAT_BODY "backend/math_body.inl"
#include <pleat/backend/cpu/simd/for_each_level.inl>

#include "levels.hpp"

using pleat::Index;

BOOST_AUTO_TEST_SUITE(math)

constexpr double pi = 3.14159265358979323846;
double phi(double x) { return std::exp(-x * x / 2) / std::sqrt(2 * pi); }
double cumulative(double x) { return 0.5 * std::erfc(-x / std::sqrt(2.0)); }
double logistic(double x) { return 1 / (1 + std::exp(-x)); }

double reference(int which, double x) {
  switch (which) {
  case 0:
    return std::exp(x);
  case 1:
    return std::log(x);
  case 2:
    return std::erf(x);
  case 3:
    return std::tanh(x);
  case 4:
    return logistic(x);
  case 5:
    return x * cumulative(x);
  case 6:
    return cumulative(x) + x * phi(x);
  case 7:
    return x * logistic(x);
  case 8:
    return logistic(x) * (1 + x * (1 - logistic(x)));
  case 9:
    return std::sin(2 * pi * (x - std::nearbyint(x)));
  case 10:
    return std::cos(2 * pi * (x - std::nearbyint(x)));
  default:
    return x > 0 ? x : 0;
  }
}

double ulp(double y) {
  const float f = std::fabs(static_cast<float>(y));
  return std::max(double(std::nextafter(f, INFINITY)) - double(f), double(std::numeric_limits<float>::denorm_min()));
}

/// The bound that math.hpp states.
double bound(int which, double x, double y) {
  switch (which) {
  case 0:
    return 2 * ulp(y);
  case 1:
    return 3 * ulp(y);
  case 2:
    return std::fabs(x) < 1 ? 4 * ulp(y) : 2e-7;
  case 3:
  case 4:
    return 2e-7;
  case 5:
  case 7:
    return 3e-7 * (1 + std::fabs(x));
  case 6:
  case 8:
    return 5e-7;
  case 9:
  case 10:
    return 2e-7;
  default:
    return 0;
  }
}

const char* names[] = {"exp", "log", "erf", "tanh", "sigmoid", "gelu", "gelu'", "silu", "silu'", "sin", "cos", "relu"};

std::vector<float> dense(double low, double high, Index n) {
  std::vector<float> x;
  for (Index i = 0; i < n; ++i) x.push_back(static_cast<float>(low + (high - low) * double(i) / double(n - 1)));
  return x;
}

void check_dense(int which, const std::vector<float>& x) {
  std::vector<float> y(x.size());
  PLEAT_AT_LEVEL(math_apply<float>(which, x.data(), y.data(), Index(x.size())));
  double worst = 0, at = 0, error = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double expected = reference(which, x[i]), e = std::fabs(double(y[i]) - expected) / bound(which, x[i], expected);
    if (!(e <= worst)) worst = e, at = x[i], error = double(y[i]) - expected;
  }
  BOOST_TEST_MESSAGE(names[which] << ": " << worst << " of the bound, at " << at << ", error " << error);
  BOOST_TEST_INFO(names[which] << " at " << at << " error " << error);
  BOOST_CHECK_LE(worst, 1.0);
}

BOOST_AUTO_TEST_CASE(float_errors_over_dense_inputs) {
  at_each_level([](const char* name) {
    BOOST_TEST_CONTEXT("level " << name) {
      check_dense(0, dense(-87.3, 88.7, 1 << 18));
      check_dense(0, dense(-1, 1, 1 << 18));
      std::vector<float> scales;
      for (int e = -149; e < 128; ++e)
        for (int i = 0; i < 512; ++i) scales.push_back(std::ldexp(1.0f + float(i) / 512.0f, e));
      check_dense(1, scales);
      check_dense(1, dense(0.5, 2, 1 << 18));
      for (int which : {2, 3, 4, 5, 6, 7, 8}) {
        check_dense(which, dense(-6, 6, 1 << 18));
        check_dense(which, dense(-100, 100, 1 << 14));
        check_dense(which, dense(-1e-3, 1e-3, 1 << 12));
      }
      for (int which : {9, 10}) check_dense(which, dense(-2.5, 2.5, 1 << 18));
      check_dense(9, dense(-1000, 1000, 1 << 12));
    }
  });
}

BOOST_AUTO_TEST_CASE(extremes) {
  at_each_level([](const char* name) {
    BOOST_TEST_CONTEXT("level " << name) {
      const float inf = INFINITY;
      float x[16] = {0,      -0.0f,  inf,     -inf,   NAN,     89.5f, -104.5f, 3e38f,
                     -3e38f, 1e-45f, -1e-45f, 1e-30f, -1e-30f, 200,   -200,    88.73f};
      float y[16];
      auto apply = [&](int which) { PLEAT_AT_LEVEL(math_apply<float>(which, x, y, 16)); };
      for (int which = 0; which < 12; ++which) {
        apply(which);
        BOOST_TEST_INFO(names[which]);
        BOOST_CHECK(std::isnan(y[4]));
        if (which == 2 || which == 3 || which == 5 || which == 7 || which == 11)
          BOOST_CHECK(y[0] == 0 && y[1] == 0); // tails stay zero
      }
      apply(0);
      BOOST_CHECK(y[0] == 1 && y[2] == inf && y[3] == 0 && y[5] == inf && y[6] == 0 && y[7] == inf && y[8] == 0 && y[15] == inf);
      apply(1);
      BOOST_CHECK(y[0] == -inf && y[2] == inf && std::isnan(y[3]) && std::isnan(y[8]));
      for (int which : {2, 3}) {
        apply(which);
        BOOST_CHECK(y[2] == 1 && y[3] == -1 && y[7] == 1 && y[8] == -1);
      }
      apply(4);
      BOOST_CHECK(y[2] == 1 && y[3] == 0 && y[8] == 0 && y[0] == 0.5f);
      apply(5);
      BOOST_CHECK(y[2] == inf && std::fabs(y[3]) < 1e-30f && y[7] == 3e38f && std::fabs(y[8]) < 1e-30f);
      for (int which : {6, 8}) {
        apply(which);
        BOOST_CHECK(y[2] == 1 && std::fabs(y[3]) < 1e-30f && y[7] == 1 && std::fabs(y[8]) < 1e-30f &&
                    std::fabs(y[0] - 0.5f) < 1e-7f);
      }
    }
  });
}

BOOST_AUTO_TEST_CASE(doubles_agree_with_the_library) {
  at_each_level([](const char* name) {
    BOOST_TEST_CONTEXT("level " << name) {
      std::vector<double> x, y(4096);
      for (int i = 0; i < 4096; ++i) x.push_back(-12 + 24.0 * i / 4095);
      for (int which = 0; which < 12; ++which) {
        PLEAT_AT_LEVEL(math_apply<double>(which, x.data(), y.data(), 4096));
        for (std::size_t i = 0; i < x.size(); ++i) {
          if (which == 1 && x[i] < 0) continue;
          const double expected = reference(which, x[i]);
          BOOST_TEST_INFO(names[which] << " at " << x[i]);
          BOOST_REQUIRE_LE(std::fabs(y[i] - expected), 1e-13 * (1 + std::fabs(expected)));
        }
      }
    }
  });
}

BOOST_AUTO_TEST_SUITE_END()
