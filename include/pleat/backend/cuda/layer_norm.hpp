#pragma once
/// \file  Layer normalisation on CUDA: a team of lanes for each row, whose elements stay in registers between the passes over it.

#include <pleat/backend/cuda/rows.hpp>
#include <pleat/ops/layer_norm.hpp>

namespace pleat::inline v0_1 {

namespace cuda {

/// Mean and 1 / standard deviation of the channels of a row that a team holds.
template <class Team> struct RowMoments {
  typename Team::A mean, scale;
  __device__ static RowMoments of(const typename Team::Values& v, int width, double epsilon) {
    using A = typename Team::A;
    A sum = 0, squares = 0;
#pragma unroll
    for (int i = 0; i < Team::values; ++i) sum += v.at[i]; // tails are zero
    const A mean = Team::sum(sum) / static_cast<A>(width);
#pragma unroll
    for (int i = 0; i < Team::values; ++i) {
      const A d = Team::is_channel(i) ? v.at[i] - mean : A(0);
      squares += d * d;
    }
    const A variance = Team::sum(squares) / static_cast<A>(width);
    return {mean, A(1) / square_root(variance + static_cast<A>(epsilon))};
  }
};

// Bytes a row: 2 strides and 2 moments. FLOPs a channel: 8.
template <class T, Index Width>
__global__ void __launch_bounds__(256)
    layer_norm_forward(const T* x, const T* gain, const T* bias, T* y, T* moments, const Index* row_count, double epsilon) {
  const Index rows = *row_count;
  using Team = RowTeam<T, Width>;
  const Index row = Team::row(), r = row < rows ? row : rows - 1;
  auto v = Team::read(x + r * Team::stride);
  const auto m = RowMoments<Team>::of(v, static_cast<int>(Width), epsilon);
  const auto g = Team::read(gain), b = Team::read(bias); // zero in the tail, so y is
#pragma unroll
  for (int i = 0; i < Team::values; ++i) v.at[i] = fused((v.at[i] - m.mean) * m.scale, g.at[i], b.at[i]);
  if (row >= rows) return;
  Team::write(y + r * Team::stride, v);
  if (moments != nullptr && thread() % Team::lanes == 0)
    moments[2 * r] = static_cast<T>(m.mean), moments[2 * r + 1] = static_cast<T>(m.scale);
}

/// The gradient that a normalised row passes on: scale (g - mean(g) - xhat mean(g xhat)), for g and xhat of this lane; 0 in the
/// tail.
template <class Team>
__device__ typename Team::Values through_norm(const typename Team::Values& g, const typename Team::Values& xhat,
                                              typename Team::A scale, int width) {
  using A = typename Team::A;
  A sum = 0, product = 0;
#pragma unroll
  for (int i = 0; i < Team::values; ++i) sum += g.at[i], product = fused(g.at[i], xhat.at[i], product);
  const A mean_g = Team::sum(sum) / static_cast<A>(width), mean_gx = Team::sum(product) / static_cast<A>(width);
  typename Team::Values d;
#pragma unroll
  for (int i = 0; i < Team::values; ++i) d.at[i] = Team::is_channel(i) ? scale * (g.at[i] - mean_g - xhat.at[i] * mean_gx) : A(0);
  return d;
}

// Bytes a row: 3 strides, 4 where it accumulates, and 2 moments. FLOPs a channel: 10.
template <class T, Index Width>
__global__ void __launch_bounds__(256) layer_norm_input_gradient(const T* x, const T* gain, const T* moments, const T* dy, T* dx,
                                                                 const Index* row_count, bool accumulate) {
  const Index rows = *row_count;
  using Team = RowTeam<T, Width>;
  using A = typename Team::A;
  const Index row = Team::row(), r = row < rows ? row : rows - 1;
  auto xhat = Team::read(x + r * Team::stride), g = Team::read(dy + r * Team::stride);
  const auto scale = static_cast<A>(moments[2 * r + 1]), mean = static_cast<A>(moments[2 * r]);
  const auto w = Team::read(gain); // zero in the tail, so g is
#pragma unroll
  for (int i = 0; i < Team::values; ++i) xhat.at[i] = (xhat.at[i] - mean) * scale, g.at[i] *= w.at[i];
  const auto d = through_norm<Team>(g, xhat, scale, static_cast<int>(Width));
  if (row < rows) Team::contribute(dx + r * Team::stride, d, accumulate);
}

// Partial sums over rows_of_sum rows for each channel: of dy xhat, then of dy. Bytes a row: 2 strides and 2 moments. FLOPs a
// channel: 5.
template <class T, Index Width>
__global__ void __launch_bounds__(256)
    layer_norm_gain_sums(const T* x, const T* moments, const T* dy, AccumulateOf<T>* partial, const Index* row_count) {
  const Index rows = *row_count;
  using A = AccumulateOf<T>;
  constexpr Index stride = stride_of(Width);
  const Index begin = block() * rows_of_sum, end = begin + rows_of_sum < rows ? begin + rows_of_sum : rows;
  for (Index c = thread(); c < stride; c += threads()) {
    A gain = 0, bias = 0;
    for (Index r = begin; r < end; ++r) {
      const A d = static_cast<A>(dy[r * stride + c]);
      gain = fused(d, (static_cast<A>(x[r * stride + c]) - static_cast<A>(moments[2 * r])) * static_cast<A>(moments[2 * r + 1]),
                   gain);
      bias += d;
    }
    partial[block() * 2 * stride + c] = gain, partial[(block() * 2 + 1) * stride + c] = bias;
  }
}
// The sums of the two halves, added to `dgain` and `dbias`. Bytes a part: 2 strides.
template <class A, class T>
__global__ void layer_norm_gain_finish(const A* partial, Index parts, Index stride, T* dgain, T* dbias) {
  const Index c = global_thread();
  if (c >= 2 * stride) return;
  T* const to = c < stride ? dgain : dbias;
  if (to == nullptr) return;
  A sum = 0;
  for (Index p = 0; p < parts; ++p) sum += partial[p * 2 * stride + c];
  to[c % stride] = static_cast<T>(static_cast<A>(to[c % stride]) + sum);
}

} // namespace cuda

template <> struct kernel<layer_norm_op, Cuda> {
  template <Index Width> struct At {
    template <class T> static void forward(const Cuda& cuda, const layer_norm_op::Forward<T>& a) {
      cuda::launch(cuda, cuda::RowTeam<T, Width>::grid(a.rows), cuda::layer_norm_forward<T, Width>, a.x, a.gain, a.bias, a.y,
                   a.moments, cuda.stream->count(a.rows), a.epsilon);
    }
    template <class T> static void backward(const Cuda& cuda, const layer_norm_op::Backward<T>& a) {
      if (a.dx != nullptr)
        cuda::launch(cuda, cuda::RowTeam<T, Width>::grid(a.rows), cuda::layer_norm_input_gradient<T, Width>, a.x, a.gain,
                     a.moments, a.dy, a.dx, cuda.stream->count(a.rows), a.accumulate);
      if (a.dgain == nullptr && a.dbias == nullptr) return;
      using A = cuda::AccumulateOf<T>;
      const Index parts = cuda::sums_of(a.rows), stride = stride_of(Width);
      A* const partial = cuda.stream->workspace<A>(parts * 2 * stride);
      cuda::launch(cuda, {parts, 256, 0}, cuda::layer_norm_gain_sums<T, Width>, a.x, a.moments, a.dy, partial,
                   cuda.stream->count(a.rows));
      cuda::launch(cuda, cuda::grid_for(2 * stride), cuda::layer_norm_gain_finish<A, T>, static_cast<const A*>(partial), parts,
                   stride, a.dgain, a.dbias);
    }
  };
};

} // namespace pleat::inline v0_1
