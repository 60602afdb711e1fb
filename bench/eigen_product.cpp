// Compile with -O3 -march=native -fopenmp, whatever the rest is compiled with.
#include <Eigen/Core>

#include <algorithm>
#include <chrono>

#include "eigen_product.hpp"

double eigen_seconds(Form form, int threads, long m, long n, long k, int repeats) {
  using Matrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  Eigen::setNbThreads(threads);
  Matrix x = Matrix::Random(m, k), w = Matrix::Random(n, k), y = x * w.transpose(), dx = x, dw = w;
  double best = 1e30;
  for (int i = 0; i < repeats; ++i) {
    const auto start = std::chrono::steady_clock::now();
    if (form == Form::Forward)
      y.noalias() = x * w.transpose();
    else if (form == Form::InputGradient)
      dx.noalias() = y * w;
    else
      dw.noalias() = y.transpose() * x;
    best = std::min(best, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  return best;
}
