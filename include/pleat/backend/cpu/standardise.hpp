#pragma once
/// \file  Standardisation on the CPU.

#include <pleat/backend/cpu/rows_of.hpp>
#include <pleat/backend/cpu/simd/lanes.hpp>
#include <pleat/ops/standardise.hpp>

#define PLEAT_BODY <pleat/backend/cpu/body/standardise.inl>
#include <pleat/backend/cpu/simd/for_each_level.inl>

namespace pleat::inline v0_1 {

template <> struct kernel<standardise_op, Cpu> {
  template <class T> static void forward(const Cpu& cpu, const standardise_op::Forward<T>& a) {
    cpu.parallel_for(cpu::tasks_of(a.rows), [&](Index task) {
      PLEAT_AT_LEVEL(standardise_rows<T>(a, cpu::first_row(task), cpu::last_row(task, a.rows)));
    });
  }
};

} // namespace pleat::inline v0_1
