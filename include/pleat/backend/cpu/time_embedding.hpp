#pragma once
/// \file  Sinusoidal features on the CPU: in double by the C library, a row per sequence is little work.

#include <cmath>

#include <pleat/backend/cpu/device.hpp>
#include <pleat/ops/time_embedding.hpp>

namespace pleat::inline v0_1 {

template <> struct kernel<time_embedding_op, Cpu> {
  template <class T> static void forward(const Cpu& cpu, const time_embedding_op::Forward<T>& a) {
    const Index half = a.width / 2, stride = stride_of(a.width);
    const double step = -std::log(10000.0) / static_cast<double>(half);
    cpu.parallel_for(a.sequences, [&](Index s) {
      T* y = a.y + s * stride;
      for (Index i = 0; i < half; ++i) {
        const double angle = 1000.0 * a.t[s] * std::exp(step * static_cast<double>(i));
        y[i] = static_cast<T>(std::cos(angle)), y[half + i] = static_cast<T>(std::sin(angle));
      }
      for (Index c = a.width; c < stride; ++c) y[c] = T(0);
    });
  }
};

} // namespace pleat::inline v0_1
