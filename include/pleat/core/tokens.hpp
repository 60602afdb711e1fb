#pragma once
/// \file  Tokens of sequence models: 33 in the order of ESM-2's vocabulary, among them the 20 standard residues.

#include <cstdint>
#include <string_view>

#include <pleat/core/index.hpp>

namespace pleat::inline v0_1 {

using TokenId = std::uint8_t;

inline constexpr Index vocabulary_size = 33;
inline constexpr Index residue_types = 20;
inline constexpr TokenId token_cls = 0, token_pad = 1, token_eos = 2, token_unk = 3, token_first_residue = 4, token_x = 24,
                         token_dot = 29, token_gap = 30, token_mask = 32;

/// Letter of each token; '?' stands for the tokens that are no letters.
inline constexpr std::string_view token_letters = "????LAGVSERTIDPKQNFYMHWCXBUZO.-??";
static_assert(token_letters.size() == static_cast<std::size_t>(vocabulary_size) && token_letters[token_x] == 'X');

/// Type 0 … 19 (L A G V S E R T I D P K Q N F Y M H W C) of a token; -1 for all that is not a standard residue.
constexpr int residue_type(TokenId token) {
  return token >= token_first_residue && token < token_first_residue + residue_types ? token - token_first_residue : -1;
}
constexpr TokenId token_of_residue_type(int type) { return static_cast<TokenId>(type + token_first_residue); }
constexpr char letter_of(TokenId token) { return token < vocabulary_size ? token_letters[token] : '?'; }

} // namespace pleat::inline v0_1
