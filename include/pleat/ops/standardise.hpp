#pragma once
/// \file  Per-channel standardisation with stored statistics, and its inverse (docs/lsd.md, "Standardiser").

#include <pleat/core/pass.hpp>
#include <pleat/core/symmetry.hpp>

namespace pleat::inline v0_1 {

/// Deviations below this count as 1: a channel that never varies is centred, not blown up.
inline constexpr double least_deviation = 1e-5;

struct standardise_op {
  template <class T> struct Forward {
    const T* x;         // (rows, stride_of(width))
    const T* mean;      // (stride_of(width)), or null: zeros
    const T* deviation; // (stride_of(width))
    T* y;               // (rows, stride_of(width)) = (x - mean) / deviation, or x * deviation + mean
    Index rows, width;
    bool inverse;
    bool accumulate;
  };
};

namespace detail {

template <class Context, Index Width, class Space>
constexpr Rows<Context, Width, Space> standardise(Context& run, const Rows<Context, Width, Space>& x,
                                                  const Matrix<1, Width>& mean, const Matrix<1, Width>& deviation, bool inverse) {
  require_invariant<Space>();
  using T = typename Context::Stream;
  const Index count = x.count();
  auto y = run.template rows<Width, Space>(count);
  run.count(2.0 * static_cast<double>(count) * Width, 2.0 * sizeof(T) * static_cast<double>(count) * Width);
  if constexpr (Context::computes)
    KernelOf<standardise_op, Context, Width>::forward(
        run.device(),
        standardise_op::Forward<T>{x.data(), run.data(mean), run.data(deviation), y.data(), count, Width, inverse, false});
  if constexpr (Context::records) {
    if (run.recording() && x.wants_gradient()) {
      struct Backward {
        Matrix<1, Width> deviation;
        int input, output;
        Index count;
        bool inverse;
        void operator()(Context& run) const {
          auto dy = run.template take_gradient<Width, Space>(output, count);
          if (!dy) return;
          if (auto dx = run.template contribute<Width>(input, count)) { // the same map without its mean
            if constexpr (Context::computes)
              KernelOf<standardise_op, Context, Width>::forward(
                  run.device(), standardise_op::Forward<T>{dy.data(), nullptr, run.data(deviation), dx.data, count, Width,
                                                           inverse, dx.accumulate});
          }
        }
      };
      run.want(y);
      run.record(Backward{deviation, x.value(), y.value(), count, inverse});
    }
  }
  return y;
}

} // namespace detail

/// y = (x - mean) / deviation channel by channel; a deviation below 1e-5 counts as 1. Mean and deviation are state tensors.
template <class Context, Index Width, class Space>
constexpr Rows<Context, Width, Space> standardise(Context& run, const Rows<Context, Width, Space>& x,
                                                  const Matrix<1, Width>& mean, const Matrix<1, Width>& deviation) {
  return detail::standardise<Context, Width, Space>(run, x, mean, deviation, false);
}

/// y = x * deviation + mean, (count, Width): the inverse of `standardise`, with the same guard. Nothing is kept for backward.
template <class Context, Index Width, class Space>
constexpr Rows<Context, Width, Space> unstandardise(Context& run, const Rows<Context, Width, Space>& x,
                                                    const Matrix<1, Width>& mean, const Matrix<1, Width>& deviation) {
  return detail::standardise<Context, Width, Space>(run, x, mean, deviation, true);
}

} // namespace pleat::inline v0_1
