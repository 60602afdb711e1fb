#pragma once
/// \file  The logistic function on CUDA, which is not 0 at 0: the tails are left out.

#include <pleat/backend/cuda/pointwise.hpp>
#include <pleat/ops/sigmoid.hpp>

namespace pleat::inline v0_1 {

namespace cuda {

// Bytes an element: 2.
template <class T, Index Width> __global__ void __launch_bounds__(256) sigmoid_forward(const T* x, T* y, const Index* rows) {
  using A = AccumulateOf<T>;
  const Index i = global_thread() * per_access<T>;
  if (i >= *rows * stride_of(Width)) return;
  const Index channel = i % stride_of(Width);
  auto v = PackOf<T>::read(x + i);
#pragma unroll
  for (int k = 0; k < per_access<T>; ++k) v.at[k] = channel + k < Width ? A(1) / (A(1) + exponential(-v.at[k])) : A(0);
  v.write(y + i);
}
// Bytes an element: 3, 4 where it accumulates.
template <class T, Index Width>
__global__ void __launch_bounds__(256) sigmoid_backward(const T* y, const T* dy, T* dx, const Index* rows, bool accumulate) {
  using A = AccumulateOf<T>;
  const Index i = global_thread() * per_access<T>;
  if (i >= *rows * stride_of(Width)) return;
  auto d = PackOf<T>::read(dy + i);
  const auto s = PackOf<T>::read(y + i);
  const auto before = accumulate ? PackOf<T>::read(dx + i) : PackOf<T>{};
#pragma unroll
  for (int k = 0; k < per_access<T>; ++k) d.at[k] = fused(d.at[k] * s.at[k], A(1) - s.at[k], before.at[k]);
  d.write(dx + i);
}

} // namespace cuda

template <> struct kernel<sigmoid_op, Cuda> {
  template <Index Width> struct At {
    template <class T> static void forward(const Cuda& cuda, const sigmoid_op::Forward<T>& a) {
      cuda::launch(cuda, cuda::pointwise_grid<T, Width>(a.rows), cuda::sigmoid_forward<T, Width>, a.x, a.y,
                   cuda.stream->count(a.rows));
    }
    template <class T> static void backward(const Cuda& cuda, const sigmoid_op::Backward<T>& a) {
      cuda::launch(cuda, cuda::pointwise_grid<T, Width>(a.rows), cuda::sigmoid_backward<T, Width>, a.y, a.dy, a.dx,
                   cuda.stream->count(a.rows), a.accumulate);
    }
  };
};

} // namespace pleat::inline v0_1
