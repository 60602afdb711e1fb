#include <boost/test/unit_test.hpp>

#include <cmath>
#include <limits>
#include <random>

#include <pleat/backend/cpu/simd/lanes.hpp>

#define PLEAT_BODY "backend/lanes_body.inl"
#include <pleat/backend/cpu/simd/for_each_level.inl>

#include "levels.hpp"

using pleat::Index;

BOOST_AUTO_TEST_SUITE(lanes)

template <class T> void check_all() {
  std::mt19937 random(7);
  std::uniform_real_distribution<T> draw(-50, 50);
  for (int repeat = 0; repeat < 50; ++repeat) {
    T a[16], b[16], c[16], n[16], out[15 * 16];
    for (int i = 0; i < 16; ++i) {
      a[i] = draw(random), b[i] = draw(random), c[i] = draw(random), n[i] = std::nearbyint(draw(random));
      if (i % 5 == 0) a[i] = std::nearbyint(a[i]) + T(0.5); // ties
    }
    PLEAT_AT_LEVEL(lanes_all<T>(a, b, c, n, out));
    for (int i = 0; i < 16; ++i) {
      const T expected[15] = {a[i] + b[i],
                              a[i] - b[i],
                              a[i] * b[i],
                              a[i] / b[i],
                              -a[i],
                              std::fma(a[i], b[i], c[i]),
                              std::fmax(a[i], b[i]),
                              std::fmin(a[i], b[i]),
                              std::fabs(a[i]),
                              std::sqrt(std::fabs(a[i])),
                              std::nearbyint(a[i]),
                              a[i] < b[i] ? T(1) : T(2),
                              a[i],
                              std::copysign(a[i], b[i]),
                              std::ldexp(a[i], int(n[i]))};
      for (int r = 0; r < 15; ++r) {
        const T bound = r == 5 ? (std::fabs(a[i] * b[i]) + std::fabs(c[i])) * std::numeric_limits<T>::epsilon() : T(0);
        BOOST_TEST_INFO("result " << r << " lane " << i);
        BOOST_CHECK_LE(std::fabs(out[r * 16 + i] - expected[r]), bound);
      }
    }
  }
}

template <class T> void check_first() {
  const Index size = PLEAT_AT_LEVEL(lanes_size<T>(T{}));
  BOOST_CHECK_EQUAL(16 % size, 0);
  for (Index n = 0; n <= size + 1; ++n) {
    std::vector<T> a(static_cast<std::size_t>(n)); // exactly n: a sanitizer sees any read beyond
    T sum = 0, most = 0;
    for (Index i = 0; i < n; ++i) a[std::size_t(i)] = T(i + 1);
    for (Index i = 0; i < n && i < size; ++i) sum += T(i + 1), most = T(i + 1);
    T out[32], reduced[2];
    for (T& x : out) x = -7;
    PLEAT_AT_LEVEL(lanes_first<T>(a.data(), n, out, reduced));
    for (Index i = 0; i < size; ++i) {
      BOOST_CHECK_EQUAL(out[i], i < n ? T(i + 1) : T(0));
      BOOST_CHECK_EQUAL(out[16 + i], i < n ? T(i + 2) : T(-7));
    }
    BOOST_CHECK_EQUAL(reduced[0], sum);
    BOOST_CHECK_EQUAL(reduced[1], most);
  }
}

BOOST_AUTO_TEST_CASE(every_operation_at_every_level) {
  at_each_level([](const char* name) {
    BOOST_TEST_CONTEXT("level " << name) {
      check_all<float>();
      check_all<double>();
      check_first<float>();
      check_first<double>();
    }
  });
}

BOOST_AUTO_TEST_CASE(not_a_number_wins_on_the_right) {
  at_each_level([](const char* name) {
    BOOST_TEST_CONTEXT("level " << name) {
      float a[16], b[16], c[16] = {}, n[16] = {}, out[15 * 16];
      for (int i = 0; i < 16; ++i) a[i] = 1, b[i] = NAN;
      PLEAT_AT_LEVEL(lanes_all<float>(a, b, c, n, out));
      BOOST_CHECK(std::isnan(out[96]) && std::isnan(out[112]));
    }
  });
}

BOOST_AUTO_TEST_CASE(level_from_the_environment) {
  using pleat::simd::Level;
  BOOST_CHECK(pleat::simd::parse_level(nullptr) == pleat::simd::highest_level());
  BOOST_CHECK(pleat::simd::parse_level("portable") == Level::Portable);
  BOOST_CHECK_EXCEPTION(pleat::simd::parse_level("sse9"), pleat::Error, [](const pleat::Error& e) {
    return std::string(e.what()).find("portable, avx2 or avx512") != std::string::npos;
  });
  if (pleat::simd::highest_level() < Level::Avx512) BOOST_CHECK_THROW(pleat::simd::parse_level("avx512"), pleat::Error);
}

BOOST_AUTO_TEST_SUITE_END()
