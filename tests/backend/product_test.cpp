#include <boost/test/unit_test.hpp>

#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include <pleat/backend/cpu/product.hpp>

#include "levels.hpp"

using pleat::Activation;
using pleat::Cpu;
using pleat::Index;
using pleat::stride_of;
using pleat::ThreadPool;
using pleat::cpu::Epilogue;

BOOST_AUTO_TEST_SUITE(product)

/// Exactly as many elements as the shape says, so that a sanitizer sees every stray access; zero tails.
template <class T> std::vector<T> draw(std::mt19937& random, Index rows, Index width) {
  std::normal_distribution<double> normal;
  std::vector<T> m(static_cast<std::size_t>(rows * stride_of(width)));
  for (Index r = 0; r < rows; ++r)
    for (Index c = 0; c < width; ++c) m[std::size_t(r * stride_of(width) + c)] = T(normal(random));
  return m;
}

template <class T> bool same_bits(const std::vector<T>& a, const std::vector<T>& b) {
  return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0);
}

double activate(Activation a, double x) {
  switch (a) {
  case Activation::Gelu:
    return 0.5 * x * std::erfc(-x / std::sqrt(2.0));
  case Activation::Silu:
    return x / (1 + std::exp(-x));
  case Activation::Relu:
    return x > 0 ? x : 0;
  case Activation::Tanh:
    return std::tanh(x);
  default:
    return x;
  }
}

template <class T>
void check_against_plain(Cpu cpu, Index rows, Index n, Index k, Epilogue<T> epilogue, bool with_bias, bool with_residual,
                         bool with_pre) {
  std::mt19937 random(unsigned(rows + 31 * n + 977 * k));
  const Index ns = stride_of(n), ks = stride_of(k);
  const auto x = draw<T>(random, rows, k), w = draw<T>(random, n, k), bias = draw<T>(random, 1, n);
  const auto residual = draw<T>(random, rows, n), before = draw<T>(random, rows, n), dy = draw<T>(random, rows, n);
  auto y = before;
  std::vector<T> pre(y.size(), T(-9)), packed(std::size_t(pleat::cpu::packed_size(n, k)), std::numeric_limits<T>::quiet_NaN());
  pleat::cpu::pack(cpu, packed.data(), w.data(), n, k);
  if (with_bias) epilogue.bias = bias.data();
  if (with_residual) epilogue.residual = residual.data();
  if (with_pre) epilogue.pre_activation = pre.data();
  if (!epilogue.accumulate) std::fill(y.begin(), y.end(), T(7)); // tails must become zero
  pleat::cpu::multiply(cpu, y.data(), ns, x.data(), ks, packed.data(), rows, n, k, epilogue);
  const double epsilon = double(std::numeric_limits<T>::epsilon()),
               tolerance = epsilon * (8 + double(k)) * 4 + 4e-7 * (epsilon > 1e-10);
  double worst = 0;
  auto near = [&](T got, double expected, double size) {
    const double e = std::fabs(double(got) - expected) / (tolerance * (1 + size));
    if (!(e <= worst)) worst = std::isnan(e) ? INFINITY : e; // a NaN counts as the worst of all and stays
  };
  for (Index r = 0; r < rows; ++r)
    for (Index c = 0; c < ns; ++c) {
      const auto at = std::size_t(r * ns + c);
      if (c >= n) {
        BOOST_REQUIRE(y[at] == T(0) && (!with_pre || pre[at] == T(0)));
        continue;
      }
      double sum = 0, size = 0;
      for (Index i = 0; i < k; ++i) {
        const double term = double(x[std::size_t(r * ks + i)]) * double(w[std::size_t(c * ks + i)]);
        sum += term, size += std::fabs(term);
      }
      if (with_bias) sum += double(bias[std::size_t(c)]);
      if (with_pre) near(pre[at], sum, size);
      sum = activate(epilogue.activation, sum);
      if (with_residual) sum += double(residual[at]);
      if (epilogue.accumulate) sum += double(before[at]);
      near(y[at], sum, size);
    }
  BOOST_REQUIRE_LE(worst, 1.0);

  // dx = dy W
  std::vector<T> dx(std::size_t(rows * ks), T(5)),
      turned(std::size_t(pleat::cpu::packed_size(k, n)), std::numeric_limits<T>::quiet_NaN());
  pleat::cpu::pack_transposed(cpu, turned.data(), w.data(), n, k);
  pleat::cpu::multiply(cpu, dx.data(), ks, dy.data(), ns, turned.data(), rows, k, n, Epilogue<T>{});
  for (Index r = 0; r < rows; ++r)
    for (Index c = 0; c < ks; ++c) {
      double sum = 0, size = 0;
      for (Index i = 0; i < n && c < k; ++i) {
        const double term = double(dy[std::size_t(r * ns + i)]) * double(w[std::size_t(i * ks + c)]);
        sum += term, size += std::fabs(term);
      }
      if (c >= k) BOOST_REQUIRE(dx[std::size_t(r * ks + c)] == T(0));
      const double e = std::fabs(double(dx[std::size_t(r * ks + c)]) - sum) / (epsilon * (8 + double(n)) * (1 + size));
      BOOST_REQUIRE_LE(e, 1.0);
    }

  // dw = dy^T x and db = sum of dy
  for (bool accumulate : {false, true}) {
    auto dw = draw<T>(random, n, k), db = draw<T>(random, 1, n);
    const auto dw_before = dw, db_before = db;
    if (!accumulate) std::fill(dw.begin(), dw.end(), T(3)), std::fill(db.begin(), db.end(), T(3));
    pleat::cpu::multiply_rows_transposed(cpu, dw.data(), dy.data(), ns, x.data(), ks, rows, n, k, accumulate);
    pleat::cpu::sum_rows(cpu, db.data(), dy.data(), ns, rows, n, accumulate);
    for (Index o = 0; o < n; ++o)
      for (Index c = 0; c < ks; ++c) {
        double sum = accumulate ? double(dw_before[std::size_t(o * ks + c)]) : 0, size = 0;
        for (Index r = 0; r < rows && c < k; ++r) {
          const double term = double(dy[std::size_t(r * ns + o)]) * double(x[std::size_t(r * ks + c)]);
          sum += term, size += std::fabs(term);
        }
        if (c >= k) BOOST_REQUIRE(dw[std::size_t(o * ks + c)] == T(0));
        BOOST_REQUIRE_LE(std::fabs(double(dw[std::size_t(o * ks + c)]) - sum), epsilon * (8 + double(rows)) * (1 + size));
      }
    for (Index c = 0; c < ns; ++c) {
      double sum = accumulate && c < n ? double(db_before[std::size_t(c)]) : 0;
      for (Index r = 0; r < rows && c < n; ++r) sum += double(dy[std::size_t(r * ns + c)]);
      if (c >= n) BOOST_REQUIRE(db[std::size_t(c)] == T(0));
      BOOST_REQUIRE_LE(std::fabs(double(db[std::size_t(c)]) - sum), epsilon * (8 + double(rows)) * (1 + double(rows)));
    }
  }
}

