#pragma once
/// \file  Gated vector channels on CUDA: a team of lanes for each row, which has its three components.

#include <pleat/backend/cuda/rows.hpp>
#include <pleat/ops/vector_gate.hpp>

namespace pleat::inline v0_1 {

namespace cuda {

/// The gates of a row as shares of (0, 1).
template <class Team, class T> __device__ typename Team::Values opened(const T* gate) {
  using A = typename Team::A;
  auto open = Team::read(gate);
#pragma unroll
  for (int i = 0; i < Team::values; ++i) open.at[i] = A(1) / (A(1) + exponential(-open.at[i]));
  return open;
}

// Bytes a row: 7 strides. FLOPs a channel: 6 and an exponential. Vectors are zero in the tails, so results are.
template <class T, Index Width>
__global__ void __launch_bounds__(256) vector_gate_forward(const T* v, const T* gate, T* y, const Index* row_count) {
  using Team = RowTeam<T, Width>;
  const Index r = Team::row();
  if (r >= *row_count) return;
  const auto open = opened<Team>(gate + r * Team::stride);
#pragma unroll
  for (int k = 0; k < 3; ++k) {
    auto u = Team::read(v + (3 * r + k) * Team::stride);
#pragma unroll
    for (int i = 0; i < Team::values; ++i) u.at[i] *= open.at[i];
    Team::write(y + (3 * r + k) * Team::stride, u);
  }
}

// dv = dy open, dgate = (dy . v) open (1 - open). Bytes a row: 11 strides.
template <class T, Index Width>
__global__ void __launch_bounds__(256) vector_gate_backward(const T* v, const T* gate, const T* dy, T* dv, T* dgate,
                                                            const Index* row_count, bool accumulate, bool accumulate_gate) {
  using Team = RowTeam<T, Width>;
  using A = typename Team::A;
  const Index r = Team::row();
  if (r >= *row_count) return;
  const auto open = opened<Team>(gate + r * Team::stride);
  typename Team::Values along{};
#pragma unroll
  for (int k = 0; k < 3; ++k) {
    const Index at = (3 * r + k) * Team::stride;
    auto d = Team::read(dy + at);
    const auto u = Team::read(v + at);
#pragma unroll
    for (int i = 0; i < Team::values; ++i) along.at[i] = fused(d.at[i], u.at[i], along.at[i]), d.at[i] *= open.at[i];
    if (dv != nullptr) Team::contribute(dv + at, d, accumulate);
  }
  if (dgate == nullptr) return;
#pragma unroll
  for (int i = 0; i < Team::values; ++i) along.at[i] *= open.at[i] * (A(1) - open.at[i]);
  Team::contribute(dgate + r * Team::stride, along, accumulate_gate);
}

} // namespace cuda

template <> struct kernel<vector_gate_op, Cuda> {
  template <Index Width> struct At {
    template <class T> static void forward(const Cuda& cuda, const vector_gate_op::Forward<T>& a) {
      cuda::launch(cuda, cuda::RowTeam<T, Width>::grid(a.rows), cuda::vector_gate_forward<T, Width>, a.v, a.gate, a.y,
                   cuda.stream->count(a.rows));
    }
    template <class T> static void backward(const Cuda& cuda, const vector_gate_op::Backward<T>& a) {
      if (a.dv == nullptr && a.dgate == nullptr) return;
      cuda::launch(cuda, cuda::RowTeam<T, Width>::grid(a.rows), cuda::vector_gate_backward<T, Width>, a.v, a.gate, a.dy, a.dv,
                   a.dgate, cuda.stream->count(a.rows), a.accumulate, a.accumulate_gate);
    }
  };
};

} // namespace pleat::inline v0_1
