#pragma once
/// \file  Noise of a pass, and numbers of the host as buffers of the device.

#include <span>

#include <pleat/core/pass.hpp>

namespace pleat::inline v0_1 {

struct random_op {
  template <class T> struct Normal {
    T* y; // (rows, stride_of(width))
    SequenceBatch batch;
    NoiseKey key;
    std::uint32_t draw;
    Index width;
  };
};

/// Standard normals (batch rows, Width). Channel c of row i of record r is what `normal_row` gives for the key of the pass, the
/// number of this draw, r, position start + i and c: it depends on no other sequence of the batch. The arrays of
/// `batch` must outlive the pass. Not differentiable.
template <Index Width, class Context>
constexpr Rows<Context, Width, Token> normal_rows(Context& run, const SequenceBatch& batch) {
  using T = typename Context::Stream;
  auto y = run.template rows<Width, Token>(batch.rows());
  const std::uint32_t draw = run.next_draw();
  run.count(0, sizeof(T) * static_cast<double>(batch.rows()) * Width);
  if constexpr (Context::computes)
    KernelOf<random_op, Context, Width>::normal(run.device(), random_op::Normal<T>{y.data(), batch, run.noise(), draw, Width});
  (void)draw;
  return y;
}

/// A buffer of Stream elements holding the numbers of `values`.
template <class Context>
constexpr Rows<Context, 1, typename Context::Stream> upload(Context& run, std::span<const double> values) {
  using T = typename Context::Stream;
  const Index count = static_cast<Index>(values.size());
  auto to = run.template buffer<T>(count);
  if constexpr (Context::computes) KernelOf<upload_op, Context>::run(run.device(), run.data(to), values.data(), count);
  return to;
}

} // namespace pleat::inline v0_1
