#pragma once
// Tiny models of every kind that pleat trains, with their sessions generated for both devices.
#include <pleat/encoders/gearnet.hpp>
#include <pleat/encoders/gvp.hpp>
#include <pleat/pleat.hpp>
#include <pleat/train/structure_objective.hpp>
#include <pleat/train/task_objective.hpp>

namespace toy {
using pleat::Shape;
inline constexpr Shape small{.layers = 2, .width = 48, .heads = 3};
template <class Bottleneck> using Small = pleat::Autoencoder<pleat::Transformer<small>, Bottleneck, pleat::Decoder<small>>;
using Masked = Small<pleat::NoiseMask<>>;                                                            // LSD-NM
using Normed = Small<pleat::TokenNorm<pleat::TokenNormPolicy{.form = pleat::TokenNormForm::Layer}>>; // LSD-TN
using Diffusion = pleat::LatentDiffusion<Masked, pleat::Denoiser<small>>;
using Encoder = pleat::GearNetEdge<pleat::ResidueGraph, Shape{.layers = 2, .width = 24}>;
using Siamese = pleat::StructureObjective<pleat::SiamDiff<Encoder, pleat::Gaussian>>;
using VectorTask = pleat::TaskObjective<pleat::StructureTask<
    pleat::Gvp<pleat::ResidueGraph, pleat::GvpShape{.layers = 2, .node = {20, 5}, .edge = {8, 1}, .input = 9}>, 2, 1>>;
} // namespace toy
