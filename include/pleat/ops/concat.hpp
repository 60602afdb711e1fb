#pragma once
/// \file  Rows of several blocks side by side.

#include <array>

#include <pleat/core/error.hpp>
#include <pleat/core/pass.hpp>
#include <pleat/core/symmetry.hpp>

namespace pleat::inline v0_1 {

/// One block of columns: y[:, column ... column + width) = x, or dx = dy[:, column ... column + width).
struct concat_op {
  template <class T> struct Forward {
    const T* x; // (rows, stride_of(width))
    T* y;       // (rows, stride_of(total))
    Index rows, width, total, column;
  };
  template <class T> struct Backward {
    const T* dy; // (rows, stride_of(total))
    T* dx;       // (rows, stride_of(width))
    Index rows, width, total, column;
    bool accumulate;
  };
};

/// The blocks of `parts`, all (count, Width), side by side: (count, Parts * Width). Nothing is kept for backward. Errors: blocks
/// of different numbers of rows.
template <class Context, Index Width, class Space, std::size_t Parts>
constexpr Rows<Context, static_cast<Index>(Parts) * Width, Space>
concat(Context& run, const std::array<Rows<Context, Width, Space>, Parts>& parts) {
  static_assert(Parts > 0, "pleat: concat needs at least one block.");
  detail::require_no_positions<Space>();
  using T = typename Context::Stream;
  constexpr Index total = static_cast<Index>(Parts) * Width;
  const Index count = parts[0].count();
  auto y = run.template rows<total, Space>(count);
  run.count(0, 2.0 * sizeof(T) * static_cast<double>(count) * total);
  bool wanted = false;
  for (std::size_t p = 0; p < Parts; ++p) {
    if (parts[p].count() != count)
      fail("concat: block ", p, " has ", parts[p].count(), " rows and the first one ", count, "; all must have as many");
    wanted = wanted || parts[p].wants_gradient();
    if constexpr (Context::computes)
      KernelOf<concat_op, Context, Width>::forward(
          run.device(), concat_op::Forward<T>{parts[p].data(), y.data(), count, Width, total, static_cast<Index>(p) * Width});
  }
  if constexpr (Context::records) {
    if (run.recording() && wanted) {
      struct Backward {
        std::array<int, Parts> inputs;
        int output;
        Index count;
        void operator()(Context& run) const {
          auto dy = run.template take_gradient<total, Space>(output, count);
          if (!dy) return;
          for (std::size_t p = 0; p < Parts; ++p)
            if (auto dx = run.template contribute<Width>(inputs[p], count)) {
              if constexpr (Context::computes)
                KernelOf<concat_op, Context, Width>::backward(
                    run.device(), concat_op::Backward<T>{dy.data(), dx.data, count, Width, total, static_cast<Index>(p) * Width,
                                                         dx.accumulate});
            }
        }
      };
      run.want(y);
      Backward backward{{}, y.value(), count};
      for (std::size_t p = 0; p < Parts; ++p) backward.inputs[p] = parts[p].value();
      run.record(backward);
    }
  }
  return y;
}

} // namespace pleat::inline v0_1
