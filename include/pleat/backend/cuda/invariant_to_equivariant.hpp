#pragma once
/// \file  Vectors of nodes from scores of edges on CUDA: a warp for each node, whose lanes share out its edges.

#include <pleat/backend/cuda/topology.hpp>
#include <pleat/ops/invariant_to_equivariant.hpp>

namespace pleat::inline v0_1 {

namespace cuda {

/// n_ij = (x_i - x_j) / (|x_i - x_j| + least_length).
template <class T> __device__ void direction(const T* x, Index i, Index j, T* n) {
  const T scale = T(1) / (square_root(difference(x, i, j, n)) + static_cast<T>(least_length));
#pragma unroll
  for (int k = 0; k < 3; ++k) n[k] *= scale;
}
/// Adds n_vw times a score.
template <class T> __device__ void push(const T* x, Index v, Index w, T score, T* sum) {
  T n[3];
  direction(x, v, w, n);
#pragma unroll
  for (int k = 0; k < 3; ++k) sum[k] = fused(n[k], score, sum[k]);
}

// Bytes an edge: twice 8 numbers. FLOPs: 40.
template <class T>
__global__ void __launch_bounds__(256)
    invariant_to_equivariant_forward(const T* score, const T* x, T* y, const std::int32_t* source, const std::int32_t* target,
                                     const std::int32_t* pair, const Index* incoming, const Index* outgoing,
                                     const std::int32_t* leaving, const Index* node_count, Index relations, bool of_pairs,
                                     bool loops_left_out) {
  constexpr Index stride = stride_of(1);
  const Index v = global_thread() / warp_size;
  if (v >= *node_count) return;
  const Index out_begin = outgoing[v], out_end = outgoing[v + 1], in_begin = incoming[v * relations],
              in_end = incoming[(v + 1) * relations];
  const auto score_of = [&](Index e) { return score[(of_pairs ? pair[e] : e) * stride]; };
  T from[3] = {0, 0, 0}, into[3] = {0, 0, 0}; // of the edges out of v, and into it
  int loops = 0;
  for (Index k = out_begin + lane(); k < out_end; k += warp_size) {
    const Index e = leaving[k], w = target[e];
    if (w != v) push(x, v, w, score_of(e), from);
  }
  for (Index e = in_begin + lane(); e < in_end; e += warp_size) {
    const Index u = source[e];
    if (u != v)
      push(x, v, u, score_of(e), into);
    else
      ++loops;
  }
  const Index none = loops_left_out ? group_sum(loops) : 0, out = out_end - out_begin - none, in = in_end - in_begin - none;
#pragma unroll
  for (int k = 0; k < 3; ++k) {
    const T a = group_sum(from[k]), b = group_sum(into[k]);
    put_number<warp_size>(y + (3 * v + k) * stride,
                          (out > 0 ? a / static_cast<T>(out) : T(0)) + (in > 0 ? b / static_cast<T>(in) : T(0)));
  }
}

// How many edges out of each node count, and into it: (nodes, 2). Bytes an edge: a node number, where loops are left out.
template <class T>
__global__ void __launch_bounds__(256)
    count_edges_of_nodes(const std::int32_t* source, const Index* incoming, const Index* outgoing, T* counts,
                         const Index* node_count, Index relations, bool loops_left_out) {
  const Index v = global_thread() / warp_size;
  if (v >= *node_count) return;
  const Index in_begin = incoming[v * relations], in_end = incoming[(v + 1) * relations];
  int loops = 0;
  if (loops_left_out)
    for (Index e = in_begin + lane(); e < in_end; e += warp_size) loops += source[e] == v ? 1 : 0;
  loops = group_sum(loops);
  if (lane() != 0) return;
  counts[2 * v] = static_cast<T>(outgoing[v + 1] - outgoing[v] - loops);
  counts[2 * v + 1] = static_cast<T>(in_end - in_begin - loops);
}

/// d loss / d score through edge e alone: n_uv . (dy_u / edges out of u - dy_v / edges into v).
template <class T> __device__ T pulled(const T* dy, const T* x, const T* counts, Index u, Index v) {
  constexpr Index stride = stride_of(1);
  if (u == v) return T(0);
  T n[3], sum = 0;
  direction(x, u, v, n);
  const T out = counts[2 * u], in = counts[2 * v + 1];
#pragma unroll
  for (int k = 0; k < 3; ++k) sum = fused(n[k], dy[(3 * u + k) * stride] / out - dy[(3 * v + k) * stride] / in, sum);
  return sum;
}

// A score for each edge, or for each pair, whose edges are met at its lower node; 16 lanes have a score. Bytes an edge: 14
// numbers; of pairs, the numbers of all edges of the node, too.
inline constexpr int lanes_of_score = 16;
template <class T>
__global__ void __launch_bounds__(256)
    invariant_to_equivariant_backward(const T* dy, const T* x, const T* counts, T* dscore, const std::int32_t* source,
                                      const std::int32_t* target, const std::int32_t* pair, const std::int32_t* pair_first,
                                      const Index* incoming, const Index* outgoing, const std::int32_t* leaving,
                                      const Index* score_count, Index relations, bool of_pairs, bool accumulate) {
  const Index s = global_thread() / lanes_of_score, mine = thread() % lanes_of_score;
  T sum = 0;
  const auto pull = [&](Index e) { sum += pulled(dy, x, counts, source[e], target[e]); };
  const bool exists = s < *score_count;
  if (exists && of_pairs) {
    const Index v = pair_first[s];
    for (Index e = incoming[v * relations] + mine; e < incoming[(v + 1) * relations]; e += lanes_of_score)
      if (pair[e] == s) pull(e);
    for (Index k = outgoing[v] + mine; k < outgoing[v + 1]; k += lanes_of_score)
      if (pair[leaving[k]] == s) pull(leaving[k]);
  } else if (exists && mine == 0) {
    pull(s);
  }
  sum = group_sum<lanes_of_score>(sum);
  if (exists) put_number<lanes_of_score>(dscore + s * stride_of(1), sum, accumulate);
}

} // namespace cuda

template <> struct kernel<invariant_to_equivariant_op, Cuda> {
  template <class T> static void forward(const Cuda& cuda, const invariant_to_equivariant_op::Forward<T>& a) {
    const GraphTopology& g = a.graph;
    const Index nodes = g.node_count();
    cuda::launch(cuda, cuda::bucket_grid(nodes, cuda::warp_size), cuda::invariant_to_equivariant_forward<T>, a.score, a.x, a.y,
                 cuda::device_view(cuda, g.source), cuda::device_view(cuda, g.target), cuda::device_view(cuda, g.pair),
                 cuda::incoming_of(cuda, g), cuda::outgoing_of(cuda, g), cuda::device_view(cuda, g.leaving),
                 cuda.stream->count(nodes), g.relations, a.of_pairs, a.loops == SelfLoops::LeftOut);
  }
  template <class T> static void backward(const Cuda& cuda, const invariant_to_equivariant_op::Backward<T>& a) {
    const GraphTopology& g = a.graph;
    const Index nodes = g.node_count(), scores = a.of_pairs ? g.pair_count() : g.edge_count();
    T* const counts = cuda.stream->workspace<T>(2 * nodes);
    cuda::launch(cuda, cuda::bucket_grid(nodes, cuda::warp_size), cuda::count_edges_of_nodes<T>,
                 cuda::device_view(cuda, g.source), cuda::incoming_of(cuda, g), cuda::outgoing_of(cuda, g), counts,
                 cuda.stream->count(nodes), g.relations, a.loops == SelfLoops::LeftOut);
    cuda::launch(cuda, cuda::bucket_grid(scores, cuda::lanes_of_score), cuda::invariant_to_equivariant_backward<T>, a.dy, a.x,
                 static_cast<const T*>(counts), a.dscore, cuda::device_view(cuda, g.source), cuda::device_view(cuda, g.target),
                 cuda::device_view(cuda, g.pair), cuda::device_view(cuda, g.pair_first), cuda::incoming_of(cuda, g),
                 cuda::outgoing_of(cuda, g), cuda::device_view(cuda, g.leaving), cuda.stream->count(scores), g.relations,
                 a.of_pairs, a.accumulate);
  }
};

} // namespace pleat::inline v0_1
