#pragma once
/// \file  Inverted dropout (Srivastava et al. 2014) of channels, or of whole vector channels, whose direction never changes; its
/// mask a function of the pass's noise key.

#include <pleat/core/error.hpp>
#include <pleat/core/graph.hpp>
#include <pleat/core/pass.hpp>
#include <pleat/core/symmetry.hpp>

namespace pleat::inline v0_1 {

struct dropout_op {
  template <class T> struct Forward {
    const T* x; // (rows * each, stride_of(width))
    T* y;       // (rows * each, stride_of(width)) = x / (1 - rate), or 0 where dropped
    SequenceBatch batch;
    NoiseKey key;
    std::uint32_t draw;
    Index width, each; // each: rows that share a mask, 1 or the components of vectors
    double rate;
    bool accumulate;
  };
};

namespace detail {

// What both kinds of dropout are: one mask for the rows_each<Space> rows of a place.
template <class Context, Index Width, class Space>
constexpr Rows<Context, Width, Space> drop_channels(Context& run, const char* name, const Rows<Context, Width, Space>& x,
                                                    double rate, const SequenceBatch& batch) {
  using T = typename Context::Stream;
  if (!(rate >= 0 && rate < 1)) fail("the dropout rate is ", rate, ": give one of at least 0 and below 1");
  constexpr Index each = rows_each<Space>;
  const Index count = x.count();
  if (each * batch.rows() != count)
    fail(name, each > 1 ? " got vectors of " : " got ", count / each, " rows for a batch of ", batch.rows(),
         " rows: make them of the same batch");
  const std::uint32_t draw = run.next_draw();
  if (!run.recording() || rate == 0) return x;
  if (static_cast<Index>(batch.records.size()) != batch.sequences())
    fail(name, " got ", batch.records.size(), " record numbers for ", batch.sequences(),
         " sequences or graphs: give one each, the key of its noise");
  auto y = run.template rows<Width, Space>(count);
  run.count(static_cast<double>(count) * Width, 2.0 * sizeof(T) * static_cast<double>(count) * Width);
  if constexpr (Context::computes)
    KernelOf<dropout_op, Context, Width>::forward(
        run.device(), dropout_op::Forward<T>{x.data(), y.data(), batch, run.noise(), draw, Width, each, rate, false});
  if constexpr (Context::records) {
    if (x.wants_gradient()) {
      struct Backward { // the mask is drawn again, not kept
        SequenceBatch batch;
        double rate;
        std::uint32_t draw;
        int input, output;
        Index count;
        void operator()(Context& run) const {
          auto dy = run.template take_gradient<Width, Space>(output, count);
          if (!dy) return;
          if (auto dx = run.template contribute<Width>(input, count)) {
            if constexpr (Context::computes)
              KernelOf<dropout_op, Context, Width>::forward(run.device(),
                                                            dropout_op::Forward<T>{dy.data(), dx.data, batch, run.noise(), draw,
                                                                                   Width, rows_each<Space>, rate, dx.accumulate});
          }
        }
      };
      run.want(y);
      run.record(Backward{batch, rate, draw, x.value(), y.value(), count});
    }
  }
  return y;
}

} // namespace detail

/// y = x / (1 - rate) where the uniform of (draw, record, position, channel) is not below `rate`, else 0; x itself where nothing
/// is recorded or the rate is 0. The draw is numbered in either case, so that other noise of the pass does not depend on it. The
/// batch must outlive the pass. A rate outside [0, 1) is an error.
template <class Context, Index Width, class Space>
constexpr Rows<Context, Width, Space> dropout(Context& run, const Rows<Context, Width, Space>& x, double rate,
                                              const SequenceBatch& batch) {
  detail::require_invariant<Space>();
  return detail::drop_channels(run, "dropout", x, rate, batch);
}

/// The same of whole vector channels: v_ic / (1 - rate), or the zero vector.
template <class Context, Index Width, class Space>
constexpr Rows<Context, Width, Equivariant<Space>> vector_dropout(Context& run, const Rows<Context, Width, Equivariant<Space>>& v,
                                                                  double rate, const SequenceBatch& batch) {
  return detail::drop_channels(run, "vector_dropout", v, rate, batch);
}

} // namespace pleat::inline v0_1
