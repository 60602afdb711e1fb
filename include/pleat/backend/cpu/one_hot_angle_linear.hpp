#pragma once
/// \file  Messages between one-hot edges on the CPU: what an edge sends by each slot is added up once, in the first-level cache
/// of its centre.
///
/// Bits: a row is one chain over its arcs in the order of the edges, each term one chain over the columns of its edge. The
/// gradient of the weight adds partial sums over fixed runs of centres in order. Neither depends on threads.

#include <algorithm>

#include <pleat/backend/cpu/angle_linear.hpp>
#include <pleat/ops/one_hot_angle_linear.hpp>

#define PLEAT_BODY <pleat/backend/cpu/body/one_hot_angle_linear.inl>
#include <pleat/backend/cpu/simd/for_each_level.inl>

namespace pleat::inline v0_1 {

template <> struct kernel<one_hot_angle_op, Cpu> {
  using Plan = one_hot_angle_op::Plan;
  static constexpr Index each = 32; ///< centres of one task of the forward pass

  template <class T> static void forward(const Cpu& cpu, const one_hot_angle_op::Forward<T>& a) {
    const Plan& plan = a.plan;
    T* const own = a.scratch + plan.form();
    simd::level();
    pack(cpu, a.scratch, a.weight, a.self, plan);
    cpu.pool->parallel_for_with_thread((plan.nodes + each - 1) / each, [&](Index task, int thread) {
      PLEAT_AT_LEVEL(
          one_hot_angle_forward<T>(a, task * each, (std::min)(plan.nodes, (task + 1) * each), own + thread * plan.own()));
    });
  }

  template <class T> static void backward(const Cpu& cpu, const one_hot_angle_op::Backward<T>& a) {
    const Plan& plan = a.plan;
    T *const own = a.scratch + plan.form(), *const partial = own + plan.threads * plan.own();
    simd::level();
    const bool trains = a.dweight != nullptr || a.dself != nullptr;
    if (a.dlength != nullptr) pack(cpu, a.scratch, a.weight, a.self, plan);
    if (trains || a.dlength != nullptr)
      cpu.pool->parallel_for_with_thread(plan.partials(), [&](Index task, int thread) {
        T* const sums = partial + task * plan.form();
        if (trains) std::fill(sums, sums + plan.form(), T(0));
        PLEAT_AT_LEVEL(one_hot_angle_backward<T>(a, task * plan.centres(), (std::min)(plan.nodes, (task + 1) * plan.centres()),
                                                 own + thread * plan.own(), trains ? sums : nullptr));
      });
    if (trains)
      cpu.parallel_for(plan.in, [&](Index i) {
        for (Index k = 0; k <= plan.slots; ++k) {
          T* const to = k < plan.slots ? a.dweight : a.dself;
          if (to == nullptr) continue;
          for (Index o = 0; o < plan.out; ++o) {
            T sum = 0;
            for (Index p = 0; p < plan.partials(); ++p) sum += partial[p * plan.form() + at(plan, i, k, o)];
            to[place(plan, i, k, o)] += sum;
          }
        }
      });
    const Index out = stride_of(plan.out);
    if (a.dbias != nullptr) cpu::sum_rows(cpu, a.dbias, a.dy, out, plan.edges, plan.out, true);
    if (a.dself_bias != nullptr) cpu::sum_rows(cpu, a.dself_bias, a.dy, out, plan.edges, plan.out, true);
  }

private:
  /// Where feature i adds to channel o of slot k (slot `slots`: the edge itself): in a form, and in the tensors.
  static constexpr Index at(const Plan& plan, Index i, Index k, Index o) {
    return i * plan.block() + k * stride_of(plan.out) + o;
  }
  static constexpr Index place(const Plan& plan, Index i, Index k, Index o) {
    return k < plan.slots ? o * stride_of(plan.slots * plan.in) + k * plan.in + i : o * stride_of(plan.in) + i;
  }
  template <class T> static void pack(const Cpu& cpu, T* form, const T* weight, const T* self, const Plan& plan) {
    cpu.parallel_for(plan.in, [&](Index i) {
      std::fill(form + i * plan.block(), form + (i + 1) * plan.block(), T(0));
      for (Index k = 0; k <= plan.slots; ++k)
        for (Index o = 0; o < plan.out; ++o) form[at(plan, i, k, o)] = (k < plan.slots ? weight : self)[place(plan, i, k, o)];
    });
  }
};

} // namespace pleat::inline v0_1
