#pragma once
/// \file  Residue types of structures, in the order of their mass (siamdiff), and the residue names that mean them.

#include <array>
#include <cstdint>
#include <pleat/core/index.hpp>
#include <string_view>

namespace pleat::inline v0_1 {

/// 0 ... 19 in the order of `structure_letters`, 20 for unknown residues.
using StructureResidue = std::uint8_t;

inline constexpr std::string_view structure_letters = "GASPVTCILNDQKEMHFRYW";
inline constexpr std::array<std::string_view, 20> structure_residue_names = {"GLY", "ALA", "SER", "PRO", "VAL", "THR", "CYS",
                                                                             "ILE", "LEU", "ASN", "ASP", "GLN", "LYS", "GLU",
                                                                             "MET", "HIS", "PHE", "ARG", "TYR", "TRP"};
inline constexpr StructureResidue residue_met = 14, residue_unknown = 20;
static_assert(structure_letters.size() == 20 && structure_letters[residue_met] == 'M');

/// Type of a one-letter code (capital); 20 for all other letters, also for U (selenocysteine) and O (pyrrolysine): they are none
/// of the 20.
constexpr StructureResidue residue_of_letter(char letter) {
  const std::size_t at = structure_letters.find(letter);
  return at == std::string_view::npos ? residue_unknown : static_cast<StructureResidue>(at);
}

namespace detail {
struct ResidueAlias {
  std::string_view name, means;
};
/// Names that force fields give to the 20 residues in other states of protonation or bonding.
inline constexpr std::array<ResidueAlias, 14> residue_aliases = {{{"HSD", "HIS"},
                                                                  {"HSE", "HIS"},
                                                                  {"HSP", "HIS"},
                                                                  {"HID", "HIS"},
                                                                  {"HIE", "HIS"},
                                                                  {"HIP", "HIS"},
                                                                  {"CYX", "CYS"},
                                                                  {"CYM", "CYS"},
                                                                  {"CYN", "CYS"},
                                                                  {"ASH", "ASP"},
                                                                  {"GLH", "GLU"},
                                                                  {"LYN", "LYS"},
                                                                  {"ARN", "ARG"},
                                                                  {"TYM", "TYR"}}};
} // namespace detail

/// Type of one of the 20 standard names, of selenomethionine (MSE, read as methionine), or of a force field's name of a standard
/// residue (HSD, CYX, ...); 20 for all other names.
constexpr StructureResidue residue_of_name(std::string_view name) {
  for (std::size_t type = 0; type < structure_residue_names.size(); ++type)
    if (structure_residue_names[type] == name) return static_cast<StructureResidue>(type);
  if (name == "MSE") return residue_met;
  for (const detail::ResidueAlias& alias : detail::residue_aliases)
    if (alias.name == name) return residue_of_name(alias.means);
  return residue_unknown;
}

/// One-letter code of a type; for type 20 the name decides: U for selenocysteine (SEC), O for pyrrolysine (PYL), else X.
constexpr char residue_letter(StructureResidue type, std::string_view name = {}) {
  if (type < structure_letters.size()) return structure_letters[type];
  return name == "SEC" ? 'U' : name == "PYL" ? 'O' : 'X';
}

/// Names of nucleotides in structure files, old and new.
constexpr bool is_nucleotide(std::string_view name) {
  for (const std::string_view known : {"A",  "C",  "G",  "U",  "I",  "N",  "DA",  "DC",  "DG",  "DT",  "DU",  "DI", "DN",
                                       "+A", "+C", "+G", "+U", "+T", "+I", "ADE", "CYT", "GUA", "URA", "THY", "T"})
    if (known == name) return true;
  return false;
}

/// Names of water in structure files.
constexpr bool is_water(std::string_view name) {
  for (const std::string_view known : {"HOH", "WAT", "H2O", "DOD", "TIP", "TIP3", "TP3", "T3P", "SOL", "SPC"})
    if (known == name) return true;
  return false;
}

} // namespace pleat::inline v0_1
