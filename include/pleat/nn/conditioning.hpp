#pragma once
/// \file  What a trunk's blocks are told besides their rows: nothing, or the diffusion time.

#include <pleat/nn/linear.hpp>
#include <pleat/ops/activation.hpp>
#include <pleat/ops/adaptive_norm.hpp>
#include <pleat/ops/time_embedding.hpp>

namespace pleat::inline v0_1 {

/// Policies of `Trunk`.
struct None {};
struct Time {};

/// t (sequences) to one condition vector per sequence: sinusoidal features of 1000 t, then a two-layer map with SiLU.
template <Index Width> struct TimeCondition {
  static constexpr Index features = 128;
  Linear<features, Width> in;
  Linear<Width, Width> out;

  constexpr explicit TimeCondition(Layout at) : in(at / "in"), out(at / "out") {}

  /// `t` holds one time per sequence and outlives the pass.
  template <class Context> constexpr Rows<Context, Width, Sequence> operator()(Context& run, std::span<const double> t) const {
    return out(run, in(run, time_embedding<features>(run, t), Activation::Silu), Activation::Silu);
  }
};

/// Shift, scale and gate of one half of a block from the condition; all zero at the start (AdaLN-zero of DiT: Peebles, Xie 2022),
/// so that a fresh block is the identity.
template <Index Width> struct Modulation {
  Linear<Width, Width> shift, scale, gate;

  constexpr explicit Modulation(Layout at)
      : shift(at / "shift", init::zero), scale(at / "scale", init::zero), gate(at / "gate", init::zero) {}
};

} // namespace pleat::inline v0_1
