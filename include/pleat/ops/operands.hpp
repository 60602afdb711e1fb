#pragma once
/// \file  What matrix products read of rows: the rows themselves, or a rounded copy where the precision has narrower operands.

#include <pleat/core/pass.hpp>

namespace pleat::inline v0_1 {

struct round_op {
  template <class T, class Operand> struct Forward {
    const T* x;  // (rows, stride)
    Operand* to; // (rows, stride), up to the capacity of the rows: zeros there
    Index rows, stride;
  };
};

namespace detail {

/// A rounded copy of rows, made anew.
template <class Context, Index Width, class Space>
constexpr auto rounded_copy(Context& run, const Rows<Context, Width, Space>& x) {
  using T = typename Context::Stream;
  using Operand = typename Context::Precision::Operand;
  auto copy = run.template buffer<Operand>(x.count(), stride_of(Width));
  run.count(0, static_cast<double>(sizeof(T) + sizeof(Operand)) * static_cast<double>(x.count()) * Width);
  if constexpr (Context::computes)
    KernelOf<round_op, Context>::forward(run.device(),
                                         round_op::Forward<T, Operand>{x.data(), run.data(copy), x.count(), stride_of(Width)});
  return copy;
}

/// What a product reads of an activation: rounded for the first product that asks, and kept for the others as long as the rows
/// live.
template <class Context, Index Width, class Space>
constexpr auto operands_of(Context& run, const Rows<Context, Width, Space>& x) {
  if constexpr (rounds_operands<typename Context::Precision>) {
    using Copy = Rows<Context, 1, typename Context::Precision::Operand>;
    if (const int made = run.operands(x.value()); made >= 0) {
      run.hold(made);
      return Copy(run, made, x.count() * stride_of(Width));
    }
    Copy copy = rounded_copy(run, x);
    run.set_operands(x.value(), copy.value());
    return copy;
  } else {
    return x;
  }
}
/// The same of a gradient, into whose block others may still add: never kept for others.
template <class Context, Index Width, class Space>
constexpr auto operands_of_gradient(Context& run, const Rows<Context, Width, Space>& dy) {
  if constexpr (rounds_operands<typename Context::Precision>)
    return rounded_copy(run, dy);
  else
    return dy;
}

/// Where they are.
template <class Context, Index Width, class Space>
auto operand_data(const Context& run, const Rows<Context, Width, Space>& operands) {
  return static_cast<const typename Context::Precision::Operand*>(run.address(operands.value()));
}

} // namespace detail

} // namespace pleat::inline v0_1
