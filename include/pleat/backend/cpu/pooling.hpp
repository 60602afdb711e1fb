#pragma once
/// \file  Pooling on the CPU: one task per sequence.

#include <pleat/backend/cpu/device.hpp>
#include <pleat/backend/cpu/simd/lanes.hpp>
#include <pleat/ops/pooling.hpp>

#define PLEAT_BODY <pleat/backend/cpu/body/pooling.inl>
#include <pleat/backend/cpu/simd/for_each_level.inl>

namespace pleat::inline v0_1 {

template <> struct kernel<pooling_op, Cpu> {
  template <class T> static void forward(const Cpu& cpu, const pooling_op::Forward<T>& a) {
    cpu.parallel_for(a.segments.sequences(), [&](Index s) { PLEAT_AT_LEVEL(pooling_forward<T>(a, s)); });
  }
  template <class T> static void backward(const Cpu& cpu, const pooling_op::Backward<T>& a) {
    cpu.parallel_for(a.segments.sequences(), [&](Index s) { PLEAT_AT_LEVEL(pooling_backward<T>(a, s)); });
  }
};

} // namespace pleat::inline v0_1
