#pragma once
/// \file  y = act(x W^T + b) + residual: the matrix product with what can be folded into its store.

#include <pleat/core/symmetry.hpp>
#include <pleat/ops/activation.hpp>
#include <pleat/ops/operands.hpp>

namespace pleat::inline v0_1 {

// T is the type of rows and parameters, Operand what products read: it may be narrower.
struct linear_op {
  template <class T, class Operand = T> struct Forward {
    const Operand* x;    // (rows, stride_of(in))
    const Operand* form; // prepared weight
    const T* bias;       // (out) or null
    const T* residual;   // (rows, stride_of(out)), added last, or null
    T* y;                // (rows, stride_of(out))
    T* before;           // (rows, stride_of(out)) the value before the activation, or null
    Index rows, out, in;
    Activation activation;
    const T* addend = nullptr;                            // (rows, stride_of(out)), added to the product, or null
    const T *slope = nullptr, *shift = nullptr;           // (out) slope v + shift before the activation, or null
    const T *last_slope = nullptr, *last_shift = nullptr; // (out) the same of what is stored, or null
  };
  template <class T, class Operand = T> struct InputGradient {
    const Operand* dy;   // (rows, stride_of(out))
    const Operand* form; // prepared weight, transposed
    T* dx;               // (rows, stride_of(in))
    Index rows, out, in;
    bool accumulate;
  };
  template <class T, class Operand = T> struct WeightGradient {
    const T* dy;                // (rows, stride_of(out)), what the bias sums
    const Operand* dy_operands; // dy as products read it
    const Operand* x;           // (rows, stride_of(in))
    T* dweight;                 // (out, stride_of(in)), added to, or null
    T* dbias;                   // (out), added to, or null
    Index rows, out, in;
  };
};

namespace detail {

template <class Context, Index Width, class Space>
using OperandsOf = decltype(operands_of_gradient(std::declval<Context&>(), std::declval<const Rows<Context, Width, Space>&>()));
template <class Context, Index Width, class Space>
using OperandsKept = std::conditional_t<rounds_operands<typename Context::Precision>,
                                        Kept<1, typename Context::Precision::Operand>, Kept<Width, Space>>;

template <class Context, Index Out, Index In, class Space> struct LinearBackward {
  Matrix<Out, In> weight;
  Vector<Out> bias;
  OperandsKept<Context, In, Space> x;
  Kept<Out, Space> before;
  int input, output, residual;
  Index count;
  Activation activation;

  void operator()(Context& run) const {
    using T = typename Context::Stream;
    using Operand = typename Context::Precision::Operand;
    auto x_rows = run.take(x);
    auto before_rows = before.value >= 0 ? run.take(before) : Rows<Context, Out, Space>{};
    auto dy = run.template take_gradient<Out, Space>(output, count);
    if (!dy) return;
    if (residual >= 0 && activation != Activation::None) add_residual(run, dy);
    if constexpr (Context::computes) {
      if (activation != Activation::None)
        KernelOf<activation_op, Context, Out>::backward(
            run.device(),
            activation_op::Backward<T>{before_rows.data(), dy.data(), dy.data(), count * stride_of(Out), activation, false});
    }
    before_rows = {};
    const bool trains_bias = bias.offset >= 0 && run.trains(bias), wants_input = run.wants(input);
    {
      auto operands = run.trains(weight) || wants_input ? operands_of_gradient(run, dy) : OperandsOf<Context, Out, Space>{};
      if constexpr (Context::computes)
        if (run.trains(weight) || trains_bias)
          KernelOf<linear_op, Context, Out, In>::weight_gradient(
              run.device(), linear_op::WeightGradient<T, Operand>{
                                dy.data(), run.trains(weight) ? operand_data(run, operands) : nullptr, operand_data(run, x_rows),
                                run.trains(weight) ? run.gradient(weight) : nullptr, trains_bias ? run.gradient(bias) : nullptr,
                                count, Out, In});
      x_rows = {};
      if (auto dx = run.template contribute<In>(input, count)) {
        if constexpr (Context::computes)
          KernelOf<linear_op, Context, Out, In>::input_gradient(
              run.device(), linear_op::InputGradient<T, Operand>{operand_data(run, operands), run.prepared(weight, true), dx.data,
                                                                 count, Out, In, dx.accumulate});
      }
    }
    run.count(4.0 * static_cast<double>(count) * Out * In, 0);
    if (residual >= 0 && activation == Activation::None) add_residual(run, dy);
  }

  // Without an activation dy is no longer needed here, so the residual usually takes the whole block over.
  void add_residual(Context& run, Rows<Context, Out, Space>& dy) const {
    using T = typename Context::Stream;
    if (activation == Activation::None && run.hand_on(dy, residual)) return;
    if (auto sum = run.template contribute<Out>(residual, count)) {
      if constexpr (Context::computes)
        KernelOf<activation_op, Context, Out>::backward(
            run.device(),
            activation_op::Backward<T>{dy.data(), dy.data(), sum.data, count * stride_of(Out), Activation::None, sum.accumulate});
    }
  }
};

template <class Context, Index Out, Index In, class Space>
constexpr Rows<Context, Out, Space> linear(Context& run, const Matrix<Out, In>& weight, const Vector<Out>& bias,
                                           const Rows<Context, In, Space>& x, Activation activation,
                                           const Rows<Context, Out, Space>* residual) {
  using T = typename Context::Stream;
  using Operand = typename Context::Precision::Operand;
  const Index count = x.count();
  if (residual != nullptr && residual->count() != count)
    fail("linear_add: ", count, " rows are to be added to a residual of ", residual->count(), " rows; both must have as many.");
  const bool recorded = run.recording() && (run.trains(weight) || (bias.offset >= 0 && run.trains(bias)) || x.wants_gradient() ||
                                            (residual != nullptr && residual->wants_gradient()));
  auto operands = operands_of(run, x);
  auto y = run.template rows<Out, Space>(count);
  const bool keeps_before = recorded && activation != Activation::None;
  Rows<Context, Out, Space> before;
  if (keeps_before) before = run.template rows<Out, Space>(count);
  const auto n = static_cast<double>(count);
  run.count(2.0 * n * Out * In, static_cast<double>(sizeof(T)) * (n * (In + Out) + static_cast<double>(Out) * In));
  if constexpr (Context::computes) {
    KernelOf<linear_op, Context, Out, In>::forward(
        run.device(), linear_op::Forward<T, Operand>{operand_data(run, operands), run.prepared(weight, false),
                                                     bias.offset >= 0 ? run.data(bias) : nullptr,
                                                     residual != nullptr ? residual->data() : nullptr, y.data(),
                                                     keeps_before ? before.data() : nullptr, count, Out, In, activation});
  }
  if constexpr (Context::records) {
    if (recorded) {
      run.want(y);
      run.record(LinearBackward<Context, Out, In, Space>{
          weight, bias, run.keep(operands), keeps_before ? run.keep(before) : Kept<Out, Space>{}, x.value(), y.value(),
          residual != nullptr ? residual->value() : -1, count, activation});
    }
  }
  return y;
}

} // namespace detail

/// y (count, Out) = act(x W^T + b) for x (count, In), weight (Out, In), bias (Out). A bias with a negative offset is none.
/// Differentiable in all three. Kept for backward: x, and with an activation the value before it.
template <class Context, Index Out, Index In, class Space>
constexpr Rows<Context, Out, Space> linear(Context& run, const Matrix<Out, In>& weight, const Vector<Out>& bias,
                                           const Rows<Context, In, Space>& x, Activation activation = Activation::None) {
  detail::require_invariant<Space>();
  return detail::linear<Context, Out, In, Space>(run, weight, bias, x, activation, nullptr);
}

/// y (count, Out) = x W^T without bias and activation. It mixes channels and so may act on vectors as well: for rows of
/// `Equivariant<Space>` it is applied to each of the three components, which commutes with every rotation. Kept for backward: x.
template <class Context, Index Out, Index In, class Space>
constexpr Rows<Context, Out, Space> linear(Context& run, const Matrix<Out, In>& weight, const Rows<Context, In, Space>& x) {
  detail::require_no_positions<Space>();
  return detail::linear<Context, Out, In, Space>(run, weight, Vector<Out>{-1}, x, Activation::None, nullptr);
}

/// y (count, Out) = x W^T + residual (count, Out), of invariant rows or of vectors. Kept for backward: x.
template <class Context, Index Out, Index In, class Space>
constexpr Rows<Context, Out, Space> linear_add(Context& run, const Matrix<Out, In>& weight, const Rows<Context, In, Space>& x,
                                               const Rows<Context, Out, Space>& residual) {
  detail::require_no_positions<Space>();
  return detail::linear<Context, Out, In, Space>(run, weight, Vector<Out>{-1}, x, Activation::None, &residual);
}

/// y (count, Out) = x W^T + b + residual (count, Out). Residual and x have as many rows, or the call is refused. Kept for
/// backward: x.
template <class Context, Index Out, Index In, class Space>
constexpr Rows<Context, Out, Space> linear_add(Context& run, const Matrix<Out, In>& weight, const Vector<Out>& bias,
                                               const Rows<Context, In, Space>& x, const Rows<Context, Out, Space>& residual) {
  detail::require_invariant<Space>();
  return detail::linear<Context, Out, In, Space>(run, weight, bias, x, Activation::None, &residual);
}

/// What follows a product at inference, in its store: y = last(relu(first(x W^T + b + addend)) + residual), where `first` and
/// `last` are batch norms (fold_batch_norm). All are optional; handles outlive the call.
template <class Context, Index Out, class Space> struct FoldedStore {
  using Folded = Rows<Context, 1, typename Context::Stream>; ///< slope, then shift
  const Rows<Context, Out, Space>* addend = nullptr;
  const Folded* first = nullptr;
  const Rows<Context, Out, Space>* residual = nullptr;
  const Folded* last = nullptr;
};

/// y (count, Out) = last(relu(first(x W^T + b + addend)) + residual), at inference only.
template <class Context, Index Out, Index In, class Space>
constexpr Rows<Context, Out, Space> linear_folded(Context& run, const Matrix<Out, In>& weight, const Vector<Out>& bias,
                                                  const Rows<Context, In, Space>& x,
                                                  const FoldedStore<Context, Out, Space>& store) {
  detail::require_invariant<Space>();
  using T = typename Context::Stream;
  using Operand = typename Context::Precision::Operand;
  const Index count = x.count();
  if (run.recording()) fail("linear_folded: batch norm is folded at inference only; call batch_norm while training");
  const Rows<Context, Out, Space>* const added[] = {store.addend, store.residual};
  for (const auto* rows : added)
    if (rows != nullptr && rows->count() != count)
      fail("linear_folded: ", count, " rows and an addend or residual of ", rows->count(), " rows; both must have as many");
  auto operands = detail::operands_of(run, x);
  auto y = run.template rows<Out, Space>(count);
  const auto n = static_cast<double>(count);
  run.count(2.0 * n * Out * In, static_cast<double>(sizeof(T)) * (n * (In + Out) + static_cast<double>(Out) * In));
  if constexpr (Context::computes) {
    const T* const first = store.first != nullptr ? run.data(*store.first) : nullptr;
    const T* const last = store.last != nullptr ? run.data(*store.last) : nullptr;
    constexpr Index stride = stride_of(Out);
    KernelOf<linear_op, Context, Out, In>::forward(
        run.device(), linear_op::Forward<T, Operand>{
                          detail::operand_data(run, operands), run.prepared(weight, false), run.data(bias),
                          store.residual != nullptr ? store.residual->data() : nullptr, y.data(), nullptr, count, Out, In,
                          Activation::Relu, store.addend != nullptr ? store.addend->data() : nullptr, first,
                          first != nullptr ? first + stride : nullptr, last, last != nullptr ? last + stride : nullptr});
  }
  return y;
}

/// Rows of two kinds: refused in one sentence.
template <class Context, Index Out, Index In, class A, class B>
constexpr Rows<Context, Out, B> linear_add(Context&, const Matrix<Out, In>&, const Vector<Out>&, const Rows<Context, In, A>&,
                                           const Rows<Context, Out, B>& residual) {
  detail::refuse_mixed_spaces<A, B>();
  return residual;
}

} // namespace pleat::inline v0_1
