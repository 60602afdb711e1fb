#pragma once
/// \file  Sums of losses on the CPU.

#include <pleat/backend/cpu/device.hpp>
#include <pleat/ops/weighted_sum.hpp>

namespace pleat::inline v0_1 {

template <> struct kernel<weighted_sum_op, Cpu> {
  template <class T> static void forward(const Cpu&, const weighted_sum_op::Forward<T>& a) {
    double sum = 0;
    if (a.a != nullptr) sum += a.weight_a * static_cast<double>(a.a[0]);
    if (a.b != nullptr) sum += a.weight_b * static_cast<double>(a.b[0]);
    for (Index i = 0; i < stride_of(1); ++i) a.y[i] = T(0);
    a.y[0] = static_cast<T>(sum);
  }
  template <class T> static void backward(const Cpu&, const weighted_sum_op::Backward<T>& a) {
    for (Index i = 0; i < stride_of(1); ++i) {
      const T d = i == 0 ? static_cast<T>(a.weight * static_cast<double>(a.dy[0])) : T(0);
      a.dx[i] = a.accumulate ? a.dx[i] + d : d;
    }
  }
};

} // namespace pleat::inline v0_1
