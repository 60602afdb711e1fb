#pragma once
/// \file  Layer normalisation modulated by sequence, and gated residuals: the two halves of AdaLN-zero (Peebles, Xie 2022,
/// "DiT").

#include <pleat/core/error.hpp>
#include <pleat/core/symmetry.hpp>
#include <pleat/ops/add.hpp>

namespace pleat::inline v0_1 {

struct adaptive_norm_op {
  template <class T> struct Forward {
    const T* x;     // (rows, stride_of(width))
    const T* shift; // (sequences, stride_of(width))
    const T* scale; // (sequences, stride_of(width))
    T* y;           // (rows, stride_of(width))
    T* moments;     // (rows, 2) mean and 1 / standard deviation, or null
    Segments segments;
    Index width;
    double epsilon;
  };
  template <class T> struct Backward {
    const T* x;       // (rows, stride_of(width))
    const T* scale;   // (sequences, stride_of(width))
    const T* moments; // (rows, 2)
    const T* dy;      // (rows, stride_of(width))
    T* dx;            // (rows, stride_of(width)) or null
    T* dshift;        // (sequences, stride_of(width)) or null
    T* dscale;        // (sequences, stride_of(width)) or null
    Segments segments;
    Index width;
    bool accumulate, accumulate_shift, accumulate_scale;
  };
};

struct gated_add_op {
  template <class T> struct Forward {
    const T* residual; // (rows, stride_of(width))
    const T* h;        // (rows, stride_of(width))
    const T* gate;     // (sequences, stride_of(width))
    T* y;              // (rows, stride_of(width))
    Segments segments;
    Index width;
  };
  template <class T> struct Backward {
    const T* h;    // (rows, stride_of(width))
    const T* gate; // (sequences, stride_of(width))
    const T* dy;   // (rows, stride_of(width))
    T* dh;         // (rows, stride_of(width)) or null
    T* dgate;      // (sequences, stride_of(width)) or null
    Segments segments;
    Index width;
    bool accumulate, accumulate_gate;
  };
};

namespace detail {
constexpr void require_sequences(const char* op, const Segments& segments, Index rows, Index sequences) {
  if (segments.rows() != rows || segments.sequences() != sequences)
    fail(op, " got ", rows, " rows and ", sequences, " conditioning rows for segments of ", segments.rows(), " rows in ",
         segments.sequences(), " sequences: make them of the same batch");
}
} // namespace detail

/// y_i = (x_i - mean_i) / sqrt(var_i + epsilon) * (1 + scale_s) + shift_s for the rows i of sequence s; shift and scale
/// (sequences, Width). Counts that do not fit `segments` are an error; its offsets must outlive the pass. Kept for backward: x,
/// scale, and two numbers per row.
template <class Context, Index Width>
constexpr Rows<Context, Width, Token>
adaptive_norm(Context& run, const Rows<Context, Width, Token>& x, const Rows<Context, Width, Sequence>& shift,
              const Rows<Context, Width, Sequence>& scale, const Segments& segments, double epsilon = 1e-5) {
  using T = typename Context::Stream;
  const Index count = x.count();
  detail::require_sequences("adaptive_norm", segments, count, shift.count());
  detail::require_sequences("adaptive_norm", segments, count, scale.count());
  const bool recorded = run.recording() && (x.wants_gradient() || shift.wants_gradient() || scale.wants_gradient());
  auto y = run.template rows<Width, Token>(count);
  auto moments = run.template buffer<T>(recorded ? count : 0, 2);
  run.count(9.0 * static_cast<double>(count) * Width, 2.0 * sizeof(T) * static_cast<double>(count) * Width);
  if constexpr (Context::computes)
    KernelOf<adaptive_norm_op, Context, Width>::forward(
        run.device(), adaptive_norm_op::Forward<T>{x.data(), shift.data(), scale.data(), y.data(),
                                                   recorded ? run.data(moments) : nullptr, segments, Width, epsilon});
  if constexpr (Context::records) {
    if (recorded) {
      struct Backward {
        Kept<Width, Token> x;
        Kept<Width, Sequence> scale;
        Kept<1, T> moments;
        int input, shift_input, scale_input, output;
        Segments segments;
        void operator()(Context& run) const {
          auto x_rows = run.take(x);
          auto scale_rows = run.take(scale);
          auto saved = run.take(moments);
          auto dy = run.template take_gradient<Width, Token>(output, x.count);
          if (!dy) return;
          // The same rows may serve as shift and as scale: then the second contribution must find the first one written.
          auto dx = run.template contribute<Width>(input, x.count);
          auto dshift = run.template contribute<Width>(shift_input, scale.count);
          auto dscale = run.template contribute<Width>(scale_input, scale.count);
          if constexpr (Context::computes)
            KernelOf<adaptive_norm_op, Context, Width>::backward(
                run.device(),
                adaptive_norm_op::Backward<T>{x_rows.data(), scale_rows.data(), run.data(saved), dy.data(), dx.data, dshift.data,
                                              dscale.data, segments, Width, dx.accumulate, dshift.accumulate, dscale.accumulate});
        }
      };
      run.want(y);
      run.record(Backward{run.keep(x), run.keep(scale), run.keep(moments), x.value(), shift.value(), scale.value(), y.value(),
                          segments});
    }
  }
  return y;
}

/// y_i = residual_i + gate_s * h_i for the rows i of sequence s; gate (sequences, Width). Counts that do not fit `segments`
/// are an error; its offsets must outlive the pass. Kept for backward: h and gate.
template <class Context, Index Width>
constexpr Rows<Context, Width, Token> gated_add(Context& run, const Rows<Context, Width, Token>& residual,
                                                const Rows<Context, Width, Token>& h, const Rows<Context, Width, Sequence>& gate,
                                                const Segments& segments) {
  using T = typename Context::Stream;
  const Index count = h.count();
  detail::require_sequences("gated_add", segments, count, gate.count());
  detail::require_sequences("gated_add", segments, residual.count(), gate.count());
  auto y = run.template rows<Width, Token>(count);
  run.count(2.0 * static_cast<double>(count) * Width, 3.0 * sizeof(T) * static_cast<double>(count) * Width);
  if constexpr (Context::computes)
    KernelOf<gated_add_op, Context, Width>::forward(
        run.device(), gated_add_op::Forward<T>{residual.data(), h.data(), gate.data(), y.data(), segments, Width});
  if constexpr (Context::records) {
    if (run.recording() && (residual.wants_gradient() || h.wants_gradient() || gate.wants_gradient())) {
      struct Backward {
        Kept<Width, Token> h;
        Kept<Width, Sequence> gate;
        int residual, input, gate_input, output;
        Segments segments;
        void operator()(Context& run) const {
          auto h_rows = run.take(h);
          auto gate_rows = run.take(gate);
          auto dy = run.template take_gradient<Width, Token>(output, h.count);
          if (!dy) return;
          auto dh = run.template contribute<Width>(input, h.count);
          auto dgate = run.template contribute<Width>(gate_input, gate.count);
          if constexpr (Context::computes)
            KernelOf<gated_add_op, Context, Width>::backward(
                run.device(), gated_add_op::Backward<T>{h_rows.data(), gate_rows.data(), dy.data(), dh.data, dgate.data, segments,
                                                        Width, dh.accumulate, dgate.accumulate});
          detail::pass_on(run, dy, residual, h.count);
        }
      };
      run.want(y);
      run.record(Backward{run.keep(h), run.keep(gate), residual.value(), h.value(), gate.value(), y.value(), segments});
    }
  }
  return y;
}

/// Vectors and positions: refused in one sentence.
template <class Context, Index Width, class Space>
requires(!detail::is_invariant<Space>) constexpr Rows<Context, Width, Space> adaptive_norm(Context&,
                                                                                           const Rows<Context, Width, Space>& x,
                                                                                           const Rows<Context, Width, Sequence>&,
                                                                                           const Rows<Context, Width, Sequence>&,
                                                                                           const Segments&, double = 1e-5) {
  detail::require_invariant<Space>();
  return x;
}
template <class Context, Index Width, class Space>
requires(!detail::is_invariant<Space>) constexpr Rows<Context, Width, Space> gated_add(
    Context&, const Rows<Context, Width, Space>& residual, const Rows<Context, Width, Space>&,
    const Rows<Context, Width, Sequence>&, const Segments&) {
  detail::require_invariant<Space>();
  return residual;
}

} // namespace pleat::inline v0_1
