#pragma once
/// \file  Modulated layer normalisation and gated residuals on the CPU.

#include <pleat/backend/cpu/layer_norm.hpp>
#include <pleat/backend/cpu/rows_of.hpp>
#include <pleat/ops/adaptive_norm.hpp>

#define PLEAT_BODY <pleat/backend/cpu/body/adaptive_norm.inl>
#include <pleat/backend/cpu/simd/for_each_level.inl>

namespace pleat::inline v0_1 {

template <> struct kernel<adaptive_norm_op, Cpu> {
  template <class T> static void forward(const Cpu& cpu, const adaptive_norm_op::Forward<T>& a) {
    const Index rows = a.segments.rows();
    cpu.parallel_for(cpu::tasks_of(rows), [&](Index task) {
      PLEAT_AT_LEVEL(adaptive_norm_forward<T>(a, cpu::first_row(task), cpu::last_row(task, rows)));
    });
  }
  template <class T> static void backward(const Cpu& cpu, const adaptive_norm_op::Backward<T>& a) {
    const Index rows = a.segments.rows();
    if (a.dx != nullptr)
      cpu.parallel_for(cpu::tasks_of(rows), [&](Index task) {
        PLEAT_AT_LEVEL(adaptive_norm_input_gradient<T>(a, cpu::first_row(task), cpu::last_row(task, rows)));
      });
    if (a.dshift != nullptr || a.dscale != nullptr) {
      const Index blocks = stride_of(a.width) / 16;
      cpu.parallel_for(a.segments.sequences() * blocks, [&](Index task) {
        PLEAT_AT_LEVEL(adaptive_norm_modulation_gradient<T>(a, task / blocks, task % blocks * 16));
      });
    }
  }
};

template <> struct kernel<gated_add_op, Cpu> {
  template <class T> static void forward(const Cpu& cpu, const gated_add_op::Forward<T>& a) {
    const Index rows = a.segments.rows();
    cpu.parallel_for(cpu::tasks_of(rows), [&](Index task) {
      PLEAT_AT_LEVEL(gated_add_forward<T>(a, cpu::first_row(task), cpu::last_row(task, rows)));
    });
  }
  template <class T> static void backward(const Cpu& cpu, const gated_add_op::Backward<T>& a) {
    const Index rows = a.segments.rows();
    if (a.dh != nullptr)
      cpu.parallel_for(cpu::tasks_of(rows), [&](Index task) {
        PLEAT_AT_LEVEL(gated_add_input_gradient<T>(a, cpu::first_row(task), cpu::last_row(task, rows)));
      });
    if (a.dgate != nullptr) {
      const Index blocks = stride_of(a.width) / 16;
      cpu.parallel_for(a.segments.sequences() * blocks,
                       [&](Index task) { PLEAT_AT_LEVEL(gated_add_gate_gradient<T>(a, task / blocks, task % blocks * 16)); });
    }
  }
};

} // namespace pleat::inline v0_1
