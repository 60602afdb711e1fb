#pragma once
/// \file  Sums over the edges of a node on the CPU: every output row has one owner, which gathers in the order of the edges.

#include <pleat/backend/cpu/device.hpp>
#include <pleat/backend/cpu/simd/lanes.hpp>
#include <pleat/ops/relational_sum.hpp>

#define PLEAT_BODY <pleat/backend/cpu/body/relational_sum.inl>
#include <pleat/backend/cpu/simd/for_each_level.inl>

namespace pleat::inline v0_1 {

template <> struct kernel<relational_sum_op, Cpu> {
  template <class T> static void forward(const Cpu& cpu, const relational_sum_op::Forward<T>& a) {
    const Index nodes = a.graph.node_count(), each = 64;
    simd::level();
    cpu.parallel_for((nodes + each - 1) / each, [&](Index task) {
      const Index end = (task + 1) * each < nodes ? (task + 1) * each : nodes;
      PLEAT_AT_LEVEL(relational_sum_forward<T>(a, task * each, end));
    });
  }
  template <class T> static void backward(const Cpu& cpu, const relational_sum_op::Backward<T>& a) {
    const Index rows = a.of_edges ? a.graph.edge_count() : a.graph.node_count(), each = a.of_edges ? 512 : 64;
    simd::level();
    cpu.parallel_for((rows + each - 1) / each, [&](Index task) {
      const Index end = (task + 1) * each < rows ? (task + 1) * each : rows;
      PLEAT_AT_LEVEL(relational_sum_backward<T>(a, task * each, end));
    });
  }
};

} // namespace pleat::inline v0_1
