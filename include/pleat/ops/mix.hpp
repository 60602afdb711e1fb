#pragma once
/// \file  y = a x + b e with one coefficient per row: noising z_t = a z + s eps, the v target a eps - s z, readings of the score.

#include <pleat/core/error.hpp>
#include <pleat/core/pass.hpp>
#include <pleat/core/symmetry.hpp>

namespace pleat::inline v0_1 {

struct mix_op {
  template <class T> struct Forward {
    const T* x; // (rows, stride_of(width))
    const T* a; // (rows)
    const T* e; // (rows, stride_of(width))
    const T* b; // (rows)
    T* y;       // (rows, stride_of(width))
    Index rows, width;
  };
  template <class T> struct Backward {
    const T* dy; // (rows, stride_of(width))
    const T* a;  // (rows)
    T* dx;       // (rows, stride_of(width)) = a dy
    Index rows, width;
    bool accumulate;
  };
};

/// y_i = a_i x_i + b_i e_i. Coefficients a and b (count) come from `upload`; gradients reach x and e, not a and b.
template <class Context, Index Width, class Space>
constexpr Rows<Context, Width, Space>
mix(Context& run, const Rows<Context, Width, Space>& x, const Rows<Context, 1, typename Context::Stream>& a,
    const Rows<Context, Width, Space>& e, const Rows<Context, 1, typename Context::Stream>& b) {
  detail::require_invariant<Space>();
  using T = typename Context::Stream;
  const Index count = x.count();
  if (e.count() != count || a.count() != count || b.count() != count)
    fail("mix needs as many rows and coefficients as x has rows, ", count, ", and got ", e.count(), " rows and ", a.count(),
         " and ", b.count(), " coefficients: make them of the same batch");
  auto y = run.template rows<Width, Space>(count);
  run.count(2.0 * static_cast<double>(count) * Width, 3.0 * sizeof(T) * static_cast<double>(count) * Width);
  if constexpr (Context::computes)
    KernelOf<mix_op, Context, Width>::forward(
        run.device(), mix_op::Forward<T>{x.data(), run.data(a), e.data(), run.data(b), y.data(), count, Width});
  if constexpr (Context::records) {
    if (run.recording() && (x.wants_gradient() || e.wants_gradient())) {
      struct Backward {
        Kept<1, T> a, b;
        int x, e, output;
        Index count;
        void operator()(Context& run) const {
          auto a_rows = run.take(a), b_rows = run.take(b);
          auto dy = run.template take_gradient<Width, Space>(output, count);
          if (!dy) return;
          scaled(run, x, a_rows, dy);
          scaled(run, e, b_rows, dy);
        }
        void scaled(Context& run, int input, const Rows<Context, 1, T>& factor, const Rows<Context, Width, Space>& dy) const {
          if (auto dx = run.template contribute<Width>(input, count)) {
            if constexpr (Context::computes)
              KernelOf<mix_op, Context, Width>::backward(
                  run.device(), mix_op::Backward<T>{dy.data(), run.data(factor), dx.data, count, Width, dx.accumulate});
          }
        }
      };
      run.want(y);
      run.record(Backward{run.keep(a), run.keep(b), x.value(), e.value(), y.value(), count});
    }
  }
  return y;
}

/// Rows of two kinds: refused in one sentence.
template <class Context, Index Width, class A, class B>
constexpr Rows<Context, Width, A> mix(Context&, const Rows<Context, Width, A>& x,
                                      const Rows<Context, 1, typename Context::Stream>&, const Rows<Context, Width, B>&,
                                      const Rows<Context, 1, typename Context::Stream>&) {
  detail::refuse_mixed_spaces<A, B>();
  return x;
}

} // namespace pleat::inline v0_1
