#pragma once
/// \file  Pointwise functions of activations.

#include <pleat/core/pass.hpp>
#include <pleat/core/symmetry.hpp>

namespace pleat::inline v0_1 {

/// Pointwise functions. `Gelu` is the erf form x Phi(x) (Hendrycks, Gimpel 2016), never the tanh approximation.
enum class Activation : unsigned char { None, Gelu, Silu, Relu, Tanh };

/// Over flat arrays of whole rows: each function maps the zeros of a tail to zeros.
struct activation_op {
  template <class T> struct Forward {
    const T* x; // (elements)
    T* y;       // (elements)
    Index elements;
    Activation activation;
  };
  template <class T> struct Backward {
    const T* x;  // (elements) the input of the activation
    const T* dy; // (elements)
    T* dx;       // (elements); may be dy itself
    Index elements;
    Activation activation;
    bool accumulate;
  };
};

/// y = act(x), channel by channel, both (count, Width). `None` hands x on as it is. Kept for backward: x.
template <class Context, Index Width, class Space>
constexpr Rows<Context, Width, Space> activate(Context& run, const Rows<Context, Width, Space>& x, Activation activation) {
  detail::require_invariant<Space>();
  using T = typename Context::Stream;
  if (activation == Activation::None) return x;
  const Index count = x.count();
  auto y = run.template rows<Width, Space>(count);
  run.count(8.0 * static_cast<double>(count) * Width, 2.0 * sizeof(T) * static_cast<double>(count) * Width);
  if constexpr (Context::computes)
    KernelOf<activation_op, Context, Width>::forward(
        run.device(), activation_op::Forward<T>{x.data(), y.data(), count * stride_of(Width), activation});
  if constexpr (Context::records) {
    if (run.recording() && x.wants_gradient()) {
      struct Backward {
        Kept<Width, Space> x;
        int input, output;
        Index count;
        Activation activation;
        void operator()(Context& run) const {
          auto x_rows = run.take(x);
          auto dy = run.template take_gradient<Width, Space>(output, count);
          if (!dy) return;
          if (auto dx = run.template contribute<Width>(input, count)) {
            if constexpr (Context::computes)
              KernelOf<activation_op, Context, Width>::backward(
                  run.device(), activation_op::Backward<T>{x_rows.data(), dy.data(), dx.data, count * stride_of(Width),
                                                           activation, dx.accumulate});
          }
        }
      };
      run.want(y);
      run.record(Backward{run.keep(x), x.value(), y.value(), count, activation});
    }
  }
  return y;
}

} // namespace pleat::inline v0_1
