#pragma once
/// \file  Chemical elements: atomic numbers from symbols and atom names, and the one element vocabulary of all atom graphs.

#include <array>
#include <cstdint>
#include <pleat/core/index.hpp>
#include <string_view>

namespace pleat::inline v0_1 {

/// Channels of an element's one-hot: channel = atomic number 1 ... 17 (C 6, N 7, O 8, S 16); channel 0 stays empty. This is the
/// encoding of the published pre-training (siamdiff), used here for everything, so that a pre-trained column keeps its meaning.
inline constexpr Index element_channels = 18;

/// Atoms of other elements (unknown, or beyond chlorine) have no channel and no place in a structure.
constexpr bool element_has_channel(int atomic_number) { return atomic_number > 0 && atomic_number < element_channels; }

/// Symbols by atomic number, capital and small letter; number 0 is none.
inline constexpr std::array<std::string_view, 119> element_symbols = {
    "",   "H",  "He", "Li", "Be", "B",  "C",  "N",  "O",  "F",  "Ne", "Na", "Mg", "Al", "Si", "P",  "S",  "Cl", "Ar", "K",
    "Ca", "Sc", "Ti", "V",  "Cr", "Mn", "Fe", "Co", "Ni", "Cu", "Zn", "Ga", "Ge", "As", "Se", "Br", "Kr", "Rb", "Sr", "Y",
    "Zr", "Nb", "Mo", "Tc", "Ru", "Rh", "Pd", "Ag", "Cd", "In", "Sn", "Sb", "Te", "I",  "Xe", "Cs", "Ba", "La", "Ce", "Pr",
    "Nd", "Pm", "Sm", "Eu", "Gd", "Tb", "Dy", "Ho", "Er", "Tm", "Yb", "Lu", "Hf", "Ta", "W",  "Re", "Os", "Ir", "Pt", "Au",
    "Hg", "Tl", "Pb", "Bi", "Po", "At", "Rn", "Fr", "Ra", "Ac", "Th", "Pa", "U",  "Np", "Pu", "Am", "Cm", "Bk", "Cf", "Es",
    "Fm", "Md", "No", "Lr", "Rf", "Db", "Sg", "Bh", "Hs", "Mt", "Ds", "Rg", "Cn", "Nh", "Fl", "Mc", "Lv", "Ts", "Og"};

/// Atomic number of a symbol in any case ("C", "SE", "Se"); deuterium (D) and tritium (T) are hydrogen; 0 for all else.
constexpr int atomic_number(std::string_view symbol) {
  const auto raised = [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; };
  if (symbol.empty() || symbol.size() > 2) return 0;
  if (symbol.size() == 1 && (raised(symbol[0]) == 'D' || raised(symbol[0]) == 'T')) return 1;
  for (std::size_t number = 1; number < element_symbols.size(); ++number) {
    const std::string_view known = element_symbols[number];
    if (known.size() == symbol.size() && known[0] == raised(symbol[0]) &&
        (known.size() == 1 || raised(known[1]) == raised(symbol[1])))
      return static_cast<int>(number);
  }
  return 0;
}

/// Atomic number guessed from a PDB atom name of four columns, for files without an element column. A name that starts in the
/// second column has an element of one letter (" CA " is carbon, "CA  " calcium); names that fill all columns ("HG11", "1HB2")
/// and names of amino acids in the first column ("CA  " in files of careless writers) are read by their first letter.
constexpr int atomic_number_of_name(std::string_view columns, bool amino_acid) {
  while (columns.size() > 0 && (columns.front() == ' ' || (columns.front() >= '0' && columns.front() <= '9'))) {
    columns.remove_prefix(1);
    amino_acid = true; // the first column holds no letter: the element has one letter
  }
  while (columns.size() > 0 && columns.back() == ' ') columns.remove_suffix(1);
  if (columns.empty()) return 0;
  if (!amino_acid && columns.size() >= 2 && columns.size() < 4)
    if (const int number = atomic_number(columns.substr(0, 2)); number > 0) return number;
  return atomic_number(columns.substr(0, 1));
}

} // namespace pleat::inline v0_1
