#pragma once
/// \file  Sums of rows on CUDA.

#include <pleat/backend/cuda/pointwise.hpp>
#include <pleat/ops/add.hpp>

namespace pleat::inline v0_1 {

namespace cuda {
// Bytes an element: 3 (2 where b is null).
template <class T>
__global__ void __launch_bounds__(256) add_forward(const T* a, const T* b, T* y, const Index* rows, Index stride) {
  const Index i = global_thread() * per_access<T>;
  if (i >= *rows * stride) return;
  auto sum = PackOf<T>::read(a + i);
  if (b != nullptr) {
    const auto other = PackOf<T>::read(b + i);
#pragma unroll
    for (int k = 0; k < per_access<T>; ++k) sum.at[k] += other.at[k];
  }
  sum.write(y + i);
}
} // namespace cuda

template <> struct kernel<add_op, Cuda> {
  template <Index Width> struct At {
    template <class T> static void forward(const Cuda& cuda, const add_op::Forward<T>& a) {
      const Index rows = a.elements / stride_of(Width);
      cuda::launch(cuda, cuda::pointwise_grid<T, Width>(rows), cuda::add_forward<T>, a.a, a.b, a.y, cuda.stream->count(rows),
                   stride_of(Width));
    }
  };
};

} // namespace pleat::inline v0_1
