#pragma once
/// \file  Noise as masking (LSD-NM): every position is mixed with noise, its reconstruction weighted by how much.

#include <pleat/bottlenecks/bottleneck.hpp>
#include <pleat/bottlenecks/normalisation.hpp>
#include <pleat/diffusion/noise_laws.hpp>
#include <pleat/diffusion/schedules.hpp>
#include <pleat/ops/mix.hpp>
#include <pleat/ops/random.hpp>

namespace pleat::inline v0_1 {

/// z_a -> cos(pi t_a / 2) z_a + sin(pi t_a / 2) eps with t_a of `Law`; reconstruction weight sin^2(pi t_a / 2). `Norm` over all
/// positions keeps the encoder from beating the noise by scaling up (lsd: pooled univariate).
template <class Law = UniformLaw, class Norm = UnivariateKl> struct NoiseMask {
  static_assert(NoiseLaw<Law>, "pleat: the first argument of NoiseMask must be a law of corruption times: a name and "
                               "t(key, draw, record, position) (diffusion/noise_laws.hpp).");
  static_assert(NormalisationLoss<Norm>,
                "pleat: the second argument of NoiseMask is no normalisation loss; it needs a name and must be "
                "callable as loss(run, z) -> Scalar<Context>.");
  static constexpr const char* name = "noise_mask";

  template <Index Width> struct At : PlainBottleneck<Width> {
    using PlainBottleneck<Width>::PlainBottleneck;

    void draw(NoiseKey key, const SequenceBatch& batch, BottleneckDraws& draws) const {
      draws.reset(batch);
      draws.alpha.resize(draws.weight.size());
      draws.sigma.resize(draws.weight.size());
      for_each_position(batch, [&](std::size_t row, std::uint32_t record, std::uint32_t position) {
        const NoiseLevel level = noise_level(CosineSchedule{}, Law{}.t(key, law_draw, record, position));
        draws.alpha[row] = level.alpha, draws.sigma[row] = level.sigma;
        draws.weight[row] = level.sigma * level.sigma;
      });
    }
    template <class Context>
    constexpr Rows<Context, Width> pass(Context& run, const Rows<Context, Width>& z, const SequenceBatch& batch,
                                        const BottleneckDraws& draws) const {
      return mix(run, z, upload(run, draws.alpha), normal_rows<Width>(run, batch), upload(run, draws.sigma));
    }
    template <class Context>
    constexpr Scalar<Context> penalty(Context& run, const Rows<Context, Width>& z, const SequenceBatch&) const {
      return Norm{}(run, z);
    }
  };

private:
  static constexpr std::uint32_t law_draw = 0xA001; // apart from the draws that a pass counts itself
};

static_assert(BottleneckPolicy<NoiseMask<>>);

} // namespace pleat::inline v0_1
