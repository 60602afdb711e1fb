#pragma once
/// \file  Lengths of vector channels on CUDA: a team of lanes for each row, which has its three components.

#include <pleat/backend/cuda/rows.hpp>
#include <pleat/ops/vector_norm.hpp>

namespace pleat::inline v0_1 {

namespace cuda {

/// The components of the vectors of a row, and the squares of their lengths: 0 in the tail.
template <class Team> struct VectorRow {
  typename Team::Values at[3], square;
  template <class T> __device__ static VectorRow read(const T* v) {
    VectorRow row;
#pragma unroll
    for (int k = 0; k < 3; ++k) row.at[k] = Team::read(v + k * Team::stride);
#pragma unroll
    for (int i = 0; i < Team::values; ++i) {
      const auto x = row.at[0].at[i], y = row.at[1].at[i], z = row.at[2].at[i];
      row.square.at[i] = fused(z, z, fused(y, y, x * x));
    }
    return row;
  }
};

// Bytes a row: 4 strides. FLOPs a channel: 7.
template <class T, Index Width>
__global__ void __launch_bounds__(256) vector_norm_forward(const T* v, T* y, const Index* row_count, double least_square) {
  using Team = RowTeam<T, Width>;
  using A = typename Team::A;
  const Index r = Team::row();
  if (r >= *row_count) return;
  auto length = VectorRow<Team>::read(v + 3 * r * Team::stride).square;
  const A least = static_cast<A>(least_square);
#pragma unroll
  for (int i = 0; i < Team::values; ++i)
    length.at[i] = Team::is_channel(i) ? square_root(least > length.at[i] ? least : length.at[i]) : A(0);
  Team::write(y + r * Team::stride, length);
}

// dv = v dy / |v| where the clamp does not act. Bytes a row: 7 strides.
template <class T, Index Width>
__global__ void __launch_bounds__(256)
    vector_norm_backward(const T* v, const T* dy, T* dv, const Index* row_count, double least_square, bool accumulate) {
  using Team = RowTeam<T, Width>;
  using A = typename Team::A;
  const Index r = Team::row();
  if (r >= *row_count) return;
  auto row = VectorRow<Team>::read(v + 3 * r * Team::stride);
  auto slope = Team::read(dy + r * Team::stride);
  const A least = static_cast<A>(least_square);
#pragma unroll
  for (int i = 0; i < Team::values; ++i)
    slope.at[i] = least < row.square.at[i] ? slope.at[i] / square_root(row.square.at[i]) : A(0);
#pragma unroll
  for (int k = 0; k < 3; ++k) {
#pragma unroll
    for (int i = 0; i < Team::values; ++i) row.at[k].at[i] *= slope.at[i];
    Team::contribute(dv + (3 * r + k) * Team::stride, row.at[k], accumulate);
  }
}

} // namespace cuda

template <> struct kernel<vector_norm_op, Cuda> {
  template <Index Width> struct At {
    template <class T> static void forward(const Cuda& cuda, const vector_norm_op::Forward<T>& a) {
      cuda::launch(cuda, cuda::RowTeam<T, Width>::grid(a.rows), cuda::vector_norm_forward<T, Width>, a.v, a.y,
                   cuda.stream->count(a.rows), a.least);
    }
    template <class T> static void backward(const Cuda& cuda, const vector_norm_op::Backward<T>& a) {
      cuda::launch(cuda, cuda::RowTeam<T, Width>::grid(a.rows), cuda::vector_norm_backward<T, Width>, a.v, a.dy, a.dv,
                   cuda.stream->count(a.rows), a.least, a.accumulate);
    }
  };
};

} // namespace pleat::inline v0_1
