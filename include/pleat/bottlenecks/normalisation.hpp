#pragma once
/// \file  Normalisation losses as a policy: what pulls the latents of a batch towards a standard normal.

#include <pleat/core/concepts.hpp>
#include <pleat/ops/normalisation_loss.hpp>
#include <pleat/ops/weighted_sum.hpp>

namespace pleat::inline v0_1 {

/// A normalisation loss. A user's own states its `name` and is callable as `loss(run, z) -> Scalar<Context>` on latents of any
/// width in any context.
template <class L>
concept NormalisationLoss = std::default_initializable<L> && requires(const L& loss, Plan<>& run, const Rows<Plan<>, 16>& z) {
  { L::name } -> std::convertible_to<const char*>;
  { loss(run, z) } -> std::same_as<Scalar<Plan<>>>;
};

/// No loss at all.
struct NoNormalisation {
  static constexpr const char* name = "none";
  template <class Context, Index Width> constexpr Scalar<Context> operator()(Context& run, const Rows<Context, Width>&) const {
    return zero_scalar(run);
  }
};

/// Dimensions apart: 1/2 sum_d (mean_d^2 + var_d - 1 - ln var_d), mean over dimensions (lsd: the form that works better).
struct UnivariateKl {
  static constexpr const char* name = "univariate";
  template <class Context, Index Width> constexpr Scalar<Context> operator()(Context& run, const Rows<Context, Width>& z) const {
    return univariate_kl(run, z, KlOptions{});
  }
};

/// With the covariance: 1/2 (tr S + |mean|^2 - D - ln det S), mean over dimensions; needs far more rows than dimensions.
struct MultivariateKl {
  static constexpr const char* name = "multivariate";
  template <class Context, Index Width> constexpr Scalar<Context> operator()(Context& run, const Rows<Context, Width>& z) const {
    return multivariate_kl(run, z, KlOptions{});
  }
};

static_assert(NormalisationLoss<NoNormalisation> && NormalisationLoss<UnivariateKl> && NormalisationLoss<MultivariateKl>);

} // namespace pleat::inline v0_1
