#pragma once
/// \file  Noise and dropout on the CPU.

#include <algorithm>

#include <pleat/backend/cpu/rows_of.hpp>
#include <pleat/backend/cpu/simd/lanes.hpp>
#include <pleat/core/philox.hpp>
#include <pleat/ops/dropout.hpp>
#include <pleat/ops/random.hpp>

#define PLEAT_BODY <pleat/backend/cpu/body/random.inl>
#include <pleat/backend/cpu/simd/for_each_level.inl>

namespace pleat::inline v0_1 {

namespace cpu::detail {
// Calls row(r, {draw, record, position}) for the rows of a batch; tasks are short, a row of noise is dear.
template <class Row> void for_noise_rows(const Cpu& cpu, const SequenceBatch& batch, std::uint32_t draw, const Row& row) {
  const Index rows = batch.rows(), each = 32;
  cpu.parallel_for((rows + each - 1) / each, [&](Index task) {
    SequenceWalk walk(batch.segments, each * task);
    for (Index r = each * task; r < (std::min)(each * (task + 1), rows); ++r) {
      const Index s = walk.sequence_of(r);
      const auto i = static_cast<std::size_t>(s);
      const Index start = batch.starts.empty() ? 0 : batch.starts[i];
      const std::uint32_t at[3] = {draw, batch.records[i], static_cast<std::uint32_t>(start + r - batch.segments.begin(s))};
      row(r, at);
    }
  });
}
} // namespace cpu::detail

template <> struct kernel<random_op, Cpu> {
  template <class T> static void normal(const Cpu& cpu, const random_op::Normal<T>& a) {
    const auto key = key_words(a.key);
    cpu::detail::for_noise_rows(cpu, a.batch, a.draw, [&](Index r, const std::uint32_t* at) {
      PLEAT_AT_LEVEL(normal_row_at<T>(key.data(), at, a.y + r * stride_of(a.width), a.width));
    });
  }
};

namespace cpu::detail {
// uniform_float(bits) = (2 (bits >> 9) + 1) 2^-24 < rate, in integers: bits >> 9 below this.
inline std::uint32_t dropout_threshold(double rate) { return static_cast<std::uint32_t>(std::ceil((rate * 0x1p24 - 1) / 2)); }
} // namespace cpu::detail

template <> struct kernel<dropout_op, Cpu> {
  template <class T> static void forward(const Cpu& cpu, const dropout_op::Forward<T>& a) {
    const auto key = key_words(a.key);
    const std::uint32_t threshold = cpu::detail::dropout_threshold(a.rate);
    const T factor = static_cast<T>(1 / (1 - a.rate));
    cpu::detail::for_noise_rows(cpu, a.batch, a.draw, [&](Index r, const std::uint32_t* at) {
      for (Index k = 0; k < a.each; ++k) {
        const Index row = (a.each * r + k) * stride_of(a.width);
        PLEAT_AT_LEVEL(dropout_row_at<T>(key.data(), at, threshold, factor, a.x + row, a.y + row, a.width, a.accumulate));
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
