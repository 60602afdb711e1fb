#pragma once
/// \file  The 20 residue types that per-type statistics group by.

#include <cstdint>

#include <pleat/core/index.hpp>

namespace pleat::inline v0_1 {

inline constexpr Index residue_types = 20;

/// Type 0 … 19 of an ESM-2 token (the letters LAGVSERTIDPKQNFYMHWC are tokens 4 … 23); -1 for every other token.
constexpr Index residue_type(std::uint8_t token) { return token >= 4 && token < 4 + residue_types ? token - 4 : -1; }

} // namespace pleat::inline v0_1
