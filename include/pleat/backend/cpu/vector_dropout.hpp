#pragma once
/// \file  Dropout of vector channels on the CPU: the mask of a row, the same for its three components.

#include <pleat/backend/cpu/random.hpp>
#include <pleat/ops/vector_dropout.hpp>

namespace pleat::inline v0_1 {

template <> struct kernel<vector_dropout_op, Cpu> {
  template <class T> static void forward(const Cpu& cpu, const vector_dropout_op::Forward<T>& a) {
    const auto key = key_words(a.key);
    const std::uint32_t threshold = cpu::detail::dropout_threshold(a.rate);
    const T factor = static_cast<T>(1 / (1 - a.rate));
    cpu::detail::for_noise_rows(cpu, a.batch, a.draw, [&](Index r, const std::uint32_t* at) {
      for (Index k = 0; k < vector_components; ++k) {
        const Index row = (vector_components * r + k) * stride_of(a.width);
        PLEAT_AT_LEVEL(dropout_row_at<T>(key.data(), at, threshold, factor, a.v + row, a.y + row, a.width, a.accumulate));
      }
    });
  }
};

} // namespace pleat::inline v0_1
