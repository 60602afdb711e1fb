#pragma once
/// \file  The vocabulary of atom names of proteins: 38 numbers, the last for all other names (siamdiff).

#include <array>
#include <cstdint>
#include <pleat/core/index.hpp>
#include <string_view>

namespace pleat::inline v0_1 {

using AtomName = std::uint8_t;

/// Names by number.
inline constexpr std::array<std::string_view, 38> atom_name_texts = {
    "C",   "CA",  "CB",  "CD",  "CD1", "CD2", "CE",  "CE1", "CE2", "CE3", "CG",  "CG1", "CG2",
    "CH2", "CZ",  "CZ2", "CZ3", "N",   "ND1", "ND2", "NE",  "NE1", "NE2", "NH1", "NH2", "NZ",
    "O",   "OD1", "OD2", "OE1", "OE2", "OG",  "OG1", "OH",  "OXT", "SD",  "SG",  "UNK"};
inline constexpr Index atom_names = static_cast<Index>(atom_name_texts.size());
inline constexpr AtomName atom_c = 0, atom_ca = 1, atom_cb = 2, atom_n = 17, atom_o = 26, atom_oxt = 34, atom_sd = 35,
                          atom_unknown = 37;

/// Number of a name without blanks; `atom_unknown` for names outside the vocabulary.
constexpr AtomName atom_name_of(std::string_view text) {
  for (std::size_t number = 0; number + 1 < atom_name_texts.size(); ++number)
    if (atom_name_texts[number] == text) return static_cast<AtomName>(number);
  return atom_unknown;
}

static_assert(atom_name_of("N") == atom_n && atom_name_of("O") == atom_o && atom_name_of("OXT") == atom_oxt &&
              atom_name_of("SD") == atom_sd && atom_name_texts[atom_unknown] == "UNK");

} // namespace pleat::inline v0_1
