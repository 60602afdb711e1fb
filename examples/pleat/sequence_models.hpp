#pragma once
/// \file  The types of the sequence models that the tool knows: what their sessions are made of, on any device.

#include <pleat/diffusion/chosen_sampler.hpp>
#include <pleat/pleat.hpp>

namespace tool {

struct NanoSize {
  static constexpr pleat::Shape encoder{.layers = 4, .width = 128, .heads = 8}, decoder{.layers = 2, .width = 128, .heads = 8},
      denoiser{.layers = 4, .width = 128, .heads = 8};
};
struct XsSize {
  static constexpr pleat::Shape encoder{.layers = 6, .width = 320, .heads = 20}, decoder{.layers = 2, .width = 320, .heads = 20},
      denoiser{.layers = 6, .width = 320, .heads = 20};
};
struct SSize {
  static constexpr pleat::Shape encoder{.layers = 12, .width = 480, .heads = 20}, decoder{.layers = 2, .width = 480, .heads = 20},
      denoiser{.layers = 12, .width = 480, .heads = 20};
};

/// One autoencoder of the registry and the diffusion on it. Shapes come by a type, since nvcc writes out no aliases that have
/// them as arguments.
template <class BottleneckType, class SizeType> struct SequenceModel {
  using Bottleneck = BottleneckType;
  using Size = SizeType;
  using Auto = pleat::Autoencoder<pleat::Transformer<Size::encoder>, Bottleneck, pleat::Decoder<Size::decoder>>;
  using Diffusion = pleat::LatentDiffusion<Auto, pleat::Denoiser<Size::denoiser>>;
  /// What the two are trained for.
  using Reconstruction = pleat::AutoencoderObjective<Auto>;
  using Denoising = pleat::DiffusionObjective<Diffusion, pleat::ChosenTimeSampler>;
};

template <class Size> using Mlm = SequenceModel<pleat::Masking<>, Size>;
template <class Size> using LsdTn = SequenceModel<pleat::TokenNorm<>, Size>;
template <class Size> using LsdNm = SequenceModel<pleat::NoiseMask<>, Size>;

} // namespace tool
