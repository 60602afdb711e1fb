#pragma once
/// \file  Cross-entropy on the CPU.

#include <algorithm>

#include <pleat/backend/cpu/rows_of.hpp>
#include <pleat/backend/cpu/simd/lanes.hpp>
#include <pleat/backend/cpu/simd/math.hpp>
#include <pleat/ops/cross_entropy.hpp>

#define PLEAT_BODY <pleat/backend/cpu/body/cross_entropy.inl>
#include <pleat/backend/cpu/simd/for_each_level.inl>

namespace pleat::inline v0_1 {

template <> struct kernel<cross_entropy_op, Cpu> {
  template <class T> static void forward(const Cpu& cpu, const cross_entropy_op::Forward<T>& a) {
    cpu.parallel_for(cpu::tasks_of(a.rows), [&](Index task) {
      PLEAT_AT_LEVEL(cross_entropy_forward<T>(a, cpu::first_row(task), cpu::last_row(task, a.rows)));
    });
    // One pass over two numbers per row: chunks as everywhere, then the chunks in order.
    double loss = 0, weight = 0;
    for (Index begin = 0; begin < a.rows; begin += cpu::rows_of_task) {
      const Index end = (std::min)(begin + cpu::rows_of_task, a.rows);
      double chunk_loss = 0, chunk_weight = 0;
      for (Index r = begin; r < end; ++r) {
        const auto w = static_cast<double>(a.weights[r]);
        if (w == 0 || a.targets[r] >= a.classes) continue;
        chunk_loss += w * static_cast<double>(a.row_loss[r]), chunk_weight += w;
      }
      loss += chunk_loss, weight += chunk_weight;
    }
    const double over = a.reduction == Reduction::WeightedMean ? weight : static_cast<double>(a.rows);
    a.scale[0] = over == 0 ? 0.0 : 1.0 / over;
    for (Index i = 0; i < stride_of(1); ++i) a.loss[i] = T(0);
    a.loss[0] = over == 0 ? T(0) : static_cast<T>(loss * a.scale[0]);
  }
  template <class T> static void backward(const Cpu& cpu, const cross_entropy_op::Backward<T>& a) {
    cpu.parallel_for(cpu::tasks_of(a.rows), [&](Index task) {
      PLEAT_AT_LEVEL(cross_entropy_backward<T>(a, cpu::first_row(task), cpu::last_row(task, a.rows)));
    });
  }
};

} // namespace pleat::inline v0_1
