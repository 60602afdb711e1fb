#pragma once
#include <pleat/encoders/gearnet.hpp>
#include <pleat/models/structure_latents.hpp>
#include <pleat/pleat.hpp>
#include <pleat/train/structure_objective.hpp>
#include <pleat/train/task_objective.hpp>

namespace mine {
using pleat::Shape;
using Narrow = pleat::Autoencoder<pleat::Transformer<Shape{.layers = 1, .width = 96, .heads = 3}>, pleat::NoiseMask<>,
                                  pleat::Decoder<Shape{.layers = 1, .width = 96, .heads = 3}>>;
using Wide = pleat::Autoencoder<pleat::Transformer<Shape{.layers = 1, .width = 272, .heads = 4}>, pleat::NoiseMask<>,
                                pleat::Decoder<Shape{.layers = 1, .width = 272, .heads = 4}>>;
using Prior = pleat::LatentDiffusion<Wide, pleat::Denoiser<Shape{.layers = 1, .width = 272, .heads = 4}>>;
// A structure encoder of an odd width, and what it is pre-trained for.
using Encoder = pleat::GearNetEdge<pleat::ResidueGraph, Shape{.layers = 2, .width = 24}>;
using Siamese = pleat::StructureObjective<pleat::SiamDiff<Encoder, pleat::Gaussian>>;
// A head of two classes on it, and the density of its rows.
using Sites = pleat::TaskObjective<pleat::StructureTask<Encoder, 1, 2>>;
using Density =
    pleat::LatentDiffusion<pleat::StructureLatents<Encoder>, pleat::Denoiser<Shape{.layers = 1, .width = 48, .heads = 3}>>;
using DensityObjective = pleat::DiffusionObjective<Density>;
} // namespace mine
