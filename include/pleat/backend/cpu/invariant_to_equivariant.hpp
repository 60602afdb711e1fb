#pragma once
/// \file  Vectors of nodes from scores of edges on the CPU: a node is summed, and a score's gradient formed, by one thread.

#include <algorithm>
#include <cmath>

#include <pleat/backend/cpu/device.hpp>
#include <pleat/ops/invariant_to_equivariant.hpp>

namespace pleat::inline v0_1 {

template <> struct kernel<invariant_to_equivariant_op, Cpu> {
  template <class T> static void forward(const Cpu& cpu, const invariant_to_equivariant_op::Forward<T>& a) {
    const GraphTopology& g = a.graph;
    each(cpu, g.node_count(), [&](Index v) {
      T sums[2][3] = {}; // of the edges out of v, and into it
      const Index out_begin = at(g.outgoing, v), out_end = at(g.outgoing, v + 1), in_begin = g.in_begin(v), in_end = g.in_end(v);
      for (Index k = out_begin; k < out_end; ++k) {
        const Index e = at(g.leaving, k);
        push(a, sums[0], v, at(g.target, e), e);
      }
      for (Index e = in_begin; e < in_end; ++e) push(a, sums[1], v, at(g.source, e), e);
      const Index loops = loops_at(g, v, a.loops), out = out_end - out_begin - loops, in = in_end - in_begin - loops;
      for (Index k = 0; k < 3; ++k) {
        T* y = a.y + (3 * v + k) * stride;
        std::fill(y, y + stride, T(0));
        if (out > 0) y[0] += sums[0][k] / T(out);
        if (in > 0) y[0] += sums[1][k] / T(in);
      }
    });
  }

  template <class T> static void backward(const Cpu& cpu, const invariant_to_equivariant_op::Backward<T>& a) {
    const GraphTopology& g = a.graph;
    each(cpu, a.of_pairs ? g.pair_count() : g.edge_count(), [&](Index s) {
      T sum = 0;
      if (a.of_pairs) { // the edges of a pair are met at its lower node
        const Index v = at(g.pair_first, s);
        for (Index e = g.in_begin(v); e < g.in_end(v); ++e)
          if (at(g.pair, e) == s) sum += pulled(a, e);
        for (Index k = at(g.outgoing, v); k < at(g.outgoing, v + 1); ++k)
          if (const Index e = at(g.leaving, k); at(g.pair, e) == s) sum += pulled(a, e);
      } else {
        sum = pulled(a, s);
      }
      T* d = a.dscore + s * stride;
      const T before = a.accumulate ? d[0] : T(0);
      std::fill(d, d + stride, T(0));
      d[0] = before + sum;
    });
  }

private:
  static constexpr Index stride = stride_of(1);
  template <class Span> static Index at(const Span& span, Index i) {
    return static_cast<Index>(span[static_cast<std::size_t>(i)]);
  }

  template <class Body> static void each(const Cpu& cpu, Index count, const Body& body) {
    const Index chunk = 256;
    cpu.parallel_for((count + chunk - 1) / chunk, [&](Index task) {
      for (Index i = task * chunk; i < (std::min)(count, (task + 1) * chunk); ++i) body(i);
    });
  }
  // How many edges from v to itself are not to count.
  static Index loops_at(const GraphTopology& g, Index v, SelfLoops loops) {
    Index count = 0;
    if (loops == SelfLoops::LeftOut)
      for (Index e = g.in_begin(v); e < g.in_end(v); ++e) count += at(g.source, e) == v ? 1 : 0;
    return count;
  }
  // n_ij = (x_i - x_j) / (|x_i - x_j| + least_length).
  template <class T> static void direction(const T* x, Index i, Index j, T* n) {
    T square = 0;
    for (Index k = 0; k < 3; ++k) {
      n[k] = x[(3 * i + k) * stride] - x[(3 * j + k) * stride];
      square += n[k] * n[k];
    }
    const T scale = T(1) / (std::sqrt(square) + T(least_length));
    for (Index k = 0; k < 3; ++k) n[k] *= scale;
  }
  // Adds n_vw times the score of edge e, which joins v and w.
  template <class T> static void push(const invariant_to_equivariant_op::Forward<T>& a, T* sum, Index v, Index w, Index e) {
    if (v == w) return;
    T n[3];
    direction(a.x, v, w, n);
    const T score = a.score[(a.of_pairs ? at(a.graph.pair, e) : e) * stride];
    for (Index k = 0; k < 3; ++k) sum[k] += n[k] * score;
  }
  // d loss / d score through edge e alone: n_uv . (dy_u / edges out of u - dy_v / edges into v).
  template <class T> static T pulled(const invariant_to_equivariant_op::Backward<T>& a, Index e) {
    const GraphTopology& g = a.graph;
    const Index u = at(g.source, e), v = at(g.target, e);
    if (u == v) return T(0);
    T n[3], sum = 0;
    direction(a.x, u, v, n);
    const T out = T(at(g.outgoing, u + 1) - at(g.outgoing, u) - loops_at(g, u, a.loops));
    const T in = T(g.in_end(v) - g.in_begin(v) - loops_at(g, v, a.loops));
    for (Index k = 0; k < 3; ++k) sum += n[k] * (a.dy[(3 * u + k) * stride] / out - a.dy[(3 * v + k) * stride] / in);
    return sum;
  }
};

} // namespace pleat::inline v0_1
