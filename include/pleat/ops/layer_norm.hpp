#pragma once
/// \file  Layer normalisation over the channels of each row (Ba, Kiros, Hinton 2016).

#include <pleat/core/pass.hpp>
#include <pleat/core/symmetry.hpp>

namespace pleat::inline v0_1 {

struct layer_norm_op {
  template <class T> struct Forward {
    const T* x;    // (rows, stride_of(width))
    const T* gain; // (width)
    const T* bias; // (width)
    T* y;          // (rows, stride_of(width))
    T* moments;    // (rows, 2) mean and 1 / standard deviation, or null
    Index rows, width;
    double epsilon;
  };
  template <class T> struct Backward {
    const T* x;       // (rows, stride_of(width))
    const T* gain;    // (width)
    const T* moments; // (rows, 2)
    const T* dy;      // (rows, stride_of(width))
    T* dx;            // (rows, stride_of(width)) or null
    T* dgain;         // (width), added to, or null
    T* dbias;         // (width), added to, or null
    Index rows, width;
    bool accumulate;
  };
};

/// y = (x - mean) / sqrt(var + epsilon) * gain + bias for x (count, Width), gain and bias (Width); mean and biased variance over
/// the Width channels of a row. Differentiable in all three. Kept for backward: x and two numbers per row.
template <class Context, Index Width, class Space>
constexpr Rows<Context, Width, Space> layer_norm(Context& run, const Vector<Width>& gain, const Vector<Width>& bias,
                                                 const Rows<Context, Width, Space>& x, double epsilon = 1e-5) {
  detail::require_invariant<Space>();
  using T = typename Context::Stream;
  const Index count = x.count();
  const bool recorded = run.recording() && (run.trains(gain) || x.wants_gradient());
  auto y = run.template rows<Width, Space>(count);
  auto moments = run.template buffer<T>(recorded ? count : 0, 2);
  run.count(8.0 * static_cast<double>(count) * Width, 2.0 * sizeof(T) * static_cast<double>(count) * Width);
  if constexpr (Context::computes)
    KernelOf<layer_norm_op, Context, Width>::forward(
        run.device(), layer_norm_op::Forward<T>{x.data(), run.data(gain), run.data(bias), y.data(),
                                                recorded ? run.data(moments) : nullptr, count, Width, epsilon});
  if constexpr (Context::records) {
    if (recorded) {
      struct Backward {
        Vector<Width> gain, bias;
        Kept<Width, Space> x;
        Kept<1, T> moments;
        int input, output;
        Index count;
        void operator()(Context& run) const {
          auto x_rows = run.take(x);
          auto saved = run.take(moments);
          auto dy = run.template take_gradient<Width, Space>(output, count);
          if (!dy) return;
          auto dx = run.template contribute<Width>(input, count);
          if constexpr (Context::computes)
            KernelOf<layer_norm_op, Context, Width>::backward(
                run.device(),
                layer_norm_op::Backward<T>{x_rows.data(), run.data(gain), run.data(saved), dy.data(), dx.data,
                                           run.trains(gain) ? run.gradient(gain) : nullptr,
                                           run.trains(bias) ? run.gradient(bias) : nullptr, count, Width, dx.accumulate});
        }
      };
      run.want(y);
      run.record(Backward{gain, bias, run.keep(x), run.keep(moments), x.value(), y.value(), count});
    }
  }
  return y;
}

} // namespace pleat::inline v0_1
