#pragma once
/// \file  Dropout of whole vector channels: a vector is kept, scaled, or gone; its direction never changes.

#include <pleat/core/symmetry.hpp>
#include <pleat/ops/dropout.hpp>

namespace pleat::inline v0_1 {

struct vector_dropout_op {
  template <class T> struct Forward {
    const T* v; // (rows * 3, stride_of(width))
    T* y;       // (rows * 3, stride_of(width)) = v / (1 - rate), or 0 where dropped
    SequenceBatch batch;
    NoiseKey key;
    std::uint32_t draw;
    Index width;
    double rate;
    bool accumulate;
  };
};

/// y_ic = v_ic / (1 - rate) where the uniform of (draw, record, position, channel) is not below `rate`, else the zero vector; v
/// itself where nothing is recorded or the rate is 0. Noise, lifetime and errors as of `dropout`.
template <class Context, Index Width, class Space>
constexpr Rows<Context, Width, Equivariant<Space>> vector_dropout(Context& run, const Rows<Context, Width, Equivariant<Space>>& v,
                                                                  double rate, const SequenceBatch& batch) {
  using T = typename Context::Stream;
  if (!(rate >= 0 && rate < 1)) fail("the dropout rate is ", rate, ": give one of at least 0 and below 1");
  const Index count = v.count();
  if (vector_components * batch.rows() != count)
    fail("vector_dropout got vectors of ", count / vector_components, " rows for a batch of ", batch.rows(),
         " rows: make them of the same batch");
  const std::uint32_t draw = run.next_draw();
  if (!run.recording() || rate == 0) return v;
  if (static_cast<Index>(batch.records.size()) != batch.sequences())
    fail("vector_dropout got ", batch.records.size(), " record numbers for ", batch.sequences(),
         " sequences or graphs: give one each, the key of its noise");
  auto y = run.template rows<Width, Equivariant<Space>>(count);
  run.count(static_cast<double>(count) * Width, 2.0 * sizeof(T) * static_cast<double>(count) * Width);
  if constexpr (Context::computes)
    KernelOf<vector_dropout_op, Context>::forward(
        run.device(), vector_dropout_op::Forward<T>{v.data(), y.data(), batch, run.noise(), draw, Width, rate, false});
  if constexpr (Context::records) {
    if (v.wants_gradient()) {
      struct Backward { // the mask is drawn again, not kept
        SequenceBatch batch;
        double rate;
        std::uint32_t draw;
        int input, output;
        Index count;
        void operator()(Context& run) const {
          auto dy = run.template take_gradient<Width, Equivariant<Space>>(output, count);
          if (!dy) return;
          if (auto dv = run.template contribute<Width>(input, count)) {
            if constexpr (Context::computes)
              KernelOf<vector_dropout_op, Context>::forward(
                  run.device(),
                  vector_dropout_op::Forward<T>{dy.data(), dv.data, batch, run.noise(), draw, Width, rate, dv.accumulate});
          }
        }
      };
      run.want(y);
      run.record(Backward{batch, rate, draw, v.value(), y.value(), count});
    }
  }
  return y;
}

} // namespace pleat::inline v0_1
