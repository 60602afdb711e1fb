#pragma once
/// \file  Relational convolution of one-hot nodes on the CPU.
///
/// Bits: a row is one chain over its edges in order. Gradients add the nodes in order, each thread for channels of its own.
/// Neither depends on threads.

#include <algorithm>

#include <pleat/backend/cpu/product.hpp>
#include <pleat/ops/one_hot_relational.hpp>

#define PLEAT_BODY <pleat/backend/cpu/body/one_hot_relational.inl>
#include <pleat/backend/cpu/simd/for_each_level.inl>

namespace pleat::inline v0_1 {

template <> struct kernel<one_hot_relational_op, Cpu> {
  using Plan = one_hot_relational_op::Plan;
  static constexpr Index each = 64;  ///< nodes of one task of the forward pass
  static constexpr Index slice = 64; ///< channels of one task of the backward pass

  template <class T> static void forward(const Cpu& cpu, const one_hot_relational_op::Forward<T>& a) {
    const Index nodes = a.graph.node_count(), stride = stride_of(a.plan.out);
    simd::level();
    cpu.parallel_for((a.plan.relations + 1) * a.plan.in, [&](Index row) {
      T* const to = a.form + row * stride;
      for (Index o = 0; o < a.plan.out; ++o) to[o] = tensor(a.plan, row, a.weight, a.self)[place(a.plan, row, o)];
      std::fill(to + a.plan.out, to + stride, T(0));
    });
    cpu.parallel_for((nodes + each - 1) / each, [&](Index task) {
      PLEAT_AT_LEVEL(one_hot_relational_forward<T>(a, task * each, (std::min)(nodes, (task + 1) * each)));
    });
  }
  template <class T> static void backward(const Cpu& cpu, const one_hot_relational_op::Backward<T>& a) {
    const Index stride = stride_of(a.plan.out), nodes = a.graph.node_count();
    simd::level();
    if (a.dweight != nullptr || a.dself != nullptr) {
      cpu.parallel_for((stride + slice - 1) / slice, [&](Index task) {
        const Index first = task * slice, last = (std::min)(stride, first + slice);
        for (Index row = 0; row < (a.plan.relations + 1) * a.plan.in; ++row)
          std::fill(a.form + row * stride + first, a.form + row * stride + last, T(0));
        PLEAT_AT_LEVEL(one_hot_relational_backward<T>(a, first, last));
      });
      cpu.parallel_for((a.plan.relations + 1) * a.plan.in, [&](Index row) {
        T* const to = tensor(a.plan, row, a.dweight, a.dself);
        if (to == nullptr) return;
        for (Index o = 0; o < a.plan.out; ++o) to[place(a.plan, row, o)] += a.form[row * stride + o];
      });
    }
    if (a.dbias != nullptr) cpu::sum_rows(cpu, a.dbias, a.dy, stride, nodes, a.plan.out, true);
    if (a.dself_bias != nullptr) cpu::sum_rows(cpu, a.dself_bias, a.dy, stride, nodes, a.plan.out, true);
  }

private:
  /// Row `row` = (relation, feature) of the form lies in `weight`, the last relation in `self`.
  template <class T> static T* tensor(const Plan& plan, Index row, T* weight, T* self) {
    return row < plan.relations * plan.in ? weight : self;
  }
  static constexpr Index place(const Plan& plan, Index row, Index o) {
    const Index all = plan.relations * plan.in;
    return row < all ? o * stride_of(all) + row : o * stride_of(plan.in) + row - all;
  }
};

} // namespace pleat::inline v0_1
