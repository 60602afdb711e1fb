#pragma once
/// \file  Token norm, the bottleneck of LSD-TN as a layer: each residue is normalised by the statistics of its own type.

#include <cstdint>
#include <span>

#include <pleat/core/error.hpp>
#include <pleat/core/pass.hpp>
#include <pleat/core/symmetry.hpp>
#include <pleat/core/tokens.hpp>

namespace pleat::inline v0_1 {

struct TokenNormOptions {
  double epsilon = 1e-5;
  double momentum = 0.1; ///< running <- (1 - momentum) running + momentum batch
  double kappa = 4;      ///< how many residues the running statistics count as when the batch's are formed; 0: batch only
};

struct token_norm_op {
  static constexpr Index groups = residue_types + 1; ///< the last one: every other token
  template <class T> struct Forward {
    const T* z;                               // (rows, stride_of(width))
    const std::uint8_t* tokens;               // (rows)
    const T *running_mean, *running_variance; // (types, stride_of(width))
    T* y;                                     // (rows, stride_of(width))
    T *mean, *scale;                          // (groups, stride_of(width)) in use: y = (z - mean) scale
    double* moments;                          // (2, types, stride_of(width)) of the batch, or null: running statistics only
    double* counts;                           // (types) of the batch
    T *fresh_mean, *fresh_variance;           // (types, stride_of(width)) proposed running statistics
    Index rows, width;
    TokenNormOptions options;
  };
  template <class T> struct Backward {
    const T* z;                 // (rows, stride_of(width))
    const std::uint8_t* tokens; // (rows)
    const T *mean, *scale;      // (groups, stride_of(width))
    const double* counts;       // (types) of the batch
    const T* dy;                // (rows, stride_of(width))
    T* dz;                      // (rows, stride_of(width))
    Index rows, width;
    double kappa;
    bool accumulate;
  };
};

/// y = (z - mean_a) / sqrt(var_a + epsilon), a the residue type of the row, per channel; no gain and no bias (they would tell the
/// type). While the pass records: mean_a and the second moment are those of the batch's n_a rows of type a, blended with the
/// running ones as (n_a batch + kappa running) / (n_a + kappa), so that a rare type is not mapped to 0; the gradient goes through
/// them; new running statistics (biased, of types with at least 2 rows) are proposed. Otherwise: running statistics, so a row
/// depends on nothing else. A row whose token is none of the 20 types is normalised, always and as by constants, by the running
/// statistics of the equal mixture of the types (mean of the means; mean of the second moments less its square). Kept for
/// backward: z and the statistics in use. `tokens` (rows) must outlive the pass.
template <class Context, Index Width, class Space>
constexpr Rows<Context, Width, Space>
token_norm(Context& run, const Rows<Context, Width, Space>& z, std::span<const std::uint8_t> tokens,
           const Matrix<residue_types, Width>& running_mean, const Matrix<residue_types, Width>& running_variance,
           const TokenNormOptions& options = {}) {
  detail::require_invariant<Space>();
  using T = typename Context::Stream;
  const Index count = z.count();
  const bool batch = run.recording(), recorded = batch && z.wants_gradient();
  auto y = run.template rows<Width, Space>(count);
  auto used = run.template buffer<T>(2 * token_norm_op::groups * stride_of(Width)); // mean, scale
  auto counts = run.template buffer<double>(batch ? residue_types : 0);
  Rows<Context, Width> fresh_mean, fresh_variance;
  if (batch) {
    fresh_mean = run.template rows<Width>(residue_types);
    fresh_variance = run.template rows<Width>(residue_types);
  }
  run.count(6.0 * static_cast<double>(count) * Width, 2.0 * sizeof(T) * static_cast<double>(count) * Width);
  {
    auto moments = run.template buffer<double>(batch ? 2 * residue_types * stride_of(Width) : 0);
    if constexpr (Context::computes) {
      require(static_cast<Index>(tokens.size()) == count, "token_norm: ", count, " rows and ", tokens.size(),
              " tokens; pass one token per row");
      T* mean = run.data(used);
      KernelOf<token_norm_op, Context, Width>::forward(
          run.device(),
          token_norm_op::Forward<T>{z.data(), tokens.data(), run.data(running_mean), run.data(running_variance), y.data(), mean,
                                    mean + token_norm_op::groups * stride_of(Width), batch ? run.data(moments) : nullptr,
                                    run.data(counts), batch ? fresh_mean.data() : nullptr,
                                    batch ? fresh_variance.data() : nullptr, count, Width, options});
    }
  }
  if constexpr (Context::records) {
    if (batch) {
      run.propose(running_mean, fresh_mean);
      run.propose(running_variance, fresh_variance);
    }
    if (recorded) {
      struct Backward {
        Kept<Width, Space> z;
        Kept<1, T> used;
        Kept<1, double> counts;
        const std::uint8_t* tokens;
        int output;
        Index count;
        double kappa;
        void operator()(Context& run) const {
          auto rows = run.take(z);
          auto statistics = run.take(used);
          auto members = run.take(counts);
          auto dy = run.template take_gradient<Width, Space>(output, count);
          if (!dy) return;
          if (auto dz = run.template contribute<Width>(z.value, count)) {
            if constexpr (Context::computes) {
              const T* mean = run.data(statistics);
              KernelOf<token_norm_op, Context, Width>::backward(
                  run.device(),
                  token_norm_op::Backward<T>{rows.data(), tokens, mean, mean + token_norm_op::groups * stride_of(Width),
                                             run.data(members), dy.data(), dz.data, count, Width, kappa, dz.accumulate});
            }
          }
        }
      };
      run.want(y);
      run.record(Backward{run.keep(z), run.keep(used), run.keep(counts), tokens.data(), y.value(), count, options.kappa});
    }
  }
  return y;
}

} // namespace pleat::inline v0_1
