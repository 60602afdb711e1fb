#pragma once
/// \file  Layer normalisation of vector channels on CUDA.

#include <pleat/backend/cuda/vector_norm.hpp>
#include <pleat/ops/vector_layer_norm.hpp>

namespace pleat::inline v0_1 {

namespace cuda {

/// Mean over the channels of max(|v_c|^2, least), the same bits in each lane of the team.
template <class Team>
__device__ typename Team::A mean_square_length(const typename Team::Values& square, typename Team::A least, int width) {
  using A = typename Team::A;
  A sum = 0;
#pragma unroll
  for (int i = 0; i < Team::values; ++i)
    if (Team::is_channel(i)) sum += least > square.at[i] ? least : square.at[i];
  return Team::sum(sum) / static_cast<A>(width);
}

// Bytes a row: 6 strides. FLOPs a channel: 10.
template <class T, Index Width>
__global__ void __launch_bounds__(256) vector_layer_norm_forward(const T* v, T* y, const Index* row_count, double least_square) {
  using Team = RowTeam<T, Width>;
  using A = typename Team::A;
  const Index rows = *row_count, at = Team::row(), r = at < rows ? at : rows - 1;
  auto row = VectorRow<Team>::read(v + 3 * r * Team::stride);
  const A scale = A(1) / square_root(mean_square_length<Team>(row.square, static_cast<A>(least_square), static_cast<int>(Width)));
  if (at >= rows) return;
#pragma unroll
  for (int k = 0; k < 3; ++k) {
#pragma unroll
    for (int i = 0; i < Team::values; ++i) row.at[k].at[i] *= scale;
    Team::write(y + (3 * r + k) * Team::stride, row.at[k]);
  }
}

// With m the mean square: dv_c = m^-1/2 (dy_c - [|v_c|^2 > least] v_c (sum of dy v) / (width m)). Bytes a row: 9 strides.
template <class T, Index Width>
__global__ void __launch_bounds__(256)
    vector_layer_norm_backward(const T* v, const T* dy, T* dv, const Index* row_count, double least_square, bool accumulate) {
  using Team = RowTeam<T, Width>;
  using A = typename Team::A;
  const Index rows = *row_count, at = Team::row(), r = at < rows ? at : rows - 1;
  const auto row = VectorRow<Team>::read(v + 3 * r * Team::stride);
  const A least = static_cast<A>(least_square), mean = mean_square_length<Team>(row.square, least, static_cast<int>(Width));
  typename Team::Values d[3];
  A along = 0;
#pragma unroll
  for (int k = 0; k < 3; ++k) {
    d[k] = Team::read(dy + (3 * r + k) * Team::stride);
#pragma unroll
    for (int i = 0; i < Team::values; ++i) along = fused(d[k].at[i], row.at[k].at[i], along);
  }
  const A scale = A(1) / square_root(mean), share = Team::sum(along) / (static_cast<A>(Width) * mean);
  if (at >= rows) return;
#pragma unroll
  for (int k = 0; k < 3; ++k) {
#pragma unroll
    for (int i = 0; i < Team::values; ++i)
      d[k].at[i] = scale * (d[k].at[i] - row.at[k].at[i] * (least < row.square.at[i] ? share : A(0)));
    Team::contribute(dv + (3 * r + k) * Team::stride, d[k], accumulate);
  }
}

} // namespace cuda

template <> struct kernel<vector_layer_norm_op, Cuda> {
  template <Index Width> struct At {
    template <class T> static void forward(const Cuda& cuda, const vector_layer_norm_op::Forward<T>& a) {
      cuda::launch(cuda, cuda::RowTeam<T, Width>::grid(a.rows), cuda::vector_layer_norm_forward<T, Width>, a.v, a.y,
                   cuda.stream->count(a.rows), a.least);
    }
    template <class T> static void backward(const Cuda& cuda, const vector_layer_norm_op::Backward<T>& a) {
      cuda::launch(cuda, cuda::RowTeam<T, Width>::grid(a.rows), cuda::vector_layer_norm_backward<T, Width>, a.v, a.dy, a.dv,
                   cuda.stream->count(a.rows), a.least, a.accumulate);
    }
  };
};

} // namespace pleat::inline v0_1
