#pragma once
/// \file  Means over listed rows on the CPU: a group is summed by one thread, in the order of its list; gradients add the groups
/// in order, each thread for channels of its own, so a row may be in several groups.

#include <algorithm>

#include <pleat/backend/cpu/rows_of.hpp>
#include <pleat/ops/group_mean.hpp>

namespace pleat::inline v0_1 {

template <> struct kernel<group_mean_op, Cpu> {
  template <class T> static void forward(const Cpu& cpu, const group_mean_op::Forward<T>& a) {
    each_group(cpu, a.groups, [&](Index g, Index from, Index to) {
      T* y = a.y + g * a.stride;
      std::fill(y, y + a.stride, T(0));
      for (Index k = from; k < to; ++k) {
        const T* x = a.x + a.groups.member[static_cast<std::size_t>(k)] * a.stride;
        for (Index i = 0; i < a.stride; ++i) y[i] += x[i];
      }
      if (to > from)
        for (Index i = 0; i < a.stride; ++i) y[i] /= T(to - from);
    });
  }
  template <class T> static void backward(const Cpu& cpu, const group_mean_op::Backward<T>& a) {
    constexpr Index slice = 64; // channels of a task
    if (!a.accumulate)
      cpu.parallel_for(cpu::tasks_of(a.rows), [&](Index task) {
        std::fill(a.dx + cpu::first_row(task) * a.stride, a.dx + cpu::last_row(task, a.rows) * a.stride, T(0));
      });
    cpu.parallel_for((a.stride + slice - 1) / slice, [&](Index task) {
      const Index first = task * slice, last = (std::min)(a.stride, first + slice);
      for (Index g = 0; g < a.groups.groups(); ++g) {
        const Index from = a.groups.begin[static_cast<std::size_t>(g)], to = a.groups.begin[static_cast<std::size_t>(g) + 1];
        const T* dy = a.dy + g * a.stride;
        for (Index k = from; k < to; ++k) {
          T* dx = a.dx + a.groups.member[static_cast<std::size_t>(k)] * a.stride;
          for (Index i = first; i < last; ++i) dx[i] += dy[i] / T(to - from);
        }
      }
    });
  }

private:
  template <class Body> static void each_group(const Cpu& cpu, const RowGroups& groups, const Body& body) {
    const Index count = groups.groups(), each = 64;
    cpu.parallel_for((count + each - 1) / each, [&](Index task) {
      for (Index g = task * each; g < (std::min)(count, (task + 1) * each); ++g)
        body(g, groups.begin[static_cast<std::size_t>(g)], groups.begin[static_cast<std::size_t>(g) + 1]);
    });
  }
};

} // namespace pleat::inline v0_1
