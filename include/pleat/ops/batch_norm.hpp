#pragma once
/// \file  Batch norm over the rows of groups: statistics of a batch while training, running ones at inference.

#include <pleat/core/error.hpp>
#include <pleat/core/pass.hpp>
#include <pleat/core/symmetry.hpp>
#include <pleat/ops/add.hpp>

namespace pleat::inline v0_1 {

struct BatchNormOptions {
  double epsilon = 1e-5;
  double momentum = 0.1; ///< running <- (1 - momentum) running + momentum batch
};

/// Tensors of one batch norm: gain and bias are trained; running mean, running variance and the number of batches they have seen
/// are state.
template <Index Width> struct BatchNormTensors {
  Vector<Width> weight, bias;
  Matrix<1, Width> running_mean, running_var;
  Matrix<1, 1> num_batches_tracked;
};

struct batch_norm_op {
  static constexpr Index chunk = 256; ///< rows of one partial sum; chunks begin where a group does
  /// Chunks of all groups; no group: all rows are one.
  static constexpr Index chunks(const Segments& groups, Index rows) {
    if (groups.offsets.empty()) return (rows + chunk - 1) / chunk;
    Index sum = 0;
    for (Index g = 0; g < groups.sequences(); ++g) sum += (groups.length(g) + chunk - 1) / chunk;
    return sum;
  }
  static constexpr Index count(const Segments& groups) { return groups.offsets.empty() ? 1 : groups.sequences(); }

