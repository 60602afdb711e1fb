#pragma once
/// \file  Table look-up on the CPU.

#include <cstring>

#include <pleat/backend/cpu/rows_of.hpp>
#include <pleat/backend/cpu/simd/lanes.hpp>
#include <pleat/ops/embedding.hpp>

#define PLEAT_BODY <pleat/backend/cpu/body/embedding.inl>
#include <pleat/backend/cpu/simd/for_each_level.inl>

namespace pleat::inline v0_1 {

template <> struct kernel<embedding_op, Cpu> {
  template <class T> static void forward(const Cpu& cpu, const embedding_op::Forward<T>& a) {
    const Index stride = stride_of(a.width);
    cpu.parallel_for(cpu::tasks_of(a.rows), [&](Index task) {
      for (Index r = cpu::first_row(task); r < cpu::last_row(task, a.rows); ++r)
        std::memcpy(a.y + r * stride, a.table + a.tokens[r] * stride, static_cast<std::size_t>(stride) * sizeof(T));
    });
  }
  template <class T> static void backward(const Cpu& cpu, const embedding_op::Backward<T>& a) {
    cpu.parallel_for(stride_of(a.width) / 16, [&](Index block) { PLEAT_AT_LEVEL(embedding_backward<T>(a, 16 * block)); });
  }
};

} // namespace pleat::inline v0_1
