#pragma once
/// \file  Masked language modelling as a bottleneck: tokens are hidden before the encoder.

#include <pleat/bottlenecks/bottleneck.hpp>
#include <pleat/core/philox.hpp>
#include <pleat/core/tokens.hpp>

namespace pleat::inline v0_1 {

/// Rates of BERT (Devlin et al. 2018): a chosen position becomes `<mask>`, a random residue, or stays.
struct MaskingRates {
  double chosen = 0.15, masked = 0.8, random = 0.1;
  friend constexpr bool operator==(const MaskingRates&, const MaskingRates&) = default;
};

/// Cross-entropy on the chosen positions only; at least one position of every sequence is chosen, so that no batch is without.
template <MaskingRates Rates = MaskingRates{}> struct Masking {
  static_assert(Rates.chosen > 0 && Rates.chosen <= 1 && Rates.masked >= 0 && Rates.random >= 0 &&
                    Rates.masked + Rates.random <= 1,
                "pleat: rates of Masking must satisfy 0 < chosen <= 1 and masked + random <= 1.");
  static constexpr const char* name = "masking";

  template <Index Width> struct At : PlainBottleneck<Width> {
    using PlainBottleneck<Width>::PlainBottleneck;

    void draw(NoiseKey key, const SequenceBatch& batch, BottleneckDraws& draws) const {
      draws.reset(batch);
      for (double& weight : draws.weight) weight = 0;
      for (Index s = 0; s < batch.sequences(); ++s) {
        const Index length = batch.segments.length(s);
        if (length == 0) continue;
        const auto record = batch.records[static_cast<std::size_t>(s)];
        const PhiloxBlock one = philox(key, {masking_draw, record, 0xFFFF'FFFFu, 0});
        const Index forced = static_cast<Index>(uniform_double(one[0], one[1]) * static_cast<double>(length));
        for (Index i = 0; i < length; ++i) {
          const auto position = static_cast<std::uint32_t>(batch.starts[static_cast<std::size_t>(s)] + i);
          const PhiloxBlock bits = philox(key, {masking_draw, record, position, 0});
          if (!(static_cast<double>(uniform_float(bits[0])) < Rates.chosen) && i != forced) continue;
          const auto row = static_cast<std::size_t>(batch.segments.begin(s) + i);
          draws.weight[row] = 1;
          const double what = static_cast<double>(uniform_float(bits[1]));
          if (what < Rates.masked)
            draws.tokens[row] = token_mask;
          else if (what < Rates.masked + Rates.random)
            draws.tokens[row] = token_of_residue_type(static_cast<int>(bits[2] % residue_types));
        }
      }
    }
  };

private:
  static constexpr std::uint32_t masking_draw = 0xA002;
};

static_assert(BottleneckPolicy<Masking<>>);

} // namespace pleat::inline v0_1
