#pragma once
/// \file  What graph construction and side-chain torsions read of a structure: plain arrays, whoever made them.

#include <cstdint>
#include <span>
#include <string_view>

#include <pleat/core/error.hpp>
#include <pleat/core/index.hpp>

namespace pleat::inline v0_1 {

/// Residues of one structure and their atoms, in the order of the file; all spans are views. Residue types: G A S P V T C I L N D
/// Q K E M H F R Y W = 0..19, 20 unknown. Atom names: C CA CB CD CD1 CD2 CE CE1 CE2 CE3 CG CG1 CG2 CH2 CZ CZ2 CZ3 N ND1 ND2 NE NE1
/// NE2 NH1 NH2 NZ O OD1 OD2 OE1 OE2 OG OG1 OH OXT SD SG = 0..36, 37 any other.
struct GraphSource {
  std::span<const std::uint8_t> residue_type; ///< (residues) 0..20
  std::span<const std::int32_t> chain;        ///< (residues) equal numbers: one chain
  std::span<const Index> first_atom;          ///< (residues + 1): atoms of residue r are [first_atom[r], first_atom[r + 1])
  std::span<const std::uint8_t> element;      ///< (atoms) atomic number, 0 unknown
  std::span<const std::uint8_t> atom_name;    ///< (atoms) 0..37
  std::span<const float> positions;           ///< (atoms, 3) Angstrom
  std::string_view name = "structure";        ///< for messages: the file it came from

  constexpr Index residues() const { return static_cast<Index>(residue_type.size()); }
  constexpr Index atoms() const { return static_cast<Index>(element.size()); }
};

inline constexpr std::uint8_t unknown_residue_type = 20; ///< of `GraphSource::residue_type`
inline constexpr std::uint8_t unknown_atom_name = 37;    ///< of `GraphSource::atom_name`

/// Errors: arrays whose lengths do not belong together, offsets that are none, types and names out of range.
inline void require_consistent(const GraphSource& s) {
  const auto residues = s.residue_type.size(), atoms = s.element.size();
  require(s.chain.size() == residues && s.first_atom.size() == residues + 1, s.name, ": ", residues, " residue types, ",
          s.chain.size(), " chain numbers and ", s.first_atom.size(),
          " offsets of atoms do not belong together; give one chain number a residue and one offset more");
  require(s.atom_name.size() == atoms && s.positions.size() == 3 * atoms, s.name, ": ", atoms, " elements, ", s.atom_name.size(),
          " atom names and ", s.positions.size(),
          " coordinates do not belong together; give one name and three coordinates an atom");
  Index last = 0;
  for (std::size_t r = 0; r <= residues; ++r) {
    require(s.first_atom[r] >= last && (r > 0 || s.first_atom[r] == 0), s.name, ": the atoms of residue ", r,
            " do not begin where those before it end; sort the atoms by residue");
    last = s.first_atom[r];
  }
  require(last == s.atoms(), s.name, ": the residues hold ", last, " atoms of ", atoms, "; every atom needs a residue");
  for (std::size_t r = 0; r < residues; ++r)
    require(s.residue_type[r] <= unknown_residue_type, s.name, ": residue ", r, " has type ", int{s.residue_type[r]},
            ", which is none; types are 0 to 19, and 20 for unknown ones");
  for (std::size_t i = 0; i < atoms; ++i)
    require(s.atom_name[i] <= unknown_atom_name, s.name, ": atom ", i, " has name number ", int{s.atom_name[i]},
            ", which is none; names are 0 to 36, and 37 for any other");
}

} // namespace pleat::inline v0_1
