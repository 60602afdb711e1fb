#pragma once
/// \file  Pointwise activations on CUDA. GELU is the erf form.

#include <pleat/backend/cuda/pointwise.hpp>
#include <pleat/ops/activation.hpp>

namespace pleat::inline v0_1 {

namespace cuda {

template <Activation F, class A> __device__ A activated(A x) {
  if constexpr (F == Activation::Gelu) return A(0.5) * x * (A(1) + error_function(x * A(0.70710678118654752440)));
  if constexpr (F == Activation::Silu) return x / (A(1) + exponential(-x));
  if constexpr (F == Activation::Relu) return x > A(0) ? x : A(0);
  if constexpr (F == Activation::Tanh) return hyperbolic_tangent(x);
  return x;
}
template <Activation F, class A> __device__ A activation_slope(A x) {
  if constexpr (F == Activation::Gelu)
    return A(0.5) * (A(1) + error_function(x * A(0.70710678118654752440))) +
           x * A(0.39894228040143267794) * exponential(A(-0.5) * x * x);
  if constexpr (F == Activation::Silu) {
    const A s = A(1) / (A(1) + exponential(-x));
    return s * (A(1) + x * (A(1) - s));
  }
  if constexpr (F == Activation::Relu) return x > A(0) ? A(1) : A(0);
  if constexpr (F == Activation::Tanh) {
    const A y = hyperbolic_tangent(x);
    return A(1) - y * y;
  }
  return A(1);
}

/// Calls body(constant) with the activation as a template constant.
template <class Body> void with_activation(Activation activation, Body&& body) {
  switch (activation) {
  case Activation::Gelu:
    return body(std::integral_constant<Activation, Activation::Gelu>{});
  case Activation::Silu:
    return body(std::integral_constant<Activation, Activation::Silu>{});
  case Activation::Relu:
    return body(std::integral_constant<Activation, Activation::Relu>{});
  case Activation::Tanh:
    return body(std::integral_constant<Activation, Activation::Tanh>{});
  default:
    return body(std::integral_constant<Activation, Activation::None>{});
  }
}

// Bytes an element: 2.
template <Activation F, class T>
__global__ void __launch_bounds__(256) activation_forward(const T* x, T* y, const Index* rows, Index stride) {
  const Index i = global_thread() * per_access<T>;
  if (i >= *rows * stride) return;
  auto v = PackOf<T>::read(x + i);
#pragma unroll
  for (int k = 0; k < per_access<T>; ++k) v.at[k] = activated<F>(v.at[k]);
  v.write(y + i);
}
// Bytes an element: 3, 4 where it accumulates.
template <Activation F, class T>
__global__ void __launch_bounds__(256)
    activation_backward(const T* x, const T* dy, T* dx, const Index* rows, Index stride, bool accumulate) {
  const Index i = global_thread() * per_access<T>;
  if (i >= *rows * stride) return;
  auto d = PackOf<T>::read(dy + i);
  if constexpr (F != Activation::None) {
    const auto v = PackOf<T>::read(x + i);
#pragma unroll
    for (int k = 0; k < per_access<T>; ++k) d.at[k] *= activation_slope<F>(v.at[k]);
  }
  if (accumulate) {
    const auto before = PackOf<T>::read(dx + i);
#pragma unroll
    for (int k = 0; k < per_access<T>; ++k) d.at[k] += before.at[k];
  }
  d.write(dx + i);
}

} // namespace cuda

template <> struct kernel<activation_op, Cuda> {
  template <Index Width> struct At {
    static constexpr Index stride = stride_of(Width);
    template <class T> static void forward(const Cuda& cuda, const activation_op::Forward<T>& a) {
      const Index rows = a.elements / stride;
      cuda::with_activation(a.activation, [&](auto f) {
        cuda::launch(cuda, cuda::pointwise_grid<T, Width>(rows), cuda::activation_forward<decltype(f)::value, T>, a.x, a.y,
                     cuda.stream->count(rows), stride);
      });
    }
    template <class T> static void backward(const Cuda& cuda, const activation_op::Backward<T>& a) {
      const Index rows = a.elements / stride;
      cuda::with_activation(a.activation, [&](auto f) {
        cuda::launch(cuda, cuda::pointwise_grid<T, Width>(rows), cuda::activation_backward<decltype(f)::value, T>, a.x, a.dy,
                     a.dx, cuda.stream->count(rows), stride, a.accumulate);
      });
    }
  };
};

} // namespace pleat::inline v0_1
