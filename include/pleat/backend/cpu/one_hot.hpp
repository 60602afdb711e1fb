#pragma once
/// \file  One-hot features on the CPU.

#include <algorithm>

#include <pleat/backend/cpu/device.hpp>
#include <pleat/ops/one_hot.hpp>

namespace pleat::inline v0_1 {

template <> struct kernel<one_hot_op, Cpu> {
  template <class T> static void forward(const Cpu& cpu, const one_hot_op::Forward<T>& a) {
    const Index stride = stride_of(a.width), each = 1024;
    cpu.parallel_for((a.rows + each - 1) / each, [&](Index task) {
      for (Index r = task * each; r < (std::min)(a.rows, (task + 1) * each); ++r) {
        T* to = a.y + r * stride;
        std::fill(to, to + stride, T(0));
        for (Index k = 0; k < a.hot; ++k)
          if (a.columns[r * a.hot + k] >= 0) to[a.columns[r * a.hot + k]] = T(1);
        if (a.last != nullptr) to[a.width - 1] = a.last[r * stride_of(1)];
      }
    });
  }
  template <class T> static void backward(const Cpu& cpu, const one_hot_op::Backward<T>& a) {
    const Index stride = stride_of(a.width), each = 4096;
    cpu.parallel_for((a.rows + each - 1) / each, [&](Index task) {
      for (Index r = task * each; r < (std::min)(a.rows, (task + 1) * each); ++r) {
        T* to = a.dlast + r * stride_of(1);
        if (!a.accumulate) std::fill(to, to + stride_of(1), T(0));
        to[0] += a.dy[r * stride + a.width - 1];
      }
    });
  }
};

} // namespace pleat::inline v0_1
