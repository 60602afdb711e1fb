#pragma once
/// \file  TokenNorm (LSD-TN): residues of the same type are to be identically, normally distributed.

#include <pleat/bottlenecks/bottleneck.hpp>
#include <pleat/ops/normalisation_loss.hpp>
#include <pleat/ops/token_norm.hpp>

namespace pleat::inline v0_1 {

/// Loss: the univariate KL of each type's latents is added to the loss (the published form). Layer: each type is normalised.
enum class TokenNormForm { Loss, Layer };

struct TokenNormPolicy {
  TokenNormForm form = TokenNormForm::Loss;
  TypeWeights weights = TypeWeights::PerType; ///< of the loss form
  Index minimum_count = 8;                    ///< types with fewer residues in the batch are left out of the loss
  double kappa = 4;                           ///< layer form: how many residues the running statistics count for
  double momentum = 0.1;                      ///< layer form: of the running statistics
  friend constexpr bool operator==(const TokenNormPolicy&, const TokenNormPolicy&) = default;
};

template <TokenNormPolicy P = TokenNormPolicy{}> struct TokenNorm {
  static constexpr const char* name = "token_norm";
  template <Index Width, TokenNormForm Form = P.form> struct At;

  template <Index Width> struct At<Width, TokenNormForm::Loss> : PlainBottleneck<Width> {
    using PlainBottleneck<Width>::PlainBottleneck;
    template <class Context>
    constexpr Scalar<Context> penalty(Context& run, const Rows<Context, Width>& z, const SequenceBatch& batch) const {
      return typed_univariate_kl(run, z, batch.tokens, TypedKlOptions{.weights = P.weights, .minimum_count = P.minimum_count});
    }
  };

  template <Index Width> struct At<Width, TokenNormForm::Layer> : PlainBottleneck<Width> {
    Matrix<20, Width> running_mean, running_variance; // state, one row per residue type
    constexpr explicit At(Layout at)
        : running_mean(at.state<20, Width>("running_mean", init::zero)),
          running_variance(at.state<20, Width>("running_variance", init::one)) {}

    template <class Context>
    constexpr Rows<Context, Width> pass(Context& run, const Rows<Context, Width>& z, const SequenceBatch& batch,
                                        const BottleneckDraws&) const {
      return latent(run, z, batch);
    }
    template <class Context>
    constexpr Rows<Context, Width> latent(Context& run, const Rows<Context, Width>& z, const SequenceBatch& batch) const {
      return token_norm(run, z, batch.tokens, running_mean, running_variance,
                        TokenNormOptions{.momentum = P.momentum, .kappa = P.kappa});
    }
  };
};

} // namespace pleat::inline v0_1
