#pragma once
/// \file  Gaussian normalisation losses of latents: the KL divergence of their batch statistics from N(0, I).
/// Univariate: 1/2 sum_d (mu_d^2 + var_d - 1 - ln var_d); multivariate: 1/2 (tr S + |mu|^2 - D - ln det S); biased statistics
/// over all rows, divided by the number of channels so that a weight means the same for every width.

#include <cstdint>
#include <span>

#include <pleat/core/error.hpp>
#include <pleat/core/pass.hpp>
#include <pleat/core/symmetry.hpp>
#include <pleat/core/tokens.hpp>

namespace pleat::inline v0_1 {

struct KlOptions {
  double delta = 1e-4;          ///< added to the diagonal of the covariance inside ln det (multivariate)
  double variance_floor = 1e-6; ///< below it ln var is constant (univariate)
};

/// How the losses of the residue types become one.
enum class TypeWeights : unsigned char {
  PerType, ///< plain mean over the types that count
  Count    ///< weighted by the number of residues
};

struct TypedKlOptions {
  TypeWeights weights = TypeWeights::PerType;
  Index minimum_count = 8; ///< types with fewer residues in the batch are left out (never less than 2)
  double variance_floor = 1e-6;
};

/// Univariate, of one group (all rows) or of the 20 residue types.
struct univariate_kl_op {
  template <class T> struct Forward {
    const T* z;                 // (rows, stride_of(width))
    const std::uint8_t* tokens; // (rows), or null: one group
    T* loss;                    // (stride_of(1))
    double* moments;            // (2, groups, stride_of(width)) means and biased variances
    double* counts;             // (groups) rows of each group, then
    double* weights;            // (groups) what a group's sum over channels is multiplied by
    Index rows, width, groups, minimum_count;
    TypeWeights type_weights;
    double variance_floor;
  };
  template <class T> struct Backward {
    const T* z;                 // (rows, stride_of(width))
    const std::uint8_t* tokens; // (rows) or null
    const double *moments, *counts, *weights;
    const T* dloss; // (1)
    T* dz;          // (rows, stride_of(width))
    Index rows, width, groups;
    double variance_floor;
    bool accumulate;
  };
};

/// Matrices here are square with `stride = stride_of(width)` rows and columns, zero beyond `width`.
struct multivariate_kl_op {
  static constexpr Index panel = 256; ///< rows centred at a time
  template <class T> struct Forward {
    const T* z;        // (rows, stride)
    T* loss;           // (stride_of(1))
    double* moments;   // (2, stride) means and biased variances
    double* factor;    // (stride, stride) scratch: covariance + delta I, then its Cholesky factor
    double* inverse;   // (stride, stride) scratch: inverse of the factor; not used without `precision`
    double* precision; // (stride, stride) inverse of the covariance + delta I; when null it is not made
    double* centred;   // (panel, stride) scratch
    Index rows, width;
    double delta;
  };
  template <class T> struct Backward {
    const T* z;              // (rows, stride)
    const double* moments;   // (2, stride)
    const double* precision; // (stride, stride)
    double *centred, *mixed; // (panel, stride) scratch
    const T* dloss;          // (1)
    T* dz;                   // (rows, stride)
    Index rows, width;
    bool accumulate;
  };
};

namespace detail {

template <class Context, Index Width, class Space>
constexpr Scalar<Context> univariate_kl(Context& run, const Rows<Context, Width, Space>& z, const std::uint8_t* tokens,
                                        Index groups, const TypedKlOptions& options) {
  require_invariant<Space>();
  using T = typename Context::Stream;
  const Index count = z.count();
  auto loss = run.template rows<1, Batch>(1);
  auto moments = run.template buffer<double>(2 * groups * stride_of(Width));
  auto weights = run.template buffer<double>(2 * groups); // counts, weights
  run.count(5.0 * static_cast<double>(count) * Width, 2.0 * sizeof(T) * static_cast<double>(count) * Width);
  if constexpr (Context::computes) {
    const Index minimum = options.minimum_count < 2 ? 2 : options.minimum_count;
    KernelOf<univariate_kl_op, Context, Width>::forward(
        run.device(), univariate_kl_op::Forward<T>{z.data(), tokens, loss.data(), run.data(moments), run.data(weights),
                                                   run.data(weights) + groups, count, Width, groups, minimum, options.weights,
                                                   options.variance_floor});
  }
  if constexpr (Context::records) {
    if (run.recording() && z.wants_gradient()) {
      struct Backward {
        Kept<Width, Space> z;
        Kept<1, double> moments, weights;
        const std::uint8_t* tokens;
        int output;
        Index count, groups;
        double variance_floor;
        void operator()(Context& run) const {
          auto rows = run.take(z);
          auto statistics = run.take(moments), factors = run.take(weights);
          auto dloss = run.template take_gradient<1, Batch>(output, 1);
          if (!dloss) return;
          if (auto dz = run.template contribute<Width>(z.value, count)) {
            if constexpr (Context::computes)
              KernelOf<univariate_kl_op, Context, Width>::backward(
                  run.device(), univariate_kl_op::Backward<T>{rows.data(), tokens, run.data(statistics), run.data(factors),
                                                              run.data(factors) + groups, dloss.data(), dz.data, count, Width,
                                                              groups, variance_floor, dz.accumulate});
          }
        }
      };
      run.want(loss);
      run.record(Backward{run.keep(z), run.keep(moments), run.keep(weights), tokens, loss.value(), count, groups,
                          options.variance_floor});
    }
  }
  return loss;
}

} // namespace detail

/// Univariate loss of all rows of `z` (rows, Width). Fewer than 2 rows: 0, with zero gradient. Statistics are formed in double,
/// the variance about the mean. Kept for backward: z and the statistics.
template <class Context, Index Width, class Space>
constexpr Scalar<Context> univariate_kl(Context& run, const Rows<Context, Width, Space>& z, const KlOptions& options = {}) {
  return detail::univariate_kl(run, z, nullptr, 1, TypedKlOptions{TypeWeights::Count, 2, options.variance_floor});
}

/// Univariate losses of the rows of each of the 20 residue types, averaged over the types with enough residues (none: 0).
/// Rows of other tokens are ignored. `tokens` (rows) must outlive the pass.
template <class Context, Index Width, class Space>
constexpr Scalar<Context> typed_univariate_kl(Context& run, const Rows<Context, Width, Space>& z,
                                              std::span<const std::uint8_t> tokens, const TypedKlOptions& options = {}) {
  if constexpr (Context::computes)
    require(static_cast<Index>(tokens.size()) == z.count(), "typed_univariate_kl: ", z.count(), " rows and ", tokens.size(),
            " tokens; pass one token per row");
  return detail::univariate_kl(run, z, tokens.data(), residue_types, options);
}

/// Multivariate loss of all rows of `z` (rows, Width); needs many more rows than channels to mean anything. Fewer than 2 rows: 0,
/// with zero gradient. Errors where the covariance plus delta is not positive definite. Kept for backward: z, the means and the
/// inverse.
template <class Context, Index Width, class Space>
constexpr Scalar<Context> multivariate_kl(Context& run, const Rows<Context, Width, Space>& z, const KlOptions& options = {}) {
  detail::require_invariant<Space>();
  using T = typename Context::Stream;
  constexpr Index stride = stride_of(Width), square = stride * stride, panel = multivariate_kl_op::panel * stride;
  const Index count = z.count();
  const bool recorded = run.recording() && z.wants_gradient();
  auto loss = run.template rows<1, Batch>(1);
  auto moments = run.template buffer<double>(2 * stride);
  auto precision = run.template buffer<double>(recorded ? square : 0);
  const auto n = static_cast<double>(count);
  run.count(n * Width * Width, 8.0 * n * Width);
  {
    auto factor = run.template buffer<double>(square), inverse = run.template buffer<double>(recorded ? square : 0);
    auto centred = run.template buffer<double>(panel);
    if constexpr (Context::computes)
      KernelOf<multivariate_kl_op, Context, Width>::forward(
          run.device(), multivariate_kl_op::Forward<T>{z.data(), loss.data(), run.data(moments), run.data(factor),
                                                       run.data(inverse), recorded ? run.data(precision) : nullptr,
                                                       run.data(centred), count, Width, options.delta});
  }
  if constexpr (Context::records) {
    if (recorded) {
      struct Backward {
        Kept<Width, Space> z;
        Kept<1, double> moments, precision;
        int output;
        Index count;
        void operator()(Context& run) const {
          auto rows = run.take(z);
          auto statistics = run.take(moments), inverse = run.take(precision);
          auto dloss = run.template take_gradient<1, Batch>(output, 1);
          if (!dloss) return;
          if (auto dz = run.template contribute<Width>(z.value, count)) {
            auto centred = run.template buffer<double>(panel), mixed = run.template buffer<double>(panel);
            if constexpr (Context::computes)
              KernelOf<multivariate_kl_op, Context, Width>::backward(
                  run.device(),
                  multivariate_kl_op::Backward<T>{rows.data(), run.data(statistics), run.data(inverse), run.data(centred),
                                                  run.data(mixed), dloss.data(), dz.data, count, Width, dz.accumulate});
          }
          run.count(2.0 * static_cast<double>(count) * Width * Width, 0);
        }
      };
      run.want(loss);
      run.record(Backward{run.keep(z), run.keep(moments), run.keep(precision), loss.value(), count});
    }
  }
  return loss;
}

} // namespace pleat::inline v0_1
