#pragma once
/// \file  Layer normalisation on the CPU.

#include <pleat/backend/cpu/rows_of.hpp>
#include <pleat/backend/cpu/simd/lanes.hpp>
#include <pleat/ops/layer_norm.hpp>

#define PLEAT_BODY <pleat/backend/cpu/body/layer_norm.inl>
#include <pleat/backend/cpu/simd/for_each_level.inl>

namespace pleat::inline v0_1 {

template <> struct kernel<layer_norm_op, Cpu> {
  template <class T> static void forward(const Cpu& cpu, const layer_norm_op::Forward<T>& a) {
    cpu.parallel_for(cpu::tasks_of(a.rows), [&](Index task) {
      PLEAT_AT_LEVEL(layer_norm_forward<T>(a, cpu::first_row(task), cpu::last_row(task, a.rows)));
    });
  }
  template <class T> static void backward(const Cpu& cpu, const layer_norm_op::Backward<T>& a) {
    if (a.dx != nullptr)
      cpu.parallel_for(cpu::tasks_of(a.rows), [&](Index task) {
        PLEAT_AT_LEVEL(layer_norm_input_gradient<T>(a, cpu::first_row(task), cpu::last_row(task, a.rows)));
      });
    if (a.dgain != nullptr || a.dbias != nullptr)
      cpu.parallel_for(stride_of(a.width) / 16, [&](Index block) {
        for (Index c = block * 16; c < block * 16 + 16; c += simd_lanes<T>()) PLEAT_AT_LEVEL(layer_norm_gain_gradient<T>(a, c));
      });
  }

private:
  template <class T> static Index simd_lanes() { return PLEAT_AT_LEVEL(Lanes<T>::size); }
};

} // namespace pleat::inline v0_1
