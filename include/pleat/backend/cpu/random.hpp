#pragma once
/// \file  Noise on the CPU.

#include <pleat/backend/cpu/rows_of.hpp>
#include <pleat/ops/random.hpp>

namespace pleat::inline v0_1 {

template <> struct kernel<random_op, Cpu> {
  template <class T> static void normal(const Cpu& cpu, const random_op::Normal<T>& a) {
    const Index stride = stride_of(a.width), rows = a.batch.rows();
    cpu.parallel_for((rows + 31) / 32, [&](Index task) { // rows of one task: few, a row is expensive
      cpu::SequenceWalk at(a.batch.segments, 32 * task);
      for (Index r = 32 * task; r < (std::min)(32 * task + 32, rows); ++r) {
        const Index s = at.sequence_of(r);
        const auto i = static_cast<std::size_t>(s);
        T* y = a.y + r * stride;
        normal_row<T>(a.key, a.draw, a.batch.records[i],
                      static_cast<std::uint32_t>(a.batch.starts[i] + r - a.batch.segments.begin(s)),
                      std::span<T>(y, static_cast<std::size_t>(a.width)));
        for (Index c = a.width; c < stride; ++c) y[c] = T(0);
      }
    });
  }
};

template <> struct kernel<upload_op, Cpu> {
  template <class T> static void run(const Cpu&, T* to, const double* from, Index count) {
    for (Index i = 0; i < count; ++i) to[i] = static_cast<T>(from[i]);
  }
};

} // namespace pleat::inline v0_1