template <class T> void check_shapes(Cpu cpu) {
  struct Case {
    Index rows, n, k;
  };
  for (Case s : {Case{0, 5, 7}, Case{1, 6, 7}, Case{13, 7, 6}, Case{29, 9, 20}, Case{31, 16, 16}, Case{27, 20, 33},
                 Case{26, 33, 9}, Case{15, 128, 20}, Case{3, 48, 128}, Case{300, 50, 21}, Case{513, 21, 40}, Case{100, 1, 1}}) {
    BOOST_TEST_INFO("rows " << s.rows << " n " << s.n << " k " << s.k);
    check_against_plain<T>(cpu, s.rows, s.n, s.k, {}, false, false, false);
    Epilogue<T> epilogue;
    for (Activation a : {Activation::None, Activation::Gelu, Activation::Silu, Activation::Relu, Activation::Tanh}) {
      epilogue.activation = a;
      check_against_plain<T>(cpu, s.rows, s.n, s.k, epilogue, true, a == Activation::Gelu, true);
    }
    epilogue.accumulate = true;
    check_against_plain<T>(cpu, s.rows, s.n, s.k, epilogue, true, true, true);
  }
}

BOOST_AUTO_TEST_CASE(agrees_with_plain_loops) {
  ThreadPool pool(2);
  at_each_level([&](const char* name) {
    BOOST_TEST_CONTEXT("level " << name) {
      check_shapes<float>(Cpu{&pool});
      check_shapes<double>(Cpu{&pool});
    }
  });
}

