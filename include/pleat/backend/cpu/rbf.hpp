#pragma once
/// \file  Radial basis functions on the CPU.

#include <pleat/backend/cpu/rows_of.hpp>
#include <pleat/backend/cpu/simd/math.hpp>
#include <pleat/ops/rbf.hpp>

#define PLEAT_BODY <pleat/backend/cpu/body/rbf.inl>
#include <pleat/backend/cpu/simd/for_each_level.inl>

namespace pleat::inline v0_1 {

template <> struct kernel<rbf_op, Cpu> {
  template <class T> static void forward(const Cpu& cpu, const rbf_op::Forward<T>& a) {
    cpu.parallel_for(cpu::tasks_of(a.rows),
                     [&](Index task) { PLEAT_AT_LEVEL(rbf_forward<T>(a, cpu::first_row(task), cpu::last_row(task, a.rows))); });
  }
  template <class T> static void backward(const Cpu& cpu, const rbf_op::Backward<T>& a) {
    cpu.parallel_for(cpu::tasks_of(a.rows),
                     [&](Index task) { PLEAT_AT_LEVEL(rbf_backward<T>(a, cpu::first_row(task), cpu::last_row(task, a.rows))); });
  }
};

} // namespace pleat::inline v0_1
