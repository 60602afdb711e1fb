#pragma once
/// \file  Products of the ends of pairs on the CPU: a pair, and the gradient of a row, is formed by one thread.

#include <algorithm>

#include <pleat/backend/cpu/rows_of.hpp>
#include <pleat/backend/cpu/simd/lanes.hpp>
#include <pleat/ops/pair_product.hpp>

#define PLEAT_BODY <pleat/backend/cpu/body/pair_product.inl>
#include <pleat/backend/cpu/simd/for_each_level.inl>

namespace pleat::inline v0_1 {

template <> struct kernel<pair_product_op, Cpu> {
  template <class T> static void forward(const Cpu& cpu, const pair_product_op::Forward<T>& a) {
    const Index pairs = a.ends.pairs();
    cpu.parallel_for(cpu::tasks_of(pairs), [&](Index task) {
      PLEAT_AT_LEVEL(pair_product_forward<T>(a, cpu::first_row(task), cpu::last_row(task, pairs)));
    });
  }
  template <class T> static void backward(const Cpu& cpu, const pair_product_op::Backward<T>& a) {
    const Index rows = a.ends.rows(), each = 64;
    cpu.parallel_for((rows + each - 1) / each, [&](Index task) {
      PLEAT_AT_LEVEL(pair_product_backward<T>(a, task * each, (std::min)(rows, (task + 1) * each)));
    });
  }
};

} // namespace pleat::inline v0_1
