#pragma once
/// \file  Weighted squared error of ragged batches, the diffusion loss, and the per-sequence means that samplers of t learn from.

#include <span>

#include <pleat/core/error.hpp>
#include <pleat/core/pass.hpp>

namespace pleat::inline v0_1 {

/// What a squared error is the mean of.
enum class ErrorReduction : unsigned char {
  Positions, ///< mean over all positions of (weight of its sequence) x (mean over channels)
  Sequences  ///< mean over the sequences with at least one position of weight x (mean over its positions and channels)
};

struct squared_error_op {
  template <class T> struct Forward {
    const T* prediction;   // (rows, stride_of(width))
    const T* target;       // (rows, stride_of(width))
    const double* weights; // (sequences) or null: all 1
    T* loss;               // (stride_of(1))
    T* sequence_loss;      // (sequences)
    Segments segments;
    Index width;
    ErrorReduction reduction;
  };
  template <class T> struct Backward {
    const T* prediction;   // (rows, stride_of(width))
    const T* target;       // (rows, stride_of(width))
    const double* weights; // (sequences) or null
    const T* dloss;        // (1)
    T* gradient;           // (rows, stride_of(width)) of the prediction, or of the target with sign -1
    Segments segments;
    Index width;
    ErrorReduction reduction;
    double sign;
    bool accumulate;
  };
};

/// What `squared_error` returns.
template <class Context> struct SquaredError {
  Scalar<Context> loss;
  Rows<Context, 1, typename Context::Stream>
      sequence_loss; ///< (sequences) mean over positions and channels, unweighted; 0 if empty
};

/// Squared error of `prediction` (rows, Width) against `target` (rows, Width); `sequence_weights` (sequences), empty: all 1.
/// Differentiable in both. Kept for backward: both blocks. The spans must outlive the pass.
template <class Context, Index Width, class Space>
constexpr SquaredError<Context> squared_error(Context& run, const Rows<Context, Width, Space>& prediction,
                                              const Rows<Context, Width, Space>& target, const Segments& segments,
                                              std::span<const double> sequence_weights, ErrorReduction reduction) {
  using T = typename Context::Stream;
  const Index count = prediction.count();
  const bool recorded = run.recording() && (prediction.wants_gradient() || target.wants_gradient());
  SquaredError<Context> result{run.template rows<1, Batch>(1), run.template buffer<T>(segments.sequences())};
  const double* weights = sequence_weights.empty() ? nullptr : sequence_weights.data();
  run.count(3.0 * static_cast<double>(count) * Width, 2.0 * sizeof(T) * static_cast<double>(count) * Width);
  if constexpr (Context::computes) {
    require(target.count() == count && segments.rows() == count, "squared_error: ", count, " rows of prediction, ",
            target.count(), " of target and segments of ", segments.rows(), " rows; they must agree");
    require(weights == nullptr || static_cast<Index>(sequence_weights.size()) == segments.sequences(),
            "squared_error: ", sequence_weights.size(), " weights for ", segments.sequences(),
            " sequences; pass one per sequence, or none");
    KernelOf<squared_error_op, Context, Width>::forward(
        run.device(), squared_error_op::Forward<T>{prediction.data(), target.data(), weights, result.loss.data(),
                                                   run.data(result.sequence_loss), segments, Width, reduction});
  }
  if constexpr (Context::records) {
    if (recorded) {
      struct Backward {
        Kept<Width, Space> prediction, target;
        const double* weights;
        Segments segments;
        int output;
        Index count;
        ErrorReduction reduction;
        void operator()(Context& run) const {
          auto predicted = run.take(prediction), wanted = run.take(target);
          auto dloss = run.template take_gradient<1, Batch>(output, 1);
          if (!dloss) return;
          const int inputs[2] = {prediction.value, target.value};
          for (int i = 0; i < 2; ++i) {
            auto d = run.template contribute<Width>(inputs[i], count);
            if (!d) continue;
            if constexpr (Context::computes)
              KernelOf<squared_error_op, Context, Width>::backward(
                  run.device(), squared_error_op::Backward<T>{predicted.data(), wanted.data(), weights, dloss.data(), d.data,
                                                              segments, Width, reduction, i == 0 ? 1.0 : -1.0, d.accumulate});
          }
        }
      };
      run.want(result.loss);
      run.record(Backward{run.keep(prediction), run.keep(target), weights, segments, result.loss.value(), count, reduction});
    }
  }
  return result;
}

} // namespace pleat::inline v0_1
