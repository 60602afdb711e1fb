#pragma once
/// \file  Sums of losses: L = wa a + wb b, and the constant 0 that a switched-off loss is.

#include <pleat/core/pass.hpp>

namespace pleat::inline v0_1 {

struct weighted_sum_op {
  template <class T> struct Forward {
    const T* a; // (1) or null: 0
    const T* b; // (1) or null: 0
    T* y;       // (stride_of(1))
    double weight_a, weight_b;
  };
  template <class T> struct Backward {
    const T* dy; // (1)
    T* dx;       // (stride_of(1))
    double weight;
    bool accumulate;
  };
};

/// wa a + wb b of two numbers. A weight of 0 leaves its term out, so that a NaN there does not spread.
template <class Context>
constexpr Scalar<Context> weighted_sum(Context& run, const Scalar<Context>& a, double wa, const Scalar<Context>& b, double wb) {
  using T = typename Context::Stream;
  auto y = run.template rows<1, Batch>(1);
  run.count(3, 3.0 * sizeof(T));
  if constexpr (Context::computes)
    KernelOf<weighted_sum_op, Context>::forward(
        run.device(), weighted_sum_op::Forward<T>{wa == 0 ? nullptr : a.data(), wb == 0 ? nullptr : b.data(), y.data(), wa, wb});
  if constexpr (Context::records) {
    if (run.recording() && (a.wants_gradient() || b.wants_gradient())) {
      struct Backward {
        int inputs[2];
        double weights[2];
        int output;
        void operator()(Context& run) const {
          auto dy = run.template take_gradient<1, Batch>(output, 1);
          if (!dy) return;
          for (int i = 0; i < 2; ++i) {
            auto d = run.template contribute<1>(inputs[i], 1);
            if (!d) continue;
            if constexpr (Context::computes)
              KernelOf<weighted_sum_op, Context>::backward(
                  run.device(), weighted_sum_op::Backward<T>{dy.data(), d.data, weights[i], d.accumulate});
          }
        }
      };
      run.want(y);
      run.record(Backward{{a.value(), b.value()}, {wa, wb}, y.value()});
    }
  }
  return y;
}

/// The constant 0, without a gradient.
template <class Context> constexpr Scalar<Context> zero_scalar(Context& run) {
  auto y = run.template rows<1, Batch>(1);
  if constexpr (Context::computes)
    KernelOf<weighted_sum_op, Context>::forward(
        run.device(), weighted_sum_op::Forward<typename Context::Stream>{nullptr, nullptr, y.data(), 0, 0});
  return y;
}

} // namespace pleat::inline v0_1
