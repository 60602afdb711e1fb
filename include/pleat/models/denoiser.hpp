#pragma once
/// \file  The network of a latent diffusion: noised latents and their time to one vector per residue.

#include <pleat/nn/trunk.hpp>
#include <pleat/ops/add.hpp>

namespace pleat::inline v0_1 {

/// Tensors `in`, `time.*`, `trunk.*`, `out` (zero at the start, so that a fresh network predicts 0 and the v-loss is 1 on
/// standardised latents), and with self-conditioning `estimate`.
template <Shape S, bool SelfConditioning = false> struct Denoiser {
  static constexpr Shape shape = S;
  static constexpr Index width = S.width;
  static constexpr bool self_conditioning = SelfConditioning;
  struct Nothing {
    constexpr explicit Nothing(Layout) {}
  };

  Linear<S.width, S.width> in;
  std::conditional_t<SelfConditioning, Linear<S.width, S.width>, Nothing> estimate;
  TimeCondition<S.width> time;
  Trunk<S, Time> trunk;
  Linear<S.width, S.width> out;

  constexpr explicit Denoiser(Layout at)
      : in(at / "in"), estimate(at / "estimate"), time(at / "time"), trunk(at / "trunk"), out(at / "out", init::zero) {}

  /// (rows, width) at noise time t[s] of each sequence; `clean` is an estimate of the clean latents from an earlier call, or
  /// empty.
  template <class Context>
  constexpr Rows<Context, S.width> operator()(Context& run, const Rows<Context, S.width>& noised, std::span<const double> t,
                                              const Segments& segments, const Rows<Context, S.width>& clean = {}) const {
    return out(run, trunk(run, enter(run, noised, clean), segments, time(run, t)));
  }
  /// The rows after block `depth` (1 … layers).
  template <class Context>
  constexpr Rows<Context, S.width> hidden(Context& run, const Rows<Context, S.width>& noised, std::span<const double> t,
                                          const Segments& segments, Index depth) const {
    return trunk.hidden(run, enter(run, noised, {}), segments, depth, time(run, t));
  }

private:
  template <class Context>
  constexpr Rows<Context, S.width> enter(Context& run, const Rows<Context, S.width>& noised,
                                         const Rows<Context, S.width>& clean) const {
    auto x = in(run, noised);
    if constexpr (SelfConditioning) {
      if (clean) x = estimate.add_to(run, x, clean);
    }
    return x;
  }
};

} // namespace pleat::inline v0_1
