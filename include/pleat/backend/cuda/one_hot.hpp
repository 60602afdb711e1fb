#pragma once
/// \file  One-hot features on CUDA.

#include <pleat/backend/cuda/rows.hpp>
#include <pleat/ops/one_hot.hpp>

namespace pleat::inline v0_1 {

namespace cuda {

// Bytes a row: a stride, its columns and the last number.
template <class T, Index Width>
__global__ void __launch_bounds__(256)
    one_hot_forward(const std::int32_t* columns, const T* last, T* y, const Index* rows, Index hot) {
  using Team = RowTeam<T, Width>;
  const Index r = Team::row();
  if (r >= *rows) return;
  typename Team::Values v{};
  for (Index k = 0; k < hot; ++k) {
    const std::int32_t column = columns[r * hot + k];
#pragma unroll
    for (int i = 0; i < Team::values; ++i)
      if (Team::element(i) == column) v.at[i] = 1;
  }
  if (last != nullptr)
#pragma unroll
    for (int i = 0; i < Team::values; ++i)
      if (Team::element(i) == Width - 1) v.at[i] = static_cast<typename Team::A>(last[r * stride_of(1)]);
  Team::write(y + r * Team::stride, v);
}
// Bytes a row: a number, and a stride of one channel, two where it accumulates.
template <class T, Index Width>
__global__ void __launch_bounds__(256) one_hot_backward(const T* dy, T* dlast, const Index* rows, bool accumulate) {
  using Team = RowTeam<T, 1>;
  const Index r = Team::row();
  if (r >= *rows) return;
  typename Team::Values d{};
  if (thread() % Team::lanes == 0) d.at[0] = static_cast<typename Team::A>(dy[r * stride_of(Width) + Width - 1]);
  Team::contribute(dlast + r * Team::stride, d, accumulate);
}

} // namespace cuda

template <> struct kernel<one_hot_op, Cuda> {
  template <Index Width> struct At {
    template <class T> static void forward(const Cuda& cuda, const one_hot_op::Forward<T>& a) {
      cuda::launch(cuda, cuda::RowTeam<T, Width>::grid(a.rows), cuda::one_hot_forward<T, Width>,
                   cuda.stream->view(a.columns, a.rows * a.hot, capacity_of(a.rows) * a.hot), a.last, a.y,
                   cuda.stream->count(a.rows), a.hot);
    }
    template <class T> static void backward(const Cuda& cuda, const one_hot_op::Backward<T>& a) {
      cuda::launch(cuda, cuda::RowTeam<T, 1>::grid(a.rows), cuda::one_hot_backward<T, Width>, a.dy, a.dlast,
                   cuda.stream->count(a.rows), a.accumulate);
    }
  };
};

} // namespace pleat::inline v0_1
