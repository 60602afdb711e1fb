#pragma once
/// \file  Standard normal noise on the CPU.

#include <algorithm>
#include <bit>

#include <pleat/backend/cpu/device.hpp>
#include <pleat/backend/cpu/simd/lanes.hpp>
#include <pleat/ops/normals.hpp>

#define PLEAT_BODY <pleat/backend/cpu/body/normals.inl>
#include <pleat/backend/cpu/simd/for_each_level.inl>

namespace pleat::inline v0_1 {

template <> struct kernel<normals_op, Cpu> {
  template <class Real> static void run(const Cpu& device, const NoiseRows& noise, Real* out) {
    constexpr Index rows_per_task = 32;
    const auto words = key_words(noise.key);
    device.parallel_for((noise.rows + rows_per_task - 1) / rows_per_task, [&](Index task) {
      const Index end = (std::min)((task + 1) * rows_per_task, noise.rows);
      for (Index r = task * rows_per_task; r < end; ++r) {
        Real* const row = out + r * noise.stride;
        if (simd::level() == simd::Level::Portable)
          normal_row(noise.key, noise.draw, noise.record[r], noise.position[r],
                     std::span<Real>(row, static_cast<std::size_t>(noise.width)));
        else
          PLEAT_AT_LEVEL(normals_row<Real>(words, noise.draw, noise.record[r], noise.position[r], row, noise.width));
      }
    });
  }
};

} // namespace pleat::inline v0_1
