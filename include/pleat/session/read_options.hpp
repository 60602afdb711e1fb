#pragma once
/// \file  What is to be read from a model, and of which residues; light, for code that is compiled without the models.

#include <cstdint>
#include <span>

#include <pleat/core/index.hpp>
#include <pleat/diffusion/readings.hpp>

namespace pleat::inline v0_1 {

/// What is to be read from a model.
struct ReadOptions {
  ReadingChoice reading{Reading::Encoder, 0}; ///< Reading::Encoder: the encoder's latent z
  double t = 0.3;                             ///< diffusion readings only
  ReadingInput input = ReadingInput::Clean;
  Index draws = 1; ///< of noise, averaged; for ReadingInput::Noised
};

/// A piece of a sequence to be encoded.
struct Piece {
  std::span<const std::uint8_t> tokens;
  std::uint32_t record = 0;
  Index start = 0;
};

} // namespace pleat::inline v0_1
