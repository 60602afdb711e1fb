#pragma once
/// \file  The logistic function on the CPU.

#include <pleat/backend/cpu/rows_of.hpp>
#include <pleat/backend/cpu/simd/math.hpp>
#include <pleat/ops/sigmoid.hpp>

#define PLEAT_BODY <pleat/backend/cpu/body/sigmoid.inl>
#include <pleat/backend/cpu/simd/for_each_level.inl>

namespace pleat::inline v0_1 {

template <> struct kernel<sigmoid_op, Cpu> {
  template <class T> static void forward(const Cpu& cpu, const sigmoid_op::Forward<T>& a) {
    cpu.parallel_for(cpu::tasks_of(a.rows), [&](Index task) {
      PLEAT_AT_LEVEL(sigmoid_forward<T>(a, cpu::first_row(task), cpu::last_row(task, a.rows)));
    });
  }
  template <class T> static void backward(const Cpu& cpu, const sigmoid_op::Backward<T>& a) {
    cpu.parallel_for(cpu::tasks_of(a.rows), [&](Index task) {
      PLEAT_AT_LEVEL(sigmoid_backward<T>(a, cpu::first_row(task), cpu::last_row(task, a.rows)));
    });
  }
};

} // namespace pleat::inline v0_1
