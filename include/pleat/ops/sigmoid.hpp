#pragma once
/// \file  The logistic function of each channel. It is no `Activation`: those map 0 to 0, so that the tails of rows stay zero.

#include <pleat/core/pass.hpp>
#include <pleat/core/symmetry.hpp>

namespace pleat::inline v0_1 {

struct sigmoid_op {
  template <class T> struct Forward {
    const T* x; // (rows, stride_of(width))
    T* y;       // (rows, stride_of(width))
    Index rows, width;
  };
  template <class T> struct Backward {
    const T* y;  // (rows, stride_of(width))
    const T* dy; // (rows, stride_of(width))
    T* dx;       // (rows, stride_of(width))
    Index rows, width;
    bool accumulate;
  };
};

/// y = 1 / (1 + exp(-x)), channel by channel, (count, Width). Kept for backward: y.
template <class Context, Index Width, class Space>
constexpr Rows<Context, Width, Space> sigmoid(Context& run, const Rows<Context, Width, Space>& x) {
  detail::require_invariant<Space>();
  using T = typename Context::Stream;
  const Index count = x.count();
  auto y = run.template rows<Width, Space>(count);
  run.count(8.0 * static_cast<double>(count) * Width, 2.0 * sizeof(T) * static_cast<double>(count) * Width);
  if constexpr (Context::computes)
    KernelOf<sigmoid_op, Context, Width>::forward(run.device(), sigmoid_op::Forward<T>{x.data(), y.data(), count, Width});
  if constexpr (Context::records) {
    if (run.recording() && x.wants_gradient()) {
      struct Backward {
        Kept<Width, Space> y;
        int input;
        void operator()(Context& run) const {
          auto rows = run.take(y);
          auto dy = run.template take_gradient<Width, Space>(y.value, y.count);
          if (!dy) return;
          if (auto dx = run.template contribute<Width>(input, y.count)) {
            if constexpr (Context::computes)
              KernelOf<sigmoid_op, Context, Width>::backward(
                  run.device(), sigmoid_op::Backward<T>{rows.data(), dy.data(), dx.data, y.count, Width, dx.accumulate});
          }
        }
      };
      run.want(y);
      run.record(Backward{run.keep(y), x.value()});
    }
  }
  return y;
}

} // namespace pleat::inline v0_1
