#pragma once
/// \file  Rows of zeros: where vector channels start.

#include <pleat/core/pass.hpp>

namespace pleat::inline v0_1 {

struct zero_rows_op {
  template <class T> struct Forward {
    T* y; // (elements)
    Index elements;
  };
};

/// (count, Width) zeros, without a gradient.
template <Index Width, class Space, class Context> constexpr Rows<Context, Width, Space> zero_rows(Context& run, Index count) {
  using T = typename Context::Stream;
  auto y = run.template rows<Width, Space>(count);
  run.count(0, sizeof(T) * static_cast<double>(count) * Width);
  if constexpr (Context::computes)
    KernelOf<zero_rows_op, Context, Width>::forward(run.device(), zero_rows_op::Forward<T>{y.data(), count * stride_of(Width)});
  return y;
}

} // namespace pleat::inline v0_1
