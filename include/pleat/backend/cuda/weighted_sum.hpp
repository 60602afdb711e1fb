#pragma once
/// \file  Sums of losses on CUDA: one warp.

#include <pleat/backend/cuda/launch.hpp>
#include <pleat/ops/weighted_sum.hpp>

namespace pleat::inline v0_1 {

namespace cuda {
// Bytes: 2 numbers, and a row of one channel.
template <class T> __global__ void weighted_sum_forward(const T* a, const T* b, T* y, double weight_a, double weight_b) {
  const int i = thread();
  if (i >= stride_of(1)) return;
  double sum = 0;
  if (i == 0 && a != nullptr) sum += weight_a * static_cast<double>(a[0]);
  if (i == 0 && b != nullptr) sum += weight_b * static_cast<double>(b[0]);
  y[i] = static_cast<T>(sum);
}
// Bytes: a number, and a row of one channel, two where it accumulates.
template <class T> __global__ void weighted_sum_backward(const T* dy, T* dx, double weight, bool accumulate) {
  const int i = thread();
  if (i >= stride_of(1)) return;
  const double d = i == 0 ? weight * static_cast<double>(dy[0]) : 0.0;
  dx[i] = static_cast<T>(accumulate ? static_cast<double>(dx[i]) + d : d);
}
} // namespace cuda

template <> struct kernel<weighted_sum_op, Cuda> {
  template <class T> static void forward(const Cuda& cuda, const weighted_sum_op::Forward<T>& a) {
    cuda::launch(cuda, {1, 32, 0}, cuda::weighted_sum_forward<T>, a.a, a.b, a.y, a.weight_a, a.weight_b);
  }
  template <class T> static void backward(const Cuda& cuda, const weighted_sum_op::Backward<T>& a) {
    cuda::launch(cuda, {1, 32, 0}, cuda::weighted_sum_backward<T>, a.dy, a.dx, a.weight, a.accumulate);
  }
};

} // namespace pleat::inline v0_1
