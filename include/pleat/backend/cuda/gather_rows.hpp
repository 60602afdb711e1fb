#pragma once
/// \file  Rows of nodes at edges on CUDA.

#include <pleat/backend/cuda/listed_rows.hpp>
#include <pleat/ops/gather_rows.hpp>

namespace pleat::inline v0_1 {

namespace cuda {

// Bytes a row of an edge: up to 4 strides and 2 node numbers. FLOPs a channel: 3.
template <class T, Index Width>
__global__ void __launch_bounds__(256)
    gather_rows_forward(const T* at_source, const T* at_target, const T* at_edge, const std::int32_t* source,
                        const std::int32_t* target, T* y, const Index* edges, Index parts, T sign) {
  using Team = RowTeam<T, Width>;
  using A = typename Team::A;
  const Index row = Team::row();
  if (row >= *edges * parts) return;
  const Cell at = Cell::of(row, parts);
  typename Team::Values sum{};
  if (at_target != nullptr) sum = Team::read(at_target + (target[at.row] * parts + at.column) * Team::stride);
  if (at_source != nullptr) {
    const auto v = Team::read(at_source + (source[at.row] * parts + at.column) * Team::stride);
#pragma unroll
    for (int i = 0; i < Team::values; ++i) sum.at[i] = fused(static_cast<A>(sign), v.at[i], sum.at[i]);
  }
  if (at_edge != nullptr) {
    const auto v = Team::read(at_edge + row * Team::stride);
#pragma unroll
    for (int i = 0; i < Team::values; ++i) sum.at[i] += v.at[i];
  }
  Team::write(y + row * Team::stride, sum);
}

} // namespace cuda

template <> struct kernel<gather_rows_op, Cuda> {
  template <Index Width> struct At {
    template <class T> static void forward(const Cuda& cuda, const gather_rows_op::Forward<T>& a) {
      cuda::launch(cuda, cuda::bucket_grid(a.edges, a.parts * cuda::RowTeam<T, Width>::lanes),
                   cuda::gather_rows_forward<T, Width>, a.at_source, a.at_target, a.at_edge,
                   a.at_source != nullptr ? cuda.stream->view(a.source, a.edges) : nullptr,
                   a.at_target != nullptr ? cuda.stream->view(a.target, a.edges) : nullptr, a.y, cuda.stream->count(a.edges),
                   a.parts, a.sign);
    }
  };
};

} // namespace pleat::inline v0_1
