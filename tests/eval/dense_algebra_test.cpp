#include <cmath>
#include <vector>

#include <boost/test/unit_test.hpp>

#include <pleat/backend/cpu/dense_algebra.hpp>

using pleat::Index;

namespace {

// A fixed, badly ordered but harmless set of numbers.
template <class Real> std::vector<Real> numbers(Index count) {
  std::vector<Real> result;
  unsigned state = 12345;
  for (Index i = 0; i < count; ++i) {
    state = state * 1664525u + 1013904223u;
    result.push_back(static_cast<Real>(state >> 8) / static_cast<Real>(1 << 24) - Real(0.5));
  }
  return result;
}

template <class Real> std::vector<Real> positive_definite(const pleat::Cpu& cpu, Index n) {
  auto x = numbers<Real>(3 * n * n);
  std::vector<Real> a(static_cast<std::size_t>(n * n));
  pleat::gram(cpu, 3 * n, n, x.data(), a.data());
  return a;
}

} // namespace

BOOST_AUTO_TEST_SUITE(dense_algebra)

BOOST_AUTO_TEST_CASE(products_equal_plain_loops) {
  pleat::ThreadPool pool(1);
  pleat::Cpu cpu{&pool};
  Index m = 7, n = 5, k = 9;
  auto a = numbers<double>(m * k), b = numbers<double>(k * n);
  for (auto transposed : {pleat::Transposed::None, pleat::Transposed::Left, pleat::Transposed::Right}) {
    std::vector<double> out(static_cast<std::size_t>(m * n), 1.0);
    pleat::multiply(cpu, m, n, k, a.data(), b.data(), out.data(), transposed, true);
    for (Index i = 0; i < m; ++i)
      for (Index j = 0; j < n; ++j) {
        double sum = 1;
        for (Index l = 0; l < k; ++l) {
          double left = transposed == pleat::Transposed::Left ? a[static_cast<std::size_t>(l * m + i)]
                                                              : a[static_cast<std::size_t>(i * k + l)];
          double right = transposed == pleat::Transposed::Right ? b[static_cast<std::size_t>(j * k + l)]
                                                                : b[static_cast<std::size_t>(l * n + j)];
          sum += left * right;
        }
        BOOST_TEST(std::abs(out[static_cast<std::size_t>(i * n + j)] - sum) < 1e-13);
      }
  }
}

BOOST_AUTO_TEST_CASE(gram_is_the_same_on_any_number_of_threads) {
  pleat::ThreadPool one(1), three(3);
  Index rows = 61, width = 300;
  auto x = numbers<float>(rows * width);
  std::vector<float> a(static_cast<std::size_t>(width * width)), b(a.size());
  pleat::gram(pleat::Cpu{&one}, rows, width, x.data(), a.data());
  pleat::gram(pleat::Cpu{&three}, rows, width, x.data(), b.data());
  BOOST_TEST(a == b);
  double sum = 0;
  for (Index r = 0; r < rows; ++r)
    sum += static_cast<double>(x[static_cast<std::size_t>(r * width + 3)]) *
           static_cast<double>(x[static_cast<std::size_t>(r * width + 290)]);
  BOOST_TEST(std::abs(static_cast<double>(a[static_cast<std::size_t>(3 * width + 290)]) - sum) < 1e-5);
}

BOOST_AUTO_TEST_CASE(cholesky_and_solve) {
  pleat::ThreadPool pool(1);
  pleat::Cpu cpu{&pool};
  Index n = 33;
  auto size = static_cast<std::size_t>(n * n);
  auto a = positive_definite<double>(cpu, n);
  std::vector<double> factor(size), product(size);
  BOOST_TEST(pleat::cholesky(cpu, n, a.data(), factor.data()));
  pleat::multiply(cpu, n, n, n, factor.data(), factor.data(), product.data(), pleat::Transposed::Right);
  for (std::size_t i = 0; i < size; ++i) BOOST_TEST(std::abs(product[i] - a[i]) < 1e-12);
  BOOST_TEST(factor[1] == 0.0);

  auto truth = numbers<double>(n * 2);
  std::vector<double> right(truth.size());
  pleat::multiply(cpu, n, Index{2}, n, a.data(), truth.data(), right.data());
  BOOST_TEST(pleat::solve(cpu, n, Index{2}, a.data(), right.data(), right.data()));
  for (std::size_t i = 0; i < truth.size(); ++i) BOOST_TEST(std::abs(right[i] - truth[i]) < 1e-9);
}

BOOST_AUTO_TEST_CASE(an_indefinite_matrix_is_reported) {
  pleat::ThreadPool pool(1);
  pleat::Cpu cpu{&pool};
  std::vector<double> a{1, 2, 2, 1}, factor(4), b{1, 1};
  BOOST_TEST(!pleat::cholesky(cpu, 2, a.data(), factor.data()));
  BOOST_TEST(!pleat::solve(cpu, 2, 1, a.data(), b.data(), b.data()));
  a[0] = std::nan("");
  BOOST_TEST(!pleat::symmetric_eigen(cpu, 2, a.data(), b.data(), factor.data()));
}

BOOST_AUTO_TEST_CASE(eigenpairs_of_a_known_matrix_and_of_a_large_one) {
  pleat::ThreadPool pool(1);
  pleat::Cpu cpu{&pool};
  std::vector<double> a{2, 1, 1, 2}, values(2), vectors(4);
  BOOST_TEST(pleat::symmetric_eigen(cpu, 2, a.data(), values.data(), vectors.data()));
  BOOST_TEST(std::abs(values[0] - 3) < 1e-14);
  BOOST_TEST(std::abs(values[1] - 1) < 1e-14);
  BOOST_TEST(std::abs(vectors[0] - std::sqrt(0.5)) < 1e-14);
  BOOST_TEST(std::abs(vectors[1] - std::sqrt(0.5)) < 1e-14);

  Index n = 40;
  auto b = positive_definite<float>(cpu, n);
  std::vector<float> w(static_cast<std::size_t>(n)), v(static_cast<std::size_t>(n * n));
  BOOST_TEST(pleat::symmetric_eigen(cpu, n, b.data(), w.data(), v.data()));
  for (Index i = 0; i < n; ++i) {
    if (i > 0) BOOST_TEST(w[static_cast<std::size_t>(i)] <= w[static_cast<std::size_t>(i - 1)]);
    for (Index r = 0; r < n; ++r) {
      double sum = 0;
      for (Index j = 0; j < n; ++j)
        sum += static_cast<double>(b[static_cast<std::size_t>(r * n + j)]) *
               static_cast<double>(v[static_cast<std::size_t>(i * n + j)]);
      double wanted =
          static_cast<double>(w[static_cast<std::size_t>(i)]) * static_cast<double>(v[static_cast<std::size_t>(i * n + r)]);
      BOOST_TEST(std::abs(sum - wanted) < 1e-3);
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
