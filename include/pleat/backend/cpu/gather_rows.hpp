#pragma once
/// \file  Rows of nodes at edges on the CPU.

#include <pleat/backend/cpu/rows_of.hpp>
#include <pleat/backend/cpu/simd/lanes.hpp>
#include <pleat/ops/gather_rows.hpp>

#define PLEAT_BODY <pleat/backend/cpu/body/gather_rows.inl>
#include <pleat/backend/cpu/simd/for_each_level.inl>

namespace pleat::inline v0_1 {

template <> struct kernel<gather_rows_op, Cpu> {
  template <class T> static void forward(const Cpu& cpu, const gather_rows_op::Forward<T>& a) {
    cpu.parallel_for(cpu::tasks_of(a.edges), [&](Index task) {
      PLEAT_AT_LEVEL(gather_rows_forward<T>(a, cpu::first_row(task), cpu::last_row(task, a.edges)));
    });
  }
};

} // namespace pleat::inline v0_1
