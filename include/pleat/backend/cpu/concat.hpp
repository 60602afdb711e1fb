#pragma once
/// \file  Blocks of columns on the CPU.

#include <algorithm>

#include <pleat/backend/cpu/rows_of.hpp>
#include <pleat/ops/concat.hpp>

namespace pleat::inline v0_1 {

template <> struct kernel<concat_op, Cpu> {
  template <class T> static void forward(const Cpu& cpu, const concat_op::Forward<T>& a) {
    const Index from = stride_of(a.width), to = stride_of(a.total);
    cpu.parallel_for(cpu::tasks_of(a.rows), [&](Index task) {
      for (Index r = cpu::first_row(task); r < cpu::last_row(task, a.rows); ++r) {
        std::copy_n(a.x + r * from, a.width, a.y + r * to + a.column);
        if (a.column + a.width == a.total) std::fill(a.y + r * to + a.total, a.y + (r + 1) * to, T(0));
      }
    });
  }
  template <class T> static void backward(const Cpu& cpu, const concat_op::Backward<T>& a) {
    const Index to = stride_of(a.width), from = stride_of(a.total);
    cpu.parallel_for(cpu::tasks_of(a.rows), [&](Index task) {
      for (Index r = cpu::first_row(task); r < cpu::last_row(task, a.rows); ++r) {
        const T* dy = a.dy + r * from + a.column;
        T* dx = a.dx + r * to;
        if (!a.accumulate) std::fill(dx, dx + to, T(0));
        for (Index c = 0; c < a.width; ++c) dx[c] += dy[c];
      }
    });
  }
};

} // namespace pleat::inline v0_1
