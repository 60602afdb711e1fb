#pragma once
/// \file  Angle bins on the CPU: no arc tangent but next to a boundary between bins.

#include <cstring>

#include <pleat/backend/cpu/device.hpp>
#include <pleat/backend/cpu/simd/lanes.hpp>
#include <pleat/ops/angle_bins.hpp>

#define PLEAT_BODY <pleat/backend/cpu/body/angle_bins.inl>
#include <pleat/backend/cpu/simd/for_each_level.inl>

namespace pleat::inline v0_1 {

template <> struct kernel<angle_bins_op, Cpu> {
  template <class T> static void forward(const Cpu& cpu, const angle_bins_op::Forward<T>& a) {
    const Index nodes = a.graph.node_count(), each = 64;
    cpu.parallel_for((nodes + each - 1) / each, [&](Index task) {
      const Index begin = task * each, end = begin + each < nodes ? begin + each : nodes;
      PLEAT_AT_LEVEL(angle_bins_of<T>(a, begin, end));
    });
  }
};

} // namespace pleat::inline v0_1
