#pragma once
/// \file  Lengths of edges on the CPU.

#include <cmath>

#include <pleat/backend/cpu/device.hpp>
#include <pleat/ops/distance.hpp>

namespace pleat::inline v0_1 {

template <> struct kernel<coordinates_op, Cpu> {
  template <class T, class Number> static void forward(const Cpu&, const coordinates_op::Forward<T, Number>& a) {
    for (Index i = 0; i < a.rows; ++i) {
      T* to = a.to + i * stride_of(1);
      to[0] = T(a.from[i]);
      for (Index c = 1; c < stride_of(1); ++c) to[c] = T(0);
    }
  }
};

template <> struct kernel<distance_op, Cpu> {
  template <class T> static void forward(const Cpu& cpu, const distance_op::Forward<T>& a) {
    const Index edges = a.graph.edge_count(), each = 4096;
    cpu.parallel_for((edges + each - 1) / each, [&](Index task) {
      for (Index e = task * each; e < (std::min)(edges, (task + 1) * each); ++e) {
        T* to = a.y + e * stride_of(1);
        T d[3];
        to[0] = difference(a.x, a.graph, e, d);
        for (Index c = 1; c < stride_of(1); ++c) to[c] = T(0);
      }
    });
  }
  // A node gathers from its edges in, then from its edges out.
  template <class T> static void backward(const Cpu& cpu, const distance_op::Backward<T>& a) {
    const Index nodes = a.graph.node_count(), each = 256;
    cpu.parallel_for((nodes + each - 1) / each, [&](Index task) {
      for (Index v = task * each; v < (std::min)(nodes, (task + 1) * each); ++v) {
        T sum[3] = {0, 0, 0};
        for (Index e = a.graph.in_begin(v); e < a.graph.in_end(v); ++e) add(a, e, T(-1), sum);
        for (Index k = a.graph.outgoing[std::size_t(v)]; k < a.graph.outgoing[std::size_t(v) + 1]; ++k)
          add(a, a.graph.leaving[std::size_t(k)], T(1), sum);
        for (Index k = 0; k < vector_components; ++k) {
          T* to = a.dx + (vector_components * v + k) * stride_of(1);
          if (!a.accumulate)
            for (Index c = 0; c < stride_of(1); ++c) to[c] = T(0);
          to[0] += sum[k];
        }
      }
    });
  }

private:
  // d = x_source - x_target, returns its length.
  template <class T> static T difference(const T* x, const GraphTopology& graph, Index e, T* d) {
    const Index u = graph.source[std::size_t(e)], v = graph.target[std::size_t(e)];
    for (Index k = 0; k < vector_components; ++k)
      d[k] = x[(vector_components * u + k) * stride_of(1)] - x[(vector_components * v + k) * stride_of(1)];
    return std::sqrt(d[0] * d[0] + d[1] * d[1] + d[2] * d[2]);
  }
  template <class T> static void add(const distance_op::Backward<T>& a, Index e, T sign, T* sum) {
    T d[3];
    const T length = difference(a.x, a.graph, e, d);
    if (!(length > T(0))) return;
    const T share = sign * a.dy[e * stride_of(1)] / length;
    for (Index k = 0; k < vector_components; ++k) sum[k] += share * d[k];
  }
};

} // namespace pleat::inline v0_1
