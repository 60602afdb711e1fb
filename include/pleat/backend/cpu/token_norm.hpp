#pragma once
/// \file  Token norm on the CPU.

#include <cmath>

#include <pleat/backend/cpu/group_moments.hpp>
#include <pleat/backend/cpu/rows_of.hpp>
#include <pleat/ops/token_norm.hpp>

#define PLEAT_BODY <pleat/backend/cpu/body/token_norm.inl>
#include <pleat/backend/cpu/simd/for_each_level.inl>

namespace pleat::inline v0_1 {

template <> struct kernel<token_norm_op, Cpu> {
  template <class T> static void forward(const Cpu& cpu, const token_norm_op::Forward<T>& a) {
    const Index stride = stride_of(a.width);
    const double* batch_variance = a.moments != nullptr ? a.moments + residue_types * stride : nullptr;
    if (a.moments != nullptr)
      cpu::group_moments(cpu, a.z, a.tokens, a.rows, a.width, residue_types, a.moments, a.moments + residue_types * stride,
                         a.counts);
    for (Index c = 0; c < stride; ++c) {
      double mixture_mean = 0, mixture_square = 0;
      for (Index g = 0; g < residue_types; ++g) {
        const Index i = g * stride + c;
        const auto running_mean = static_cast<double>(a.running_mean[i]),
                   running_variance = static_cast<double>(a.running_variance[i]);
        mixture_mean += running_mean / residue_types;
        mixture_square += (running_variance + running_mean * running_mean) / residue_types;
        double mean = running_mean, variance = running_variance;
        if (a.moments != nullptr) {
          const double n = a.counts[g], total = n + a.options.kappa, m = a.moments[i], v = batch_variance[i];
          if (n > 0) { // the blend of first and second moments, written without cancellation
            const double share = n / total, d = m - running_mean;
            mean = running_mean + share * d;
            variance = share * v + (1 - share) * running_variance + share * (1 - share) * d * d;
          }
          const double momentum = n >= 2 ? a.options.momentum : 0.0;
          a.fresh_mean[i] = static_cast<T>((1 - momentum) * running_mean + momentum * m);
          a.fresh_variance[i] = static_cast<T>((1 - momentum) * running_variance + momentum * v);
        }
        put(a, i, mean, variance, c);
      }
      put(a, residue_types * stride + c, mixture_mean, mixture_square - mixture_mean * mixture_mean, c);
    }
    cpu.parallel_for(cpu::tasks_of(a.rows), [&](Index task) {
      PLEAT_AT_LEVEL(token_norm_forward<T>(a, cpu::first_row(task), cpu::last_row(task, a.rows)));
    });
  }
  template <class T> static void backward(const Cpu& cpu, const token_norm_op::Backward<T>& a) {
    cpu.parallel_for(stride_of(a.width) / 16, [&](Index block) { PLEAT_AT_LEVEL(token_norm_backward<T>(a, 16 * block)); });
  }

private:
  template <class T> static void put(const token_norm_op::Forward<T>& a, Index i, double mean, double variance, Index channel) {
    a.mean[i] = channel < a.width ? static_cast<T>(mean) : T(0);
    a.scale[i] = channel < a.width ? static_cast<T>(1 / std::sqrt((variance > 0 ? variance : 0) + a.options.epsilon)) : T(0);
  }
};

} // namespace pleat::inline v0_1
