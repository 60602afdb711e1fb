#pragma once
#include <pleat/pleat.hpp>

namespace mine {
using pleat::Shape;
using Narrow = pleat::Autoencoder<pleat::Transformer<Shape{.layers = 1, .width = 96, .heads = 3}>, pleat::NoiseMask<>,
                                  pleat::Decoder<Shape{.layers = 1, .width = 96, .heads = 3}>>;
using Wide = pleat::Autoencoder<pleat::Transformer<Shape{.layers = 1, .width = 272, .heads = 4}>, pleat::NoiseMask<>,
                                pleat::Decoder<Shape{.layers = 1, .width = 272, .heads = 4}>>;
using Prior = pleat::LatentDiffusion<Wide, pleat::Denoiser<Shape{.layers = 1, .width = 272, .heads = 4}>>;
} // namespace mine
