#pragma once
/// \file  Mixtures of rows on CUDA.

#include <pleat/backend/cuda/rows.hpp>
#include <pleat/ops/mix.hpp>

namespace pleat::inline v0_1 {

namespace cuda {

// Bytes a row: 3 strides. FLOPs a channel: 3.
template <class T, Index Width>
__global__ void __launch_bounds__(256) mix_forward(const T* x, const T* a, const T* e, const T* b, T* y, const Index* row_count) {
  const Index rows = *row_count;
  using Team = RowTeam<T, Width>;
  using A = typename Team::A;
  const Index r = Team::row();
  if (r >= rows) return;
  auto v = Team::read(x + r * Team::stride);
  const auto w = Team::read(e + r * Team::stride);
  const A p = static_cast<A>(a[r]), q = static_cast<A>(b[r]);
#pragma unroll
  for (int i = 0; i < Team::values; ++i) v.at[i] = fused(p, v.at[i], q * w.at[i]);
  Team::write(y + r * Team::stride, v);
}
// Bytes a row: 2 strides, 3 where it accumulates.
template <class T, Index Width>
__global__ void __launch_bounds__(256) mix_backward(const T* dy, const T* a, T* dx, const Index* row_count, bool accumulate) {
  const Index rows = *row_count;
  using Team = RowTeam<T, Width>;
  using A = typename Team::A;
  const Index r = Team::row();
  if (r >= rows) return;
  auto v = Team::read(dy + r * Team::stride);
  const A p = static_cast<A>(a[r]);
#pragma unroll
  for (int i = 0; i < Team::values; ++i) v.at[i] *= p;
  Team::contribute(dx + r * Team::stride, v, accumulate);
}

} // namespace cuda

template <> struct kernel<mix_op, Cuda> {
  template <Index Width> struct At {
    template <class T> static void forward(const Cuda& cuda, const mix_op::Forward<T>& a) {
      cuda::launch(cuda, cuda::RowTeam<T, Width>::grid(a.rows), cuda::mix_forward<T, Width>, a.x, a.a, a.e, a.b, a.y,
                   cuda.stream->count(a.rows));
    }
    template <class T> static void backward(const Cuda& cuda, const mix_op::Backward<T>& a) {
      cuda::launch(cuda, cuda::RowTeam<T, Width>::grid(a.rows), cuda::mix_backward<T, Width>, a.dy, a.a, a.dx,
                   cuda.stream->count(a.rows), a.accumulate);
    }
  };
};

} // namespace pleat::inline v0_1
