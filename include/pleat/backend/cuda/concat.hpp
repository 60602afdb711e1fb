#pragma once
/// \file  Blocks of columns on CUDA.

#include <pleat/backend/cuda/columns.hpp>
#include <pleat/ops/concat.hpp>

namespace pleat::inline v0_1 {

namespace cuda {

// Bytes a row: a stride and a block; that after the last block, the tail.
template <class T, Index Width>
__global__ void __launch_bounds__(256) concat_forward(const T* x, T* y, const Index* rows, Index total, Index column) {
  using Team = RowTeam<T, Width>;
  const Index r = Team::row(), stride = stride_of(total);
  if (r >= *rows) return;
  ColumnTeam<T, Width>::write(y + r * stride + column, Team::read(x + r * Team::stride));
  if (column + Width == total) ColumnTeam<T, Width>::clear(y + r * stride, total, stride);
}
// Bytes a row: a block and a stride, another where it accumulates.
template <class T, Index Width>
__global__ void __launch_bounds__(256)
    concat_backward(const T* dy, T* dx, const Index* rows, Index total, Index column, bool accumulate) {
  using Team = RowTeam<T, Width>;
  const Index r = Team::row();
  if (r >= *rows) return;
  Team::contribute(dx + r * Team::stride, ColumnTeam<T, Width>::read(dy + r * stride_of(total) + column), accumulate);
}

} // namespace cuda

template <> struct kernel<concat_op, Cuda> {
  template <Index Width> struct At {
    template <class T> static void forward(const Cuda& cuda, const concat_op::Forward<T>& a) {
      cuda::launch(cuda, cuda::RowTeam<T, Width>::grid(a.rows), cuda::concat_forward<T, Width>, a.x, a.y,
                   cuda.stream->count(a.rows), a.total, a.column);
    }
    template <class T> static void backward(const Cuda& cuda, const concat_op::Backward<T>& a) {
      cuda::launch(cuda, cuda::RowTeam<T, Width>::grid(a.rows), cuda::concat_backward<T, Width>, a.dy, a.dx,
                   cuda.stream->count(a.rows), a.total, a.column, a.accumulate);
    }
  };
};

} // namespace pleat::inline v0_1
