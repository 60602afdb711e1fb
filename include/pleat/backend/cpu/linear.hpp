#pragma once
/// \file  Linear layers and pointwise activations on the CPU.

#include <pleat/backend/cpu/product.hpp>
#include <pleat/core/parameters.hpp>
#include <pleat/ops/linear.hpp>

#define PLEAT_BODY <pleat/backend/cpu/body/activation.inl>
#include <pleat/backend/cpu/simd/for_each_level.inl>

namespace pleat::inline v0_1 {

template <> struct kernel<prepare_op, Cpu> {
  template <class T> static constexpr Index size(Index out, Index in) { return cpu::packed_size(out, in); }
  template <class T> static void run(const Cpu& cpu, T* form, const T* weight, Index out, Index in, bool transposed) {
    transposed ? cpu::pack_transposed(cpu, form, weight, out, in) : cpu::pack(cpu, form, weight, out, in);
  }
};

template <> struct kernel<linear_op, Cpu> {
  template <class T> static void forward(const Cpu& cpu, const linear_op::Forward<T>& a) {
    const cpu::Epilogue<T> epilogue{a.bias, static_cast<cpu::Activation>(a.activation), a.before, a.residual, false};
    cpu::multiply(cpu, a.y, stride_of(a.out), a.x, stride_of(a.in), static_cast<const T*>(a.form), a.rows, a.out, a.in, epilogue);
  }
  template <class T> static void input_gradient(const Cpu& cpu, const linear_op::InputGradient<T>& a) {
    cpu::Epilogue<T> epilogue;
    epilogue.accumulate = a.accumulate;
    cpu::multiply(cpu, a.dx, stride_of(a.in), a.dy, stride_of(a.out), static_cast<const T*>(a.form), a.rows, a.in, a.out, epilogue);
  }
  template <class T> static void weight_gradient(const Cpu& cpu, const linear_op::WeightGradient<T>& a) {
    cpu::multiply_rows_transposed(cpu, a.dweight, a.dy, stride_of(a.out), a.x, stride_of(a.in), a.rows, a.out, a.in, true);
    if (a.dbias != nullptr) cpu::sum_rows(cpu, a.dbias, a.dy, stride_of(a.out), a.rows, a.out, true);
  }
};

template <> struct kernel<activation_op, Cpu> {
  template <class T> static void forward(const Cpu& cpu, const activation_op::Forward<T>& a) {
    const Index chunk = 16384;
    cpu.parallel_for((a.elements + chunk - 1) / chunk, [&](Index task) {
      PLEAT_AT_LEVEL(activation_forward<T>(a, task * chunk, (std::min)(a.elements, (task + 1) * chunk)));
    });
  }
  template <class T> static void backward(const Cpu& cpu, const activation_op::Backward<T>& a) {
    const Index chunk = 16384;
    cpu.parallel_for((a.elements + chunk - 1) / chunk, [&](Index task) {
      PLEAT_AT_LEVEL(activation_backward<T>(a, task * chunk, (std::min)(a.elements, (task + 1) * chunk)));
    });
  }
};

} // namespace pleat::inline v0_1
