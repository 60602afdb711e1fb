#pragma once
/// \file  What stands between encoder and decoder: three hooks, each with a default.

#include <vector>

#include <pleat/core/concepts.hpp>
#include <pleat/ops/weighted_sum.hpp>

namespace pleat::inline v0_1 {

/// What a bottleneck drew for one batch, as data: the loss is a pure function of model, batch and draws.
struct BottleneckDraws {
  std::vector<std::uint8_t> tokens; ///< (rows) what the encoder reads
  std::vector<double> alpha,
      sigma;                  ///< (rows) amounts of latent and of noise; both empty: the decoder sees the latents as they are
  std::vector<double> weight; ///< (rows) weight of the row's reconstruction loss

  /// Tokens of the batch, no noise, weight 1; keeps the memory of the last batch.
  void reset(const SequenceBatch& batch) {
    tokens.assign(batch.tokens.begin(), batch.tokens.end());
    alpha.clear(), sigma.clear();
    weight.assign(static_cast<std::size_t>(batch.rows()), 1.0);
  }
};

/// Calls body(row, record, position) for every row of the batch; position counts in the record, not in the crop.
template <class Body> void for_each_position(const SequenceBatch& batch, Body&& body) {
  for (Index s = 0; s < batch.sequences(); ++s)
    for (Index i = 0; i < batch.segments.length(s); ++i)
      body(static_cast<std::size_t>(batch.segments.begin(s) + i), batch.records[static_cast<std::size_t>(s)],
           static_cast<std::uint32_t>(batch.starts[static_cast<std::size_t>(s)] + i));
}

/// A bottleneck for latents of a given width. A user's own is a template over the width whose member `At<Width>` is a ModelPart
/// with the four hooks below; derive `At` from `PlainBottleneck<Width>` and redefine what differs:
///   draw(key, batch, draws)               host: what this batch is corrupted with (default: nothing, all weights 1)
///   pass(run, z, batch, draws) -> rows    what the decoder sees (default: z)
///   penalty(run, z, batch) -> scalar      what is added to the loss, times lambda (default: 0)
///   latent(run, z, batch) -> rows         what is handed out as the latent (default: z)
template <Index Width> struct PlainBottleneck {
  constexpr PlainBottleneck() = default;
  constexpr explicit PlainBottleneck(Layout) {}

  void draw(NoiseKey, const SequenceBatch& batch, BottleneckDraws& draws) const { draws.reset(batch); }
  template <class Context>
  constexpr Rows<Context, Width> pass(Context&, const Rows<Context, Width>& z, const SequenceBatch&,
                                      const BottleneckDraws&) const {
    return z;
  }
  template <class Context>
  constexpr Scalar<Context> penalty(Context& run, const Rows<Context, Width>&, const SequenceBatch&) const {
    return zero_scalar(run);
  }
  template <class Context>
  constexpr Rows<Context, Width> latent(Context&, const Rows<Context, Width>& z, const SequenceBatch&) const {
    return z;
  }
};

/// No bottleneck at all.
struct Identity {
  static constexpr const char* name = "identity";
  template <Index Width> struct At : PlainBottleneck<Width> { using PlainBottleneck<Width>::PlainBottleneck; };
};

template <class Bottleneck>
concept BottleneckPolicy = requires {
  { Bottleneck::name } -> std::convertible_to<const char*>;
  typename Bottleneck::template At<16>;
}
&&ModelPart<typename Bottleneck::template At<16>>;

static_assert(BottleneckPolicy<Identity>);

} // namespace pleat::inline v0_1
