#pragma once
/// \file  Lengths of vector channels: from vectors to numbers that no rotation or reflection changes.

#include <pleat/core/pass.hpp>
#include <pleat/core/symmetry.hpp>

namespace pleat::inline v0_1 {

/// Smallest squared length of a vector in a norm, as in the published geometric vector perceptron.
inline constexpr double least_square = 1e-8;

struct vector_norm_op {
  template <class T> struct Forward {
    const T* v; // (rows * 3, stride_of(width))
    T* y;       // (rows, stride_of(width))
    Index rows, width;
    double least;
  };
  template <class T> struct Backward {
    const T* v;  // (rows * 3, stride_of(width))
    const T* dy; // (rows, stride_of(width))
    T* dv;       // (rows * 3, stride_of(width))
    Index rows, width;
    double least;
    bool accumulate;
  };
};

/// y_ic = sqrt(max(|v_ic|^2, least)), (count, Width): the length of channel c of row i, with the clamp of Jing et al. 2021
/// ("GVP"). Where the clamp acts the gradient is 0. Kept for backward: the vectors.
template <class Context, Index Width, class Space>
constexpr Rows<Context, Width, Space> vector_norm(Context& run, const Rows<Context, Width, Equivariant<Space>>& v,
                                                  double least = least_square) {
  using T = typename Context::Stream;
  const Index count = v.count() / vector_components;
  auto y = run.template rows<Width, Space>(count);
  run.count(7.0 * static_cast<double>(count) * Width, 4.0 * sizeof(T) * static_cast<double>(count) * Width);
  if constexpr (Context::computes)
    KernelOf<vector_norm_op, Context, Width>::forward(run.device(),
                                                      vector_norm_op::Forward<T>{v.data(), y.data(), count, Width, least});
  if constexpr (Context::records) {
    if (run.recording() && v.wants_gradient()) {
      struct Backward {
        Kept<Width, Equivariant<Space>> v;
        int output;
        Index count;
        double least;
        void operator()(Context& run) const {
          auto vectors = run.take(v);
          auto dy = run.template take_gradient<Width, Space>(output, count);
          if (!dy) return;
          if (auto dv = run.template contribute<Width>(v.value, v.count)) {
            if constexpr (Context::computes)
              KernelOf<vector_norm_op, Context, Width>::backward(
                  run.device(),
                  vector_norm_op::Backward<T>{vectors.data(), dy.data(), dv.data, count, Width, least, dv.accumulate});
          }
        }
      };
      run.want(y);
      run.record(Backward{run.keep(v), y.value(), count, least});
    }
  }
  return y;
}

/// Other rows than vectors: refused in one sentence.
template <class Context, Index Width, class Space>
constexpr Rows<Context, Width, Space> vector_norm(Context&, const Rows<Context, Width, Space>&, double = least_square) {
  detail::require_vectors<Space>();
  return {};
}

} // namespace pleat::inline v0_1
