#pragma once
/// \file  Normalisation losses on the CPU.

#include <algorithm>
#include <cmath>

#include <pleat/backend/cpu/dense_algebra.hpp>
#include <pleat/backend/cpu/group_moments.hpp>
#include <pleat/backend/cpu/rows_of.hpp>
#include <pleat/ops/normalisation_loss.hpp>

#define PLEAT_BODY <pleat/backend/cpu/body/normalisation_loss.inl>
#include <pleat/backend/cpu/simd/for_each_level.inl>

namespace pleat::inline v0_1 {

template <> struct kernel<univariate_kl_op, Cpu> {
  template <class T> static void forward(const Cpu& cpu, const univariate_kl_op::Forward<T>& a) {
    const Index stride = stride_of(a.width);
    const double *mean = a.moments, *variance = a.moments + a.groups * stride;
    cpu::group_moments(cpu, a.z, a.tokens, a.rows, a.width, a.groups, a.moments, a.moments + a.groups * stride, a.counts);
    double types = 0, residues = 0;
    for (Index g = 0; g < a.groups; ++g)
      if (a.counts[g] >= static_cast<double>(a.minimum_count)) types += 1, residues += a.counts[g];
    double loss = 0;
    for (Index g = 0; g < a.groups; ++g) {
      a.weights[g] = 0;
      if (a.counts[g] < static_cast<double>(a.minimum_count)) continue;
      a.weights[g] = (a.type_weights == TypeWeights::PerType ? 1 / types : a.counts[g] / residues) / static_cast<double>(a.width);
      double sum = 0;
      for (Index c = 0; c < a.width; ++c) {
        const double m = mean[g * stride + c], v = variance[g * stride + c];
        sum += m * m + v - 1 - std::log(v < a.variance_floor ? a.variance_floor : v);
      }
      loss += 0.5 * a.weights[g] * sum;
    }
    for (Index i = 0; i < stride_of(1); ++i) a.loss[i] = T(0);
    a.loss[0] = static_cast<T>(loss);
  }
  template <class T> static void backward(const Cpu& cpu, const univariate_kl_op::Backward<T>& a) {
    cpu.parallel_for(stride_of(a.width) / 16, [&](Index block) { PLEAT_AT_LEVEL(univariate_kl_gradient<T>(a, 16 * block)); });
  }
};

template <> struct kernel<multivariate_kl_op, Cpu> {
  template <class T> static void forward(const Cpu& cpu, const multivariate_kl_op::Forward<T>& a) {
    const Index width = a.width;
    for (Index i = 0; i < stride_of(1); ++i) a.loss[i] = T(0);
    double rows = 0;
    double* variance = a.moments + stride_of(width);
    cpu::group_moments(cpu, a.z, nullptr, a.rows, width, 1, a.moments, variance, &rows);
    if (a.rows < 2) return;
    std::fill(a.covariance, a.covariance + width * width, 0.0);
    for (Index begin = 0; begin < a.rows; begin += multivariate_kl_op::panel) {
      const Index count = (std::min)(multivariate_kl_op::panel, a.rows - begin);
      centre(cpu, a.z + begin * stride_of(width), a.moments, count, width, a.centred);
      gram(cpu, count, width, a.centred, a.product);
      for (Index i = 0; i < width * width; ++i) a.covariance[i] += a.product[i];
    }
    double loss = -static_cast<double>(width);
    for (Index i = 0; i < width * width; ++i) a.covariance[i] /= rows;
    for (Index c = 0; c < width; ++c) loss += a.moments[c] * a.moments[c] + a.covariance[c * width + c];
    for (Index c = 0; c < width; ++c) a.covariance[c * width + c] += a.delta;
    require(cholesky(cpu, width, a.covariance, a.product), "multivariate_kl: the covariance of ", a.rows, " rows of ", width,
            " channels is not positive definite; use more rows, a larger delta or the univariate form");
    for (Index c = 0; c < width; ++c) loss -= 2 * std::log(a.product[c * width + c]);
    a.loss[0] = static_cast<T>(0.5 * loss / static_cast<double>(width));
    if (a.precision == nullptr) return;
    std::fill(a.precision, a.precision + width * width, 0.0);
    for (Index c = 0; c < width; ++c) a.precision[c * width + c] = 1;
    solve(cpu, width, width, a.covariance, a.precision, a.precision);
  }
  // dz = dloss / (n D) (mu + d - P d), d = z - mu, P symmetric.
  template <class T> static void backward(const Cpu& cpu, const multivariate_kl_op::Backward<T>& a) {
    const Index width = a.width, stride = stride_of(width);
    if (a.rows < 2) {
      if (!a.accumulate) std::fill(a.dz, a.dz + a.rows * stride, T(0));
      return;
    }
    const double factor = static_cast<double>(a.dloss[0]) / (static_cast<double>(a.rows) * static_cast<double>(width));
    for (Index begin = 0; begin < a.rows; begin += multivariate_kl_op::panel) {
      const Index count = (std::min)(multivariate_kl_op::panel, a.rows - begin);
      centre(cpu, a.z + begin * stride, a.moments, count, width, a.centred);
      cpu.parallel_for(cpu::tasks_of(count), [&](Index task) {
        const Index first = cpu::first_row(task), last = cpu::last_row(task, count);
        multiply(cpu, last - first, width, width, a.centred + first * width, a.precision, a.mixed + first * width);
        for (Index r = first; r < last; ++r) {
          T* dz = a.dz + (begin + r) * stride;
          for (Index c = 0; c < width; ++c) {
            const T d = static_cast<T>(factor * (a.moments[c] + a.centred[r * width + c] - a.mixed[r * width + c]));
            dz[c] = a.accumulate ? dz[c] + d : d;
          }
          if (!a.accumulate) std::fill(dz + width, dz + stride, T(0));
        }
      });
    }
  }

private:
  template <class T> static void centre(const Cpu& cpu, const T* z, const double* mean, Index rows, Index width, double* centred) {
    cpu.parallel_for(cpu::tasks_of(rows), [&](Index task) {
      for (Index r = cpu::first_row(task); r < cpu::last_row(task, rows); ++r)
        for (Index c = 0; c < width; ++c) centred[r * width + c] = static_cast<double>(z[r * stride_of(width) + c]) - mean[c];
    });
  }
};

} // namespace pleat::inline v0_1
