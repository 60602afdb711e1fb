#pragma once
/// \file  Vector channels scaled by a sigmoid of invariant rows: the only nonlinearity that turns with the structure.

#include <pleat/core/error.hpp>
#include <pleat/core/pass.hpp>
#include <pleat/core/symmetry.hpp>

namespace pleat::inline v0_1 {

struct vector_gate_op {
  template <class T> struct Forward {
    const T* v;    // (rows * 3, stride_of(width))
    const T* gate; // (rows, stride_of(width))
    T* y;          // (rows * 3, stride_of(width))
    Index rows, width;
  };
  template <class T> struct Backward {
    const T* v;    // (rows * 3, stride_of(width))
    const T* gate; // (rows, stride_of(width))
    const T* dy;   // (rows * 3, stride_of(width))
    T* dv;         // (rows * 3, stride_of(width)) or null
    T* dgate;      // (rows, stride_of(width)) or null
    Index rows, width;
    bool accumulate, accumulate_gate;
  };
};

/// y_ic = v_ic sigmoid(gate_ic) for vectors v (count, Width) and invariant gates (count, Width). Differentiable in both. Kept for
/// backward: both. Another number of rows in the gates is an error.
template <class Context, Index Width, class Space>
constexpr Rows<Context, Width, Equivariant<Space>> vector_gate(Context& run, const Rows<Context, Width, Equivariant<Space>>& v,
                                                               const Rows<Context, Width, Space>& gate) {
  using T = typename Context::Stream;
  const Index count = gate.count();
  if (v.count() != vector_components * count)
    fail("vector_gate got vectors of ", v.count() / vector_components, " rows and gates of ", count,
         ": make them of the same batch");
  auto y = run.template rows<Width, Equivariant<Space>>(vector_components * count);
  run.count(8.0 * static_cast<double>(count) * Width, 7.0 * sizeof(T) * static_cast<double>(count) * Width);
  if constexpr (Context::computes)
    KernelOf<vector_gate_op, Context, Width>::forward(run.device(),
                                                      vector_gate_op::Forward<T>{v.data(), gate.data(), y.data(), count, Width});
  if constexpr (Context::records) {
    if (run.recording() && (v.wants_gradient() || gate.wants_gradient())) {
      struct Backward {
        Kept<Width, Equivariant<Space>> v;
        Kept<Width, Space> gate;
        int output;
        void operator()(Context& run) const {
          auto vectors = run.take(v);
          auto gates = run.take(gate);
          auto dy = run.template take_gradient<Width, Equivariant<Space>>(output, v.count);
          if (!dy) return;
          auto dv = run.template contribute<Width>(v.value, v.count);
          auto dgate = run.template contribute<Width>(gate.value, gate.count);
          if constexpr (Context::computes)
            KernelOf<vector_gate_op, Context, Width>::backward(
                run.device(), vector_gate_op::Backward<T>{vectors.data(), gates.data(), dy.data(), dv.data, dgate.data,
                                                          gate.count, Width, dv.accumulate, dgate.accumulate});
        }
      };
      run.want(y);
      run.record(Backward{run.keep(v), run.keep(gate), y.value()});
    }
  }
  return y;
}

/// Gates of other rows than the vectors': refused in one sentence.
template <class Context, Index Width, class Space, class Other>
constexpr Rows<Context, Width, Equivariant<Space>> vector_gate(Context&, const Rows<Context, Width, Equivariant<Space>>& v,
                                                               const Rows<Context, Width, Other>&) {
  detail::require_invariant<Other>();
  if constexpr (detail::is_invariant<Other>) detail::refuse_mixed_spaces<Space, Other>();
  return v;
}

} // namespace pleat::inline v0_1
