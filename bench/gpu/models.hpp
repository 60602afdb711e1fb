#pragma once
// The models of the GPU benchmarks: LSD-NM of growing size, a diffusion on its latents, encoders of structures.
#include <pleat/encoders/published_gearnet.hpp>
#include <pleat/encoders/published_gvp.hpp>
#include <pleat/pleat.hpp>
#include <pleat/train/structure_objective.hpp>
#include <pleat/train/task_objective.hpp>

namespace bench {
using pleat::Shape;
template <Shape Encoder, Shape Decoder>
using LsdNm = pleat::Autoencoder<pleat::Transformer<Encoder>, pleat::NoiseMask<>, pleat::Decoder<Decoder>>;
using Nano = LsdNm<Shape{.layers = 4, .width = 128, .heads = 8}, Shape{.layers = 2, .width = 128, .heads = 8}>;
using Xs =
    LsdNm<Shape{.layers = 6, .width = 320, .heads = 20}, Shape{.layers = 2, .width = 320, .heads = 20}>; // encoder: ESM-2 8M
using S =
    LsdNm<Shape{.layers = 12, .width = 480, .heads = 20}, Shape{.layers = 2, .width = 480, .heads = 20}>; // encoder: ESM-2 35M
using Diffusion = pleat::LatentDiffusion<Nano, pleat::Denoiser<Shape{.layers = 6, .width = 128, .heads = 8}>>;
// GearNet-Edge at atom level with a head of one number a structure, and the pre-training of the published Gvp encoder.
using GearNetTask =
    pleat::TaskObjective<pleat::StructureTask<pleat::GearNetEdge<pleat::AtomGraph, Shape{6, 128}, pleat::Readout::mean>, 1, 1>>;
using GvpPretraining = pleat::StructureObjective<pleat::SiamDiff<pleat::AtomGvp, pleat::Gaussian>>;
} // namespace bench