/// The bits of a row, of dw and of db must not change with threads, with the number of rows, or with the place of the row.
template <class T> void check_bits(Index rows, Index n, Index k) {
  std::mt19937 random(3);
  const Index ns = stride_of(n), ks = stride_of(k);
  const auto x = draw<T>(random, rows, k), w = draw<T>(random, n, k), bias = draw<T>(random, 1, n), dy = draw<T>(random, rows, n);
  std::vector<T> packed(std::size_t(pleat::cpu::packed_size(n, k))), y(std::size_t(rows * ns)), dw(w.size()), db(bias.size());
  Epilogue<T> epilogue;
  epilogue.bias = bias.data(), epilogue.activation = Activation::Gelu;
  for (int threads = 1; threads <= 4; ++threads) {
    BOOST_TEST_INFO("threads " << threads << " rows " << rows << " n " << n << " k " << k);
    ThreadPool pool(threads);
    const Cpu cpu{&pool};
    std::vector<T> p(packed.size()), y2(y.size(), T(1)), dw2(dw.size(), T(1)), db2(db.size(), T(1));
    pleat::cpu::pack(cpu, p.data(), w.data(), n, k);
    pleat::cpu::multiply(cpu, y2.data(), ns, x.data(), ks, p.data(), rows, n, k, epilogue);
    pleat::cpu::multiply_rows_transposed(cpu, dw2.data(), dy.data(), ns, x.data(), ks, rows, n, k, false);
    pleat::cpu::sum_rows(cpu, db2.data(), dy.data(), ns, rows, n, false);
    if (threads == 1) packed = p, y = y2, dw = dw2, db = db2;
    BOOST_REQUIRE(same_bits(packed, p) && same_bits(y, y2) && same_bits(dw, dw2) && same_bits(db, db2));
  }
  ThreadPool pool(2);
  const Cpu cpu{&pool};
  for (Index first : {Index(0), Index(1), Index(5), rows - 1})
    for (Index count : {Index(1), Index(2), Index(7), Index(12), Index(49), rows}) {
      if (first < 0 || first + count > rows) continue;
      std::vector<T> part(std::size_t(count * ns));
      Epilogue<T> e = epilogue;
      pleat::cpu::multiply(cpu, part.data(), ns, x.data() + first * ks, ks, packed.data(), count, n, k, e);
      BOOST_TEST_INFO("rows " << first << " + " << count << " n " << n << " k " << k);
      BOOST_REQUIRE(std::memcmp(part.data(), y.data() + first * ns, part.size() * sizeof(T)) == 0);
    }
}

BOOST_AUTO_TEST_CASE(same_bits_alone_in_a_batch_and_on_any_number_of_threads) {
  at_each_level([](const char* name) {
    BOOST_TEST_CONTEXT("level " << name) {
      check_bits<float>(1, 20, 33);
      check_bits<float>(70, 33, 20);
      check_bits<float>(131, 48, 1920);
      check_bits<float>(600, 128, 96);
      check_bits<float>(60, 64, 2560);
      check_bits<double>(131, 33, 128);
      check_bits<double>(600, 64, 40);
    }
  });
}

BOOST_AUTO_TEST_CASE(one_chain_in_increasing_order) {
  // The contract itself, where the hardware fuses: y = fma(x_k-1, w_k-1, … fma(x_0, w_0, 0)).
  ThreadPool pool(1);
  at_each_level([&](const char* name) {
    if (std::string(name) == "portable") return;
    BOOST_TEST_CONTEXT("level " << name) {
      std::mt19937 random(5);
      const Index rows = 17, n = 50, k = 300;
      const auto x = draw<float>(random, rows, k), w = draw<float>(random, n, k);
      std::vector<float> packed(std::size_t(pleat::cpu::packed_size(n, k))), y(std::size_t(rows * stride_of(n)));
      pleat::cpu::pack(Cpu{&pool}, packed.data(), w.data(), n, k);
      pleat::cpu::multiply(Cpu{&pool}, y.data(), stride_of(n), x.data(), stride_of(k), packed.data(), rows, n, k,
                           Epilogue<float>{});
      for (Index r = 0; r < rows; ++r)
        for (Index c = 0; c < n; ++c) {
          float sum = 0;
          for (Index i = 0; i < k; ++i)
            sum = std::fma(x[std::size_t(r * stride_of(k) + i)], w[std::size_t(c * stride_of(k) + i)], sum);
          BOOST_REQUIRE_EQUAL(sum, y[std::size_t(r * stride_of(n) + c)]);
        }
    }
  });
}

BOOST_AUTO_TEST_SUITE_END()
