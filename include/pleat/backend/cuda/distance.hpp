#pragma once
/// \file  Coordinates and lengths of edges on CUDA. A node gathers its gradient by a warp, whose lanes share out its edges.

#include <pleat/backend/cuda/topology.hpp>
#include <pleat/ops/distance.hpp>

namespace pleat::inline v0_1 {

namespace cuda {

// Bytes a row: a number and a stride.
template <class T, class Number>
__global__ void __launch_bounds__(256) coordinates_rows(const Number* from, T* to, const Index* row_count) {
  using Team = RowTeam<T, 1>;
  const Index r = Team::row();
  if (r < *row_count) put_number<Team::lanes>(to + r * Team::stride, static_cast<T>(from[r]));
}

// Bytes an edge: 6 numbers of nodes, a stride. FLOPs: 9.
template <class T>
__global__ void __launch_bounds__(256)
    distance_forward(const T* x, const std::int32_t* source, const std::int32_t* target, T* y, const Index* edge_count) {
  using Team = RowTeam<T, 1>;
  const Index e = Team::row();
  if (e >= *edge_count) return;
  T d[3];
  put_number<Team::lanes>(y + e * Team::stride, square_root(difference(x, source[e], target[e], d)));
}

/// Adds sign dy_e times the direction of edge e, which is none where its ends coincide.
template <class T> __device__ void add_direction(const T* x, Index u, Index v, T dy, T* sum) {
  T d[3];
  const T length = square_root(difference(x, u, v, d));
  if (!(length > T(0))) return;
  const T share = dy / length;
#pragma unroll
  for (int k = 0; k < 3; ++k) sum[k] = fused(share, d[k], sum[k]);
}
// Bytes an edge: twice 7 numbers. FLOPs: 30.
template <class T>
__global__ void __launch_bounds__(256)
    distance_backward(const T* x, const T* dy, const std::int32_t* source, const std::int32_t* target, const Index* incoming,
                      const Index* outgoing, const std::int32_t* leaving, T* dx, const Index* node_count, Index relations,
                      bool accumulate) {
  constexpr Index stride = stride_of(1);
  const Index v = global_thread() / warp_size;
  if (v >= *node_count) return;
  T sum[3] = {0, 0, 0};
  for (Index e = incoming[v * relations] + lane(); e < incoming[(v + 1) * relations]; e += warp_size)
    add_direction(x, source[e], v, -dy[e * stride], sum);
  for (Index k = outgoing[v] + lane(); k < outgoing[v + 1]; k += warp_size) {
    const Index e = leaving[k];
    add_direction(x, v, target[e], dy[e * stride], sum);
  }
#pragma unroll
  for (int k = 0; k < 3; ++k) put_number<warp_size>(dx + (3 * v + k) * stride, group_sum(sum[k]), accumulate);
}

} // namespace cuda

template <> struct kernel<coordinates_op, Cuda> {
  template <class T, class Number> static void forward(const Cuda& cuda, const coordinates_op::Forward<T, Number>& a) {
    if (a.rows == 0) return;
    cuda::launch(cuda, cuda::RowTeam<T, 1>::grid(a.rows), cuda::coordinates_rows<T, Number>, cuda.stream->send(a.from, a.rows),
                 a.to, cuda.stream->count(a.rows));
  }
};

template <> struct kernel<distance_op, Cuda> {
  template <class T> static void forward(const Cuda& cuda, const distance_op::Forward<T>& a) {
    const Index edges = a.graph.edge_count();
    cuda::launch(cuda, cuda::RowTeam<T, 1>::grid(edges), cuda::distance_forward<T>, a.x, cuda::device_view(cuda, a.graph.source),
                 cuda::device_view(cuda, a.graph.target), a.y, cuda.stream->count(edges));
  }
  template <class T> static void backward(const Cuda& cuda, const distance_op::Backward<T>& a) {
    const GraphTopology& g = a.graph;
    const Index nodes = g.node_count();
    cuda::launch(cuda, cuda::bucket_grid(nodes, cuda::warp_size), cuda::distance_backward<T>, a.x, a.dy,
                 cuda::device_view(cuda, g.source), cuda::device_view(cuda, g.target), cuda::incoming_of(cuda, g),
                 cuda::outgoing_of(cuda, g), cuda::device_view(cuda, g.leaving), a.dx, cuda.stream->count(nodes), g.relations,
                 a.accumulate);
  }
};

} // namespace pleat::inline v0_1
