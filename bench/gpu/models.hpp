#pragma once
// The models of the GPU benchmarks: LSD-NM of growing size, a diffusion on its latents, encoders of structures.
#include <pleat/encoders/published_gearnet.hpp>
#include <pleat/encoders/published_gvp.hpp>
#include <pleat/pleat.hpp>
#include <pleat/train/structure_objective.hpp>
#include <pleat/train/task_objective.hpp>

namespace bench {
using pleat::Shape;
// Constants, and types written out: nvcc 13.0 cannot write out a Shape that is a template's own argument.
inline constexpr Shape nano{.layers = 4, .width = 128, .heads = 8}, nano_decoder{.layers = 2, .width = 128, .heads = 8},
    nano_denoiser{.layers = 6, .width = 128, .heads = 8};
inline constexpr Shape xs{.layers = 6, .width = 320, .heads = 20},
    xs_decoder{.layers = 2, .width = 320, .heads = 20}; // encoder: ESM-2 8M
inline constexpr Shape s{.layers = 12, .width = 480, .heads = 20},
    s_decoder{.layers = 2, .width = 480, .heads = 20}; // encoder: ESM-2 35M
inline constexpr Shape gearnet{.layers = 6, .width = 128};
using Nano = pleat::Autoencoder<pleat::Transformer<nano>, pleat::NoiseMask<>, pleat::Decoder<nano_decoder>>;
using Xs = pleat::Autoencoder<pleat::Transformer<xs>, pleat::NoiseMask<>, pleat::Decoder<xs_decoder>>;
using S = pleat::Autoencoder<pleat::Transformer<s>, pleat::NoiseMask<>, pleat::Decoder<s_decoder>>;
using Diffusion = pleat::LatentDiffusion<Nano, pleat::Denoiser<nano_denoiser>>;
// GearNet-Edge at atom level with a head of one number a structure, and the pre-training of the published Gvp encoder.
using GearNetTask =
    pleat::TaskObjective<pleat::StructureTask<pleat::GearNetEdge<pleat::AtomGraph, gearnet, pleat::Readout::mean>, 1, 1>>;
using GvpPretraining = pleat::StructureObjective<pleat::SiamDiff<pleat::AtomGvp, pleat::Gaussian>>;
} // namespace bench
