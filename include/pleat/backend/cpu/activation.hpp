#pragma once
/// \file  Pointwise activations on the CPU.

#include <algorithm>

#include <pleat/backend/cpu/device.hpp>
#include <pleat/backend/cpu/simd/math.hpp>
#include <pleat/ops/activation.hpp>

#define PLEAT_BODY <pleat/backend/cpu/body/activation.inl>
#include <pleat/backend/cpu/simd/for_each_level.inl>

namespace pleat::inline v0_1 {

template <> struct kernel<activation_op, Cpu> {
  template <class T> static void forward(const Cpu& cpu, const activation_op::Forward<T>& a) {
    const Index chunk = 16384;
    cpu.parallel_for((a.elements + chunk - 1) / chunk, [&](Index task) {
      PLEAT_AT_LEVEL(activation_forward<T>(a, task * chunk, (std::min)(a.elements, (task + 1) * chunk)));
    });
  }
  template <class T> static void backward(const Cpu& cpu, const activation_op::Backward<T>& a) {
    const Index chunk = 16384;
    cpu.parallel_for((a.elements + chunk - 1) / chunk, [&](Index task) {
      PLEAT_AT_LEVEL(activation_backward<T>(a, task * chunk, (std::min)(a.elements, (task + 1) * chunk)));
    });
  }
};

} // namespace pleat::inline v0_1
