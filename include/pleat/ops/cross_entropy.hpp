#pragma once
/// \file  Weighted cross-entropy of logits, the reconstruction loss: log softmax, loss, hits and gradient of a whole batch.

#include <cstdint>
#include <span>

#include <pleat/core/error.hpp>
#include <pleat/core/pass.hpp>
#include <pleat/core/symmetry.hpp>

namespace pleat::inline v0_1 {

/// How the weighted losses of the rows become one number.
enum class Reduction : unsigned char {
  WeightedMean,  ///< sum of w CE / sum of w; 0 where the weights sum to 0
  MeanOfWeighted ///< sum of w CE / rows
};

struct cross_entropy_op {
  template <class T> struct Forward {
    const T* logits;             // (rows, stride_of(classes))
    const std::uint8_t* targets; // (rows)
    const T* weights;            // (rows)
    T* loss;                     // (stride_of(1))
    T* row_loss;                 // (rows) CE, without the weight
    T* row_hit;                  // (rows) 1 where the largest logit is the target's, else 0
    T* normaliser;               // (rows) log of the sum of exp(logit)
    double* scale;               // (1) what a row's w CE is multiplied by
    Index rows, classes;
    Reduction reduction;
  };
  template <class T> struct Backward {
    const T* logits;             // (rows, stride_of(classes))
    const std::uint8_t* targets; // (rows)
    const T* weights;            // (rows)
    const T* normaliser;         // (rows)
    const double* scale;         // (1)
    const T* dloss;              // (1)
    T* dlogits;                  // (rows, stride_of(classes))
    Index rows, classes;
    bool accumulate;
  };
};

/// What `cross_entropy` returns.
template <class Context> struct CrossEntropy {
  Scalar<Context> loss;                                ///< differentiable in the logits
  Rows<Context, 1, typename Context::Stream> row_loss; ///< (rows) CE of each row in nats, without its weight
  Rows<Context, 1, typename Context::Stream> row_hit;  ///< (rows) 1 where argmax == target (the first of equal logits), else 0
};

/// Cross-entropy of `logits` (rows, Classes) against `targets` (rows), each row weighted by `weights` (rows).
/// A row of weight 0, or whose target is not below Classes, has no loss and no gradient. Sums over rows are in double and in
/// order. Kept for backward: the logits (the block itself), the weights and one log normaliser per row; the softmax is formed
/// again. `targets` must outlive the pass.
template <class Context, Index Classes, class Space>
constexpr CrossEntropy<Context> cross_entropy(Context& run, const Rows<Context, Classes, Space>& logits,
                                              std::span<const std::uint8_t> targets,
                                              const Rows<Context, 1, typename Context::Stream>& weights, Reduction reduction) {
  detail::require_invariant<Space>();
  using T = typename Context::Stream;
  const Index count = logits.count();
  const bool recorded = run.recording() && logits.wants_gradient();
  CrossEntropy<Context> result{run.template rows<1, Batch>(1), run.template buffer<T>(count), run.template buffer<T>(count)};
  auto normaliser = run.template buffer<T>(count);
  auto scale = run.template buffer<double>(1);
  run.count(4.0 * static_cast<double>(count) * Classes, sizeof(T) * static_cast<double>(count) * Classes);
  if constexpr (Context::computes) {
    require(static_cast<Index>(targets.size()) == count && weights.count() == count, "cross_entropy: ", count,
            " rows of logits, ", targets.size(), " targets and ", weights.count(),
            " weights; pass one target and one weight per row");
    KernelOf<cross_entropy_op, Context, Classes>::forward(
        run.device(), cross_entropy_op::Forward<T>{logits.data(), targets.data(), run.data(weights), result.loss.data(),
                                                   run.data(result.row_loss), run.data(result.row_hit), run.data(normaliser),
                                                   run.data(scale), count, Classes, reduction});
  }
  if constexpr (Context::records) {
    if (recorded) {
      struct Backward {
        Kept<Classes, Space> logits;
        Kept<1, T> weights, normaliser;
        Kept<1, double> scale;
        const std::uint8_t* targets;
        int input, output;
        Index count;
        void operator()(Context& run) const {
          auto logit_rows = run.take(logits);
          auto weight_rows = run.take(weights), normalisers = run.take(normaliser);
          auto factor = run.take(scale);
          auto dloss = run.template take_gradient<1, Batch>(output, 1);
          if (!dloss) return;
          if (auto dx = run.template contribute<Classes>(input, count)) {
            if constexpr (Context::computes)
              KernelOf<cross_entropy_op, Context, Classes>::backward(
                  run.device(),
                  cross_entropy_op::Backward<T>{logit_rows.data(), targets, run.data(weight_rows), run.data(normalisers),
                                                run.data(factor), dloss.data(), dx.data, count, Classes, dx.accumulate});
          }
        }
      };
      run.want(result.loss);
      run.record(Backward{run.keep(logits), run.keep(weights), run.keep(normaliser), run.keep(scale), targets.data(),
                          logits.value(), result.loss.value(), count});
    }
  }
  return result;
}

} // namespace pleat::inline v0_1
