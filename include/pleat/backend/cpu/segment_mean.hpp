#pragma once
/// \file  Sums and means over segments on the CPU: a segment is summed by one thread, in the order of its items.

#include <algorithm>

#include <pleat/backend/cpu/device.hpp>
#include <pleat/backend/cpu/simd/lanes.hpp>
#include <pleat/ops/segment_mean.hpp>

#define PLEAT_BODY <pleat/backend/cpu/body/segment_mean.inl>
#include <pleat/backend/cpu/simd/for_each_level.inl>

namespace pleat::inline v0_1 {

template <> struct kernel<segment_sum_op, Cpu> {
  template <class T> static void forward(const Cpu& cpu, const segment_sum_op::Forward<T>& a) {
    cpu.parallel_for((a.segments + each - 1) / each, [&](Index task) {
      PLEAT_AT_LEVEL(segment_sum_forward<T>(a, task * each, (std::min)(a.segments, (task + 1) * each)));
    });
  }
  template <class T> static void backward(const Cpu& cpu, const segment_sum_op::Backward<T>& a) {
    cpu.parallel_for((a.segments + each - 1) / each, [&](Index task) {
      PLEAT_AT_LEVEL(segment_sum_backward<T>(a, task * each, (std::min)(a.segments, (task + 1) * each)));
    });
  }

private:
  static constexpr Index each = 16; // segments of a task; a graph may be one segment
};

} // namespace pleat::inline v0_1
