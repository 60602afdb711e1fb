#pragma once
/// \file  Kernels of the optimiser on the CPU.

#include <algorithm>
#include <cmath>

#include <pleat/backend/cpu/device.hpp>
#include <pleat/backend/cpu/simd/lanes.hpp>
#include <pleat/ops/adamw.hpp>

#define PLEAT_BODY <pleat/backend/cpu/body/adamw.inl>
#include <pleat/backend/cpu/simd/for_each_level.inl>

namespace pleat::inline v0_1 {

template <> struct kernel<adamw_op, Cpu> {
  template <class Real>
  static void run(const Cpu& device, const AdamWStep<Real>& step, const OptimiserPiece* pieces, Index count) {
    const double norm = std::sqrt(*step.squared_norm);
    if (!std::isfinite(norm)) return;
    const double scale = detail::clip_scale(step, norm);
    device.parallel_for(count, [&](Index task) {
      const OptimiserPiece& piece = pieces[task];
      PLEAT_AT_LEVEL(adamw_piece<Real>(step, scale, piece.offset, piece.size, piece.decay));
    });
  }
};

template <> struct kernel<ema_op, Cpu> {
  template <class Real>
  static void run(const Cpu& device, Index size, Real* average, const Real* values, double share, const double* squared_norm) {
    if (squared_norm != nullptr && !std::isfinite(*squared_norm)) return;
    device.parallel_for((size + optimiser_chunk - 1) / optimiser_chunk, [&](Index task) {
      const Index from = task * optimiser_chunk, count = (std::min)(optimiser_chunk, size - from);
      if (share == 1)
        std::copy_n(values + from, count, average + from);
      else
        PLEAT_AT_LEVEL(ema_piece<Real>(average + from, values + from, count, share));
    });
  }
};

template <> struct kernel<squared_norm_op, Cpu> {
  // Eight sums in double hide the latency of the additions; plain code, so that the bits are the same at every instruction level.
  template <class Real> static double chunk(const Real* x, Index size) {
    double sum[8] = {};
    Index i = 0;
    for (; i + 8 <= size; i += 8)
      for (Index k = 0; k < 8; ++k) {
        const double value = static_cast<double>(x[i + k]);
        sum[k] += value * value;
      }
    for (; i < size; ++i) sum[i % 8] += static_cast<double>(x[i]) * static_cast<double>(x[i]);
    return ((sum[0] + sum[4]) + (sum[2] + sum[6])) + ((sum[1] + sum[5]) + (sum[3] + sum[7]));
  }
  template <class Real> static void run(const Cpu& device, Index size, const Real* values, double* partials, double* result) {
    const Index chunks = (size + optimiser_chunk - 1) / optimiser_chunk;
    device.parallel_for(chunks, [&](Index task) {
      const Index from = task * optimiser_chunk;
      partials[task] = chunk(values + from, (std::min)(optimiser_chunk, size - from));
    });
    double total = 0;
    for (Index task = 0; task < chunks; ++task) total += partials[task];
    *result = total;
  }
};

} // namespace pleat::inline v0_1
