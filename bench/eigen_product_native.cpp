#include "eigen_product_native.hpp"

#include <algorithm>
#include <chrono>
#include <thread>
#include <vector>

// g++ 12 warns about the undefined vectors of its own AVX-512 header.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#endif

#if __has_include(<Eigen/Core>)
#include <Eigen/Core>
#define PLEAT_BENCH_EIGEN
#elif __has_include(<eigen3/Eigen/Core>)
#include <eigen3/Eigen/Core>
#define PLEAT_BENCH_EIGEN
#endif

#ifdef PLEAT_BENCH_EIGEN
double eigen_seconds(int threads, long m, long n, long k, int repeats) {
  using Matrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  const Matrix x = Matrix::Random(m, k), w = Matrix::Random(n, k);
  Matrix y = Matrix::Zero(m, n);
  double best = 1e30;
  for (int i = 0; i < repeats; ++i) {
    const auto start = std::chrono::steady_clock::now();
    auto part = [&](long t) {
      const long first = m * t / threads, rows = m * (t + 1) / threads - first;
      y.middleRows(first, rows).noalias() = x.middleRows(first, rows) * w.transpose();
    };
    std::vector<std::thread> others;
    for (int t = 1; t < threads; ++t) others.emplace_back(part, t);
    part(0);
    for (auto& other : others) other.join();
    best = std::min(best, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  return best;
}
#else
double eigen_seconds(int, long, long, long, int) { return 0; }
#endif
