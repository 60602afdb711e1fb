#pragma once
/// \file  Rounded copies that products read in the place of floats, on CUDA.

#include <pleat/backend/cuda/rows.hpp>
#include <pleat/ops/operands.hpp>

namespace pleat::inline v0_1 {

namespace cuda {

// to = x rounded, 16 bytes of it a thread; zeros from element *rows stride on (`rows` null: none). Bytes an element: 6.
template <class T, class Operand>
__global__ void __launch_bounds__(256) round_elements(const T* x, Operand* to, const Index* rows, Index stride, Index elements) {
  constexpr int size = per_access<Operand>, pack = per_access<T>;
  static_assert(size % pack == 0);
  const Index at = global_thread() * size;
  if (at >= elements) return;
  const bool exists = rows == nullptr || at < *rows * stride;
  Pack<Operand> rounded;
#pragma unroll
  for (int p = 0; p < size / pack; ++p) {
    const Pack<T> moved = exists ? load(x + at + p * pack) : Pack<T>{};
#pragma unroll
    for (int i = 0; i < pack; ++i) rounded.at[p * pack + i] = Operand(moved.at[i]);
  }
  store(to + at, rounded);
}

} // namespace cuda

template <> struct kernel<round_op, Cuda> {
  template <class T, class Operand> static void forward(const Cuda& cuda, const round_op::Forward<T, Operand>& a) {
    const Index elements = capacity_of(a.rows) * a.stride;
    cuda::launch(cuda, cuda::grid_for(elements / cuda::per_access<Operand>), cuda::round_elements<T, Operand>, a.x, a.to,
                 cuda.stream->count(a.rows), a.stride, elements);
  }
};

} // namespace pleat::inline v0_1
