#pragma once
/// \file  Lengths of vector channels on the CPU.

#include <pleat/backend/cpu/rows_of.hpp>
#include <pleat/backend/cpu/simd/lanes.hpp>
#include <pleat/ops/vector_norm.hpp>

#define PLEAT_BODY <pleat/backend/cpu/body/vector_norm.inl>
#include <pleat/backend/cpu/simd/for_each_level.inl>

namespace pleat::inline v0_1 {

template <> struct kernel<vector_norm_op, Cpu> {
  template <class T> static void forward(const Cpu& cpu, const vector_norm_op::Forward<T>& a) {
    cpu.parallel_for(cpu::tasks_of(a.rows), [&](Index task) {
      PLEAT_AT_LEVEL(vector_norm_forward<T>(a, cpu::first_row(task), cpu::last_row(task, a.rows)));
    });
  }
  template <class T> static void backward(const Cpu& cpu, const vector_norm_op::Backward<T>& a) {
    cpu.parallel_for(cpu::tasks_of(a.rows), [&](Index task) {
      PLEAT_AT_LEVEL(vector_norm_backward<T>(a, cpu::first_row(task), cpu::last_row(task, a.rows)));
    });
  }
};

} // namespace pleat::inline v0_1
