#pragma once
/// \file  Linear layers on the CPU.

#include <pleat/backend/cpu/product.hpp>
#include <pleat/core/parameters.hpp>
#include <pleat/ops/linear.hpp>

namespace pleat::inline v0_1 {

template <> struct kernel<prepare_op, Cpu> {
  template <class T> static constexpr Index size(Index out, Index in) { return cpu::packed_size(out, in); }
  template <class T> static void run(const Cpu& cpu, T* form, const T* weight, Index out, Index in, bool transposed) {
    transposed ? cpu::pack_transposed(cpu, form, weight, out, in) : cpu::pack(cpu, form, weight, out, in);
  }
};

template <> struct kernel<linear_op, Cpu> {
  template <class T> static void forward(const Cpu& cpu, const linear_op::Forward<T>& a) {
    const cpu::Epilogue<T> epilogue{a.bias,   a.activation, a.before, a.residual,   false,
                                    a.addend, a.slope,      a.shift,  a.last_slope, a.last_shift};
    cpu::multiply(cpu, a.y, stride_of(a.out), a.x, stride_of(a.in), a.form, a.rows, a.out, a.in, epilogue);
  }
  template <class T> static void input_gradient(const Cpu& cpu, const linear_op::InputGradient<T>& a) {
    cpu::Epilogue<T> epilogue;
    epilogue.accumulate = a.accumulate;
    cpu::multiply(cpu, a.dx, stride_of(a.in), a.dy, stride_of(a.out), a.form, a.rows, a.in, a.out, epilogue);
  }
  template <class T> static void weight_gradient(const Cpu& cpu, const linear_op::WeightGradient<T>& a) {
    if (a.dweight != nullptr)
      cpu::multiply_rows_transposed(cpu, a.dweight, a.dy, stride_of(a.out), a.x, stride_of(a.in), a.rows, a.out, a.in, true);
    if (a.dbias != nullptr) cpu::sum_rows(cpu, a.dbias, a.dy, stride_of(a.out), a.rows, a.out, true);
  }
};

} // namespace pleat::inline v0_1
