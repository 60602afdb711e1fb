#pragma once
/// \file  Sums of rows on the CPU.

#include <algorithm>

#include <pleat/backend/cpu/device.hpp>
#include <pleat/backend/cpu/simd/lanes.hpp>
#include <pleat/ops/add.hpp>

#define PLEAT_BODY <pleat/backend/cpu/body/add.inl>
#include <pleat/backend/cpu/simd/for_each_level.inl>

namespace pleat::inline v0_1 {

template <> struct kernel<add_op, Cpu> {
  template <class T> static void forward(const Cpu& cpu, const add_op::Forward<T>& a) {
    const Index chunk = 65536;
    cpu.parallel_for((a.elements + chunk - 1) / chunk, [&](Index task) {
      PLEAT_AT_LEVEL(add_forward<T>(a, task * chunk, (std::min)(a.elements, (task + 1) * chunk)));
    });
  }
};

} // namespace pleat::inline v0_1
