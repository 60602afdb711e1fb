#pragma once
/// \file  Normalisation losses on the CPU.

#include <algorithm>
#include <cmath>

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

/// The dense algebra is written out (in double, on padded matrices) so that it needs no memory beyond the scratch of the pass.
template <> struct kernel<multivariate_kl_op, Cpu> {
  template <class T> static void forward(const Cpu& cpu, const multivariate_kl_op::Forward<T>& a) {
    const Index width = a.width, stride = stride_of(width);
    for (Index i = 0; i < stride_of(1); ++i) a.loss[i] = T(0);
    double rows = 0;
    double* variance = a.moments + stride;
    cpu::group_moments(cpu, a.z, nullptr, a.rows, width, 1, a.moments, variance, &rows);
    if (a.rows < 2) return;
    std::fill(a.factor, a.factor + stride * stride, 0.0);
    for (Index begin = 0; begin < a.rows; begin += multivariate_kl_op::panel) {
      const Index count = (std::min)(multivariate_kl_op::panel, a.rows - begin);
      centre(cpu, a.z + begin * stride, a.moments, count, width, a.centred);
      add_gram(cpu, count, stride, a.centred, a.factor);
    }
    for (Index i = 0; i < stride * stride; ++i) a.factor[i] /= rows;
    double loss = -static_cast<double>(width);
    for (Index c = 0; c < width; ++c) loss += a.moments[c] * a.moments[c] + variance[c], a.factor[c * stride + c] += a.delta;
    require(PLEAT_AT_LEVEL(cholesky_in_place(a.factor, width, stride)), "multivariate_kl: the covariance of ", a.rows,
            " rows of ", width, " channels is not positive definite; use more rows, a larger delta or the univariate form");
    for (Index c = 0; c < width; ++c) loss -= 2 * std::log(a.factor[c * stride + c]);
    a.loss[0] = static_cast<T>(0.5 * loss / static_cast<double>(width));
    if (a.precision == nullptr) return;
    std::fill(a.inverse, a.inverse + stride * stride, 0.0);
    std::fill(a.precision, a.precision + stride * stride, 0.0);
    PLEAT_AT_LEVEL(invert_lower(a.factor, a.inverse, width, stride));
    add_gram(cpu, width, stride, a.inverse, a.precision);
    for (Index i = 0; i < width; ++i)
      for (Index j = 0; j < i; ++j) a.precision[j * stride + i] = a.precision[i * stride + j];
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
      cpu.parallel_for((count + 3) / 4, [&](Index task) {
        const Index first = 4 * task, last = (std::min)(first + 4, count);
        std::fill(a.mixed + first * stride, a.mixed + (first + 4) * stride, 0.0);
        PLEAT_AT_LEVEL(add_product_of_four(a.centred + first * stride, 1, stride, a.precision, width, stride, stride,
                                           a.mixed + first * stride));
        for (Index r = first; r < last; ++r) {
          T* dz = a.dz + (begin + r) * stride;
          for (Index c = 0; c < stride; ++c) { // all three are zero in the tail
            const T d = static_cast<T>(factor * (a.moments[c] + a.centred[r * stride + c] - a.mixed[r * stride + c]));
            dz[c] = a.accumulate ? dz[c] + d : d;
          }
        }
      });
    }
  }

private:
  // A whole panel is written: rows beyond `rows` are zero, as tails are.
  template <class T>
  static void centre(const Cpu& cpu, const T* z, const double* mean, Index rows, Index width, double* centred) {
    const Index stride = stride_of(width);
    cpu.parallel_for(multivariate_kl_op::panel / 16, [&](Index task) {
      for (Index r = 16 * task; r < 16 * task + 16; ++r)
        for (Index c = 0; c < stride; ++c)
          centred[r * stride + c] = r < rows && c < width ? static_cast<double>(z[r * stride + c]) - mean[c] : 0.0;
    });
  }
  // out (stride, stride) += x^T x for x (rows, stride): the lower triangle (and some of the upper one).
  static void add_gram(const Cpu& cpu, Index rows, Index stride, const double* x, double* out) {
    cpu.parallel_for(stride / 4, [&](Index task) {
      PLEAT_AT_LEVEL(add_product_of_four(x + 4 * task, stride, 1, x, rows, 4 * task + 4, stride, out + 4 * task * stride));
    });
  }
};

} // namespace pleat::inline v0_1