  template <class T> struct Running {
    const T *mean, *variance; // (stride_of(width))
    T *used_mean, *used_scale;
    Index width;
    BatchNormOptions options;
  };
  template <class T> struct Fold {
    const T *mean, *variance, *gain, *bias; // (stride_of(width))
    T *slope, *shift;                       // (stride_of(width))
    Index width;
    BatchNormOptions options;
  };
  template <class T> struct Statistics {
    const T* x;                       // (rows, stride_of(width))
    T *mean, *scale;                  // (groups, stride_of(width)); scale = 1 / sqrt(biased variance + epsilon)
    T* partial;                       // (2, chunks, stride_of(width)) scratch
    const T *old_mean, *old_variance; // (stride_of(width)) running
    const T* old_batches;             // (1)
    T *fresh_mean, *fresh_variance;   // (stride_of(width)) running, after group upon group
    T* fresh_batches;                 // (1)
    Segments groups;
    Index rows, width;
    BatchNormOptions options;
  };
  template <class T> struct Forward {
    const T* x;            // (rows, stride_of(width))
    const T *mean, *scale; // (groups, stride_of(width))
    const T *gain, *bias;  // (stride_of(width))
    const T* residual;     // (rows, stride_of(width)) or null
    T* y;                  // (rows, stride_of(width))
    Segments groups;
    Index rows, width;
    bool relu;
  };
  template <class T> struct Backward {
    const T *x, *dy;       // (rows, stride_of(width))
    const T *mean, *scale; // (groups, stride_of(width))
    const T *gain, *bias;  // (stride_of(width))
    T *dgain, *dbias;      // (stride_of(width)), added to, or null
    T* dx;                 // (rows, stride_of(width)), or null
    T* partial;            // (2, chunks, stride_of(width)) scratch
    T* sums;               // (2, groups, stride_of(width)) scratch: means of g and g xhat
    Segments groups;
    Index rows, width;
    bool relu, accumulate;
  };
};

namespace detail {

template <class Context, Index Width, class Space> struct BatchNormBackward {
  using T = typename Context::Stream;
  Vector<Width> gain, bias;
  Kept<Width, Space> x;
  Kept<1, T> statistics;
  int output, residual;
  Segments groups;
  bool relu;
  void operator()(Context& run) const {
    auto rows = run.take(x);
    auto used = run.take(statistics);
    auto dy = run.template take_gradient<Width, Space>(output, x.count);
    if (!dy) return;
    constexpr Index stride = stride_of(Width);
    const Index n = x.count, chunks = batch_norm_op::chunks(groups, n), count = batch_norm_op::count(groups);
    {
      auto partial = run.template buffer<T>(chunks, 2 * stride);
      auto sums = run.template buffer<T>(2 * count * stride);
      auto dx = run.template contribute<Width>(x.value, n);
      run.count(14.0 * static_cast<double>(n) * Width, 5.0 * sizeof(T) * static_cast<double>(n) * Width);
      if constexpr (Context::computes) {
        const T* mean = run.data(used);
        KernelOf<batch_norm_op, Context, Width>::backward(
            run.device(), batch_norm_op::Backward<T>{rows.data(), dy.data(), mean, mean + count * stride, run.data(gain),
                                                     run.data(bias), run.trains(gain) ? run.gradient(gain) : nullptr,
                                                     run.trains(bias) ? run.gradient(bias) : nullptr, dx ? dx.data : nullptr,
                                                     run.data(partial), run.data(sums), groups, n, Width, relu, dx.accumulate});
      }
    }
    if (residual >= 0) pass_on(run, dy, residual, n);
  }
};

} // namespace detail

/// y = act((x - mean) / sqrt(var + epsilon) gain + bias) + residual per channel, all (count, Width); act is ReLU or nothing.
/// While the pass records: mean and biased variance over the rows of each group, and new running statistics (unbiased variance)
/// are proposed, moved by one group after the other, so that two conformers in one call equal two calls; a group of one row gives
/// the bias and moves nothing, and groups must cover all rows. Otherwise: running statistics, so a row depends on nothing else.
/// `groups` without offsets: all rows are one group; its span must outlive the pass. Kept for backward: x and the statistics.
template <class Context, Index Width, class Space>
constexpr Rows<Context, Width, Space>
batch_norm(Context& run, const BatchNormTensors<Width>& bn, const Rows<Context, Width, Space>& x, const Segments& groups = {},
           bool relu = false, const Rows<Context, Width, Space>* residual = nullptr, const BatchNormOptions& options = {}) {
  using T = typename Context::Stream;
  detail::require_invariant<Space>();
  constexpr Index stride = stride_of(Width);
  const Index n = x.count();
  if (residual != nullptr && residual->count() != n)
    fail("batch_norm: ", n, " rows and a residual of ", residual->count(), " rows; both must have as many");
  const bool batch = run.recording();
  const Segments used_groups = batch ? groups : Segments{};
  if (batch && !groups.offsets.empty() && groups.rows() != n)
    fail("batch_norm: ", n, " rows, but the groups cover ", groups.rows(), "; they must agree");
  const bool recorded = batch && (run.trains(bn.weight) || run.trains(bn.bias) || x.wants_gradient() ||
                                  (residual != nullptr && residual->wants_gradient()));
  const Index count = batch_norm_op::count(used_groups);
  auto y = run.template rows<Width, Space>(n);
  auto used = run.template buffer<T>(2 * count * stride); // mean, scale
  run.count((batch ? 8.0 : 3.0) * static_cast<double>(n) * Width,
            (batch ? 4.0 : 2.0) * sizeof(T) * static_cast<double>(n) * Width);
  if (batch) {
    auto fresh_mean = run.template rows<Width>(1), fresh_variance = run.template rows<Width>(1);
    auto fresh_batches = run.template rows<1>(1);
    auto partial = run.template buffer<T>(batch_norm_op::chunks(groups, n), 2 * stride);
    if constexpr (Context::computes) {
      T* mean = run.data(used);
      KernelOf<batch_norm_op, Context, Width>::statistics(
          run.device(),
          batch_norm_op::Statistics<T>{x.data(), mean, mean + count * stride, run.data(partial), run.latest(bn.running_mean),
                                       run.latest(bn.running_var), run.latest(bn.num_batches_tracked), fresh_mean.data(),
                                       fresh_variance.data(), fresh_batches.data(), groups, n, Width, options});
    }
    run.propose(bn.running_mean, fresh_mean);
    run.propose(bn.running_var, fresh_variance);
    run.propose(bn.num_batches_tracked, fresh_batches);
  } else if constexpr (Context::computes) {
    T* mean = run.data(used);
    KernelOf<batch_norm_op, Context, Width>::running(
        run.device(),
        batch_norm_op::Running<T>{run.data(bn.running_mean), run.data(bn.running_var), mean, mean + stride, Width, options});
  }
  if constexpr (Context::computes) {
    const T* mean = run.data(used);
    KernelOf<batch_norm_op, Context, Width>::forward(
        run.device(),
        batch_norm_op::Forward<T>{x.data(), mean, mean + count * stride, run.data(bn.weight), run.data(bn.bias),
                                  residual != nullptr ? residual->data() : nullptr, y.data(), used_groups, n, Width, relu});
  }
  if constexpr (Context::records) {
    if (recorded) {
      run.want(y);
      run.record(detail::BatchNormBackward<Context, Width, Space>{bn.weight, bn.bias, run.keep(x), run.keep(used), y.value(),
                                                                  residual != nullptr ? residual->value() : -1, used_groups,
                                                                  relu});
    }
  }
  return y;
}

/// The affine map y = slope x + shift that batch norm is at inference: slope, then shift, (2, stride_of(Width)) elements.
template <class Context, Index Width>
constexpr Rows<Context, 1, typename Context::Stream> fold_batch_norm(Context& run, const BatchNormTensors<Width>& bn,
                                                                     const BatchNormOptions& options = {}) {
  using T = typename Context::Stream;
  auto folded = run.template buffer<T>(2 * stride_of(Width));
  if constexpr (Context::computes) {
    T* slope = run.data(folded);
    KernelOf<batch_norm_op, Context, Width>::fold(
        run.device(), batch_norm_op::Fold<T>{run.data(bn.running_mean), run.data(bn.running_var), run.data(bn.weight),
                                             run.data(bn.bias), slope, slope + stride_of(Width), Width, options});
  }
  return folded;
}

} // namespace pleat::inline v0_1
