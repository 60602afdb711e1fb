#pragma once
/// \file  Sinusoidal features of diffusion times.

#include <span>

#include <pleat/core/pass.hpp>

namespace pleat::inline v0_1 {

struct time_embedding_op {
  template <class T> struct Forward {
    const double* t; // (sequences)
    T* y;            // (sequences, stride_of(width))
    Index sequences, width;
  };
};

/// y_s = (cos(1000 t_s w_0), ..., cos(1000 t_s w_h-1), sin(1000 t_s w_0), ...), w_i = 10000^(-i / h), h = Width / 2: one row for
/// each time in [0, 1]. The factor 1000 puts t on the scale of the step numbers that these frequencies were chosen for (Ho, Jain,
/// Abbeel 2020). Computed in double, no gradient.
template <Index Width, class Context>
constexpr Rows<Context, Width, Sequence> time_embedding(Context& run, std::span<const double> t) {
  static_assert(Width > 0 && Width % 2 == 0,
                "pleat: a time embedding has one cosine for each sine; choose an even width for it.");
  using T = typename Context::Stream;
  const Index count = static_cast<Index>(t.size());
  auto y = run.template rows<Width, Sequence>(count);
  run.count(16.0 * static_cast<double>(count) * Width, sizeof(T) * static_cast<double>(count) * Width);
  if constexpr (Context::computes)
    KernelOf<time_embedding_op, Context, Width>::forward(run.device(),
                                                         time_embedding_op::Forward<T>{t.data(), y.data(), count, Width});
  return y;
}

} // namespace pleat::inline v0_1
