#pragma once
/// \file  Modulated layer normalisation and gated residuals on CUDA. Sums over a sequence are formed by one block for each block
/// of channels, so that they do not depend on the batch.

#include <pleat/backend/cuda/layer_norm.hpp>
#include <pleat/backend/cuda/segments.hpp>
#include <pleat/ops/adaptive_norm.hpp>

namespace pleat::inline v0_1 {

namespace cuda {

// Bytes a row: 2 strides (shift and scale stay in the cache) and 2 moments. FLOPs a channel: 9.
template <class T, Index Width>
__global__ void __launch_bounds__(256)
    adaptive_norm_forward(const T* x, const T* shift, const T* scale, T* y, T* moments, const Index* offsets,
                          const Index* sequence_count, const Index* row_count, double epsilon) {
  const Index rows = *row_count;
  const Index sequences = *sequence_count;
  using Team = RowTeam<T, Width>;
  using A = typename Team::A;
  const Index row = Team::row(), r = row < rows ? row : rows - 1, s = sequence_of(offsets, sequences, r);
  auto v = Team::read(x + r * Team::stride);
  const auto m = RowMoments<Team>::of(v, static_cast<int>(Width), epsilon);
  const auto by = Team::read(scale + s * Team::stride), plus = Team::read(shift + s * Team::stride);
#pragma unroll
  for (int i = 0; i < Team::values; ++i)
    v.at[i] = Team::is_channel(i) ? fused((v.at[i] - m.mean) * m.scale, A(1) + by.at[i], plus.at[i]) : A(0);
  if (row >= rows) return;
  Team::write(y + r * Team::stride, v);
  if (moments != nullptr && thread() % Team::lanes == 0)
    moments[2 * r] = static_cast<T>(m.mean), moments[2 * r + 1] = static_cast<T>(m.scale);
}

// Bytes a row: 3 strides, 4 where it accumulates, and 2 moments. FLOPs a channel: 11.
template <class T, Index Width>
__global__ void __launch_bounds__(256)
    adaptive_norm_input_gradient(const T* x, const T* scale, const T* moments, const T* dy, T* dx, const Index* offsets,
                                 const Index* sequence_count, const Index* row_count, bool accumulate) {
  const Index rows = *row_count;
  const Index sequences = *sequence_count;
  using Team = RowTeam<T, Width>;
  using A = typename Team::A;
  const Index row = Team::row(), r = row < rows ? row : rows - 1, s = sequence_of(offsets, sequences, r);
  auto xhat = Team::read(x + r * Team::stride), g = Team::read(dy + r * Team::stride);
  const auto by = Team::read(scale + s * Team::stride);
  const A mean = static_cast<A>(moments[2 * r]), deviation = static_cast<A>(moments[2 * r + 1]);
#pragma unroll
  for (int i = 0; i < Team::values; ++i) xhat.at[i] = (xhat.at[i] - mean) * deviation, g.at[i] *= A(1) + by.at[i];
  const auto d = through_norm<Team>(g, xhat, deviation, static_cast<int>(Width));
  if (row < rows) Team::contribute(dx + r * Team::stride, d, accumulate);
}

/// Adds to a number of a row, or overwrites it; nothing where the row is null.
template <class T> __device__ void contribute(T* to, AccumulateOf<T> value, bool accumulate) {
  if (to != nullptr) *to = static_cast<T>(accumulate ? static_cast<AccumulateOf<T>>(*to) + value : value);
}

// dshift_s = sum of dy, dscale_s = sum of dy xhat over the rows of sequence s: a warp for 32 channels of a sequence, rows in
// order. Bytes a row: 2 strides and 2 moments. FLOPs a channel: 5.
template <class T, Index Width>
__global__ void __launch_bounds__(256)
    adaptive_norm_modulation_gradient(const T* x, const T* moments, const T* dy, T* dshift, T* dscale, const Index* offsets,
                                      const Index* sequence_count, bool accumulate_shift, bool accumulate_scale) {
  const Index sequences = *sequence_count;
  using A = AccumulateOf<T>;
  constexpr Index stride = stride_of(Width);
  const Index i = global_thread(), s = i / stride, c = i % stride;
  if (s >= sequences) return;
  A shift = 0, scale = 0;
  for (Index r = offsets[s]; r < offsets[s + 1]; ++r) {
    const A d = static_cast<A>(dy[r * stride + c]);
    shift += d;
    scale = fused(d, (static_cast<A>(x[r * stride + c]) - static_cast<A>(moments[2 * r])) * static_cast<A>(moments[2 * r + 1]),
                  scale);
  }
  contribute(dshift == nullptr ? nullptr : dshift + i, shift, accumulate_shift);
  contribute(dscale == nullptr ? nullptr : dscale + i, scale, accumulate_scale);
}

// Bytes a row: 3 strides.
template <class T, Index Width>
__global__ void __launch_bounds__(256) gated_add_forward(const T* residual, const T* h, const T* gate, T* y, const Index* offsets,
                                                         const Index* sequence_count, const Index* row_count) {
  const Index rows = *row_count;
  const Index sequences = *sequence_count;
  using Team = RowTeam<T, Width>;
  const Index r = Team::row();
  if (r >= rows) return;
  auto v = Team::read(residual + r * Team::stride);
  const auto w = Team::read(h + r * Team::stride), g = Team::read(gate + sequence_of(offsets, sequences, r) * Team::stride);
#pragma unroll
  for (int i = 0; i < Team::values; ++i) v.at[i] = fused(g.at[i], w.at[i], v.at[i]);
  Team::write(y + r * Team::stride, v);
}
// Bytes a row: 2 strides, 3 where it accumulates (gates stay in the cache).
template <class T, Index Width>
__global__ void __launch_bounds__(256)
    gated_add_input_gradient(const T* gate, const T* dy, T* dh, const Index* offsets, const Index* sequence_count,
                             const Index* row_count, bool accumulate) {
  const Index rows = *row_count;
  const Index sequences = *sequence_count;
  using Team = RowTeam<T, Width>;
  const Index r = Team::row();
  if (r >= rows) return;
  auto v = Team::read(dy + r * Team::stride);
  const auto g = Team::read(gate + sequence_of(offsets, sequences, r) * Team::stride);
#pragma unroll
  for (int i = 0; i < Team::values; ++i) v.at[i] *= g.at[i];
  Team::contribute(dh + r * Team::stride, v, accumulate);
}
// Sums over the rows of a sequence, a thread for each channel. Bytes a row: 2 strides. FLOPs a channel: 2.
template <class T, Index Width>
__global__ void __launch_bounds__(256) gated_add_gate_gradient(const T* h, const T* dy, T* dgate, const Index* offsets,
                                                               const Index* sequence_count, bool accumulate) {
  const Index sequences = *sequence_count;
  using A = AccumulateOf<T>;
  constexpr Index stride = stride_of(Width);
  const Index i = global_thread(), s = i / stride, c = i % stride;
  if (s >= sequences) return;
  A sum = 0;
  for (Index r = offsets[s]; r < offsets[s + 1]; ++r)
    sum = fused(static_cast<A>(dy[r * stride + c]), static_cast<A>(h[r * stride + c]), sum);
  contribute(dgate + i, sum, accumulate);
}

} // namespace cuda

template <> struct kernel<adaptive_norm_op, Cuda> {
  template <Index Width> struct At {
    template <class T> static void forward(const Cuda& cuda, const adaptive_norm_op::Forward<T>& a) {
      const Index rows = a.segments.rows();
      cuda::launch(cuda, cuda::RowTeam<T, Width>::grid(rows), cuda::adaptive_norm_forward<T, Width>, a.x, a.shift, a.scale, a.y,
                   a.moments, cuda::offsets_of(cuda, a.segments), cuda.stream->count(a.segments.sequences()),
                   cuda.stream->count(rows), a.epsilon);
    }
    template <class T> static void backward(const Cuda& cuda, const adaptive_norm_op::Backward<T>& a) {
      const Index rows = a.segments.rows(), sequences = a.segments.sequences();
      const Index* const offsets = cuda::offsets_of(cuda, a.segments);
      if (a.dx != nullptr)
        cuda::launch(cuda, cuda::RowTeam<T, Width>::grid(rows), cuda::adaptive_norm_input_gradient<T, Width>, a.x, a.scale,
                     a.moments, a.dy, a.dx, offsets, cuda.stream->count(sequences), cuda.stream->count(rows), a.accumulate);
      if (a.dshift != nullptr || a.dscale != nullptr)
        cuda::launch(cuda, cuda::bucket_grid(sequences, stride_of(Width)), cuda::adaptive_norm_modulation_gradient<T, Width>, a.x,
                     a.moments, a.dy, a.dshift, a.dscale, offsets, cuda.stream->count(sequences), a.accumulate_shift,
                     a.accumulate_scale);
    }
  };
};

template <> struct kernel<gated_add_op, Cuda> {
  template <Index Width> struct At {
    template <class T> static void forward(const Cuda& cuda, const gated_add_op::Forward<T>& a) {
      const Index rows = a.segments.rows();
      cuda::launch(cuda, cuda::RowTeam<T, Width>::grid(rows), cuda::gated_add_forward<T, Width>, a.residual, a.h, a.gate, a.y,
                   cuda::offsets_of(cuda, a.segments), cuda.stream->count(a.segments.sequences()), cuda.stream->count(rows));
    }
    template <class T> static void backward(const Cuda& cuda, const gated_add_op::Backward<T>& a) {
      const Index rows = a.segments.rows(), sequences = a.segments.sequences();
      const Index* const offsets = cuda::offsets_of(cuda, a.segments);
      if (a.dh != nullptr)
        cuda::launch(cuda, cuda::RowTeam<T, Width>::grid(rows), cuda::gated_add_input_gradient<T, Width>, a.gate, a.dy, a.dh,
                     offsets, cuda.stream->count(sequences), cuda.stream->count(rows), a.accumulate);
      if (a.dgate != nullptr)
        cuda::launch(cuda, cuda::bucket_grid(sequences, stride_of(Width)), cuda::gated_add_gate_gradient<T, Width>, a.h, a.dy,
                     a.dgate, offsets, cuda.stream->count(sequences), a.accumulate_gate);
    }
  };
};

} // namespace pleat::inline v0_1
