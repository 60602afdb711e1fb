#pragma once
/// \file  Layer normalisation of vector channels: all channels of a row divided by their common root mean square length.

#include <pleat/ops/vector_norm.hpp>

namespace pleat::inline v0_1 {

struct vector_layer_norm_op {
  template <class T> struct Forward {
    const T* v; // (rows * 3, stride_of(width))
    T* y;       // (rows * 3, stride_of(width))
    Index rows, width;
    double least;
  };
  template <class T> struct Backward {
    const T* v;  // (rows * 3, stride_of(width))
    const T* dy; // (rows * 3, stride_of(width))
    T* dv;       // (rows * 3, stride_of(width))
    Index rows, width;
    double least;
    bool accumulate;
  };
};

/// y_ic = v_ic / sqrt(mean over c of max(|v_ic|^2, least)); no gain, no bias (Jing et al. 2021, "GVP"). A single channel becomes
/// a unit vector; zero vectors stay zero. Kept for backward: the vectors.
template <class Context, Index Width, class Space>
constexpr Rows<Context, Width, Equivariant<Space>>
vector_layer_norm(Context& run, const Rows<Context, Width, Equivariant<Space>>& v, double least = least_square) {
  using T = typename Context::Stream;
  const Index count = v.count() / vector_components;
  auto y = run.template rows<Width, Equivariant<Space>>(vector_components * count);
  run.count(11.0 * static_cast<double>(count) * Width, 6.0 * sizeof(T) * static_cast<double>(count) * Width);
  if constexpr (Context::computes)
    KernelOf<vector_layer_norm_op, Context, Width>::forward(
        run.device(), vector_layer_norm_op::Forward<T>{v.data(), y.data(), count, Width, least});
  if constexpr (Context::records) {
    if (run.recording() && v.wants_gradient()) {
      struct Backward {
        Kept<Width, Equivariant<Space>> v;
        int output;
        double least;
        void operator()(Context& run) const {
          auto vectors = run.take(v);
          auto dy = run.template take_gradient<Width, Equivariant<Space>>(output, v.count);
          if (!dy) return;
          if (auto dv = run.template contribute<Width>(v.value, v.count)) {
            if constexpr (Context::computes)
              KernelOf<vector_layer_norm_op, Context, Width>::backward(
                  run.device(), vector_layer_norm_op::Backward<T>{vectors.data(), dy.data(), dv.data, v.count / vector_components,
                                                                  Width, least, dv.accumulate});
          }
        }
      };
      run.want(y);
      run.record(Backward{run.keep(v), y.value(), least});
    }
  }
  return y;
}

/// Other rows than vectors: refused in one sentence.
template <class Context, Index Width, class Space>
constexpr Rows<Context, Width, Space> vector_layer_norm(Context&, const Rows<Context, Width, Space>& v, double = least_square) {
  detail::require_vectors<Space>();
  return v;
}

} // namespace pleat::inline v0_1
