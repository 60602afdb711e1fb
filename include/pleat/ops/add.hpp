#pragma once
/// \file  Sums of rows.

#include <pleat/core/error.hpp>
#include <pleat/core/pass.hpp>
#include <pleat/core/symmetry.hpp>

namespace pleat::inline v0_1 {

struct add_op {
  template <class T> struct Forward {
    const T* a; // (elements)
    const T* b; // (elements), or null: zeros
    T* y;       // (elements); may be a or b
    Index elements;
  };
};

namespace detail {

/// Gives the gradient block `dy`, which its owner no longer needs, to the rows `input`: handed on whole, or added to what is
/// there.
template <class Context, Index Width, class Space>
void pass_on(Context& run, Rows<Context, Width, Space>& dy, int input, Index count) {
  using T = typename Context::Stream;
  if (run.hand_on(dy, input)) return;
  auto sum = run.template contribute<Width>(input, count);
  if constexpr (Context::computes)
    KernelOf<add_op, Context, Width>::forward(run.device(), add_op::Forward<T>{sum.data, dy.data(), sum.data, count * stride_of(Width)});
}

/// As above where `dy` is still needed: copied, or added to what is there.
template <class Context, Index Width, class Space>
void pass_copy(Context& run, const Rows<Context, Width, Space>& dy, int input, Index count) {
  using T = typename Context::Stream;
  auto sum = run.template contribute<Width>(input, count);
  if constexpr (Context::computes)
    if (sum)
      KernelOf<add_op, Context, Width>::forward(
          run.device(), add_op::Forward<T>{dy.data(), sum.accumulate ? sum.data : nullptr, sum.data, count * stride_of(Width)});
}

} // namespace detail

/// y = a + b, all (count, Width), of invariant rows or of vectors, not of positions. Another number of rows in b is an error.
/// Nothing is kept for backward.
template <class Context, Index Width, class Space>
constexpr Rows<Context, Width, Space> add(Context& run, const Rows<Context, Width, Space>& a,
                                          const Rows<Context, Width, Space>& b) {
  detail::require_no_positions<Space>();
  using T = typename Context::Stream;
  const Index count = a.count();
  if (b.count() != count)
    fail("add needs two blocks of as many rows and got ", count, " and ", b.count(), " rows: make them of the same batch");
  auto y = run.template rows<Width, Space>(count);
  run.count(static_cast<double>(count) * Width, 3.0 * sizeof(T) * static_cast<double>(count) * Width);
  if constexpr (Context::computes)
    KernelOf<add_op, Context, Width>::forward(run.device(), add_op::Forward<T>{a.data(), b.data(), y.data(), count * stride_of(Width)});
  if constexpr (Context::records) {
    if (run.recording() && (a.wants_gradient() || b.wants_gradient())) {
      struct Backward {
        int a, b, output;
        Index count;
        void operator()(Context& run) const {
          auto dy = run.template take_gradient<Width, Space>(output, count);
          if (!dy) return;
          detail::pass_copy(run, dy, b, count);
          detail::pass_on(run, dy, a, count);
        }
      };
      run.want(y);
      // Where only one side wants a gradient it is handed the block without a copy.
      const bool only_b = !a.wants_gradient();
      run.record(Backward{only_b ? b.value() : a.value(), only_b ? a.value() : b.value(), y.value(), count});
    }
  }
  return y;
}

/// Rows of two kinds: refused in one sentence.
template <class Context, Index Width, class A, class B>
constexpr Rows<Context, Width, A> add(Context&, const Rows<Context, Width, A>& a, const Rows<Context, Width, B>&) {
  detail::refuse_mixed_spaces<A, B>();
  return a;
}

} // namespace pleat::inline v0_1
