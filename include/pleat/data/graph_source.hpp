#pragma once
/// \file  What graph construction and side-chain torsions read of a structure: views of plain arrays, whoever made them.

#include <cmath>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include <pleat/core/error.hpp>
#include <pleat/core/index.hpp>
#include <pleat/data/structure.hpp>

namespace pleat::inline v0_1 {

/// Residues of one structure and their atoms, in the order of the file; all spans are views.
struct GraphSource {
  std::span<const StructureResidue> residue_type; ///< (residues) 0..19, 20 unknown (data/residue_types.hpp)
  std::span<const std::int32_t> chain;            ///< (residues) equal numbers: one chain
  std::span<const std::int32_t> atom_residue;     ///< (atoms) residue an atom belongs to; never falls
  std::span<const std::uint8_t> element;          ///< (atoms) atomic number, 0 unknown
  std::span<const AtomName> atom_name;            ///< (atoms) 0..36, 37 any other (data/atom_names.hpp)
  std::span<const float> positions;               ///< (atoms, 3) Angstrom
  std::string_view name = "structure";            ///< for messages: the file it came from

  constexpr Index residues() const { return static_cast<Index>(residue_type.size()); }
  constexpr Index atoms() const { return static_cast<Index>(atom_residue.size()); }
  constexpr AtomName name_of(Index atom) const { return atom_name[static_cast<std::size_t>(atom)]; }
  constexpr int element_of(Index atom) const { return element[static_cast<std::size_t>(atom)]; }
  constexpr Index residue_of(Index atom) const { return atom_residue[static_cast<std::size_t>(atom)]; }
};

/// A structure as a source of graphs; valid until the structure changes.
inline GraphSource graph_source(const Structure& s) {
  return {s.types, s.residue_chains, s.atom_residues, s.elements, s.names, flat_angstrom(s.positions), s.name};
}

/// The same structure in another conformation: (atoms, 3) Angstrom.
inline GraphSource with_positions(GraphSource source, std::span<const float> positions) {
  source.positions = positions;
  return source;
}

/// Errors: arrays whose lengths do not belong together, residue numbers that fall or do not exist, types and names out of range.
inline void require_consistent(const GraphSource& s) {
  const auto residues = s.residue_type.size(), atoms = s.atom_residue.size();
  require(s.chain.size() == residues, s.name, ": ", residues, " residue types and ", s.chain.size(),
          " chain numbers do not belong together; give one of each a residue");
  require(s.element.size() == atoms && s.atom_name.size() == atoms && s.positions.size() == 3 * atoms, s.name, ": ", atoms,
          " residue numbers of atoms, ", s.element.size(), " elements, ", s.atom_name.size(), " atom names and ",
          s.positions.size(), " coordinates do not belong together; give one of each and three coordinates an atom");
  for (std::size_t r = 0; r < residues; ++r)
    require(s.residue_type[r] <= residue_unknown, s.name, ": residue ", r, " has type ", int{s.residue_type[r]},
            ", which is none; types are 0 to 19, and 20 for unknown ones");
  std::int32_t last = 0;
  for (std::size_t i = 0; i < atoms; ++i) {
    require(s.atom_residue[i] >= last && static_cast<std::size_t>(s.atom_residue[i]) < residues, s.name, ": atom ", i,
            " has the residue number ", s.atom_residue[i], "; sort the atoms by residue, and number these from 0 to ", residues,
            " - 1");
    last = s.atom_residue[i];
    require(s.atom_name[i] <= atom_unknown, s.name, ": atom ", i, " has name number ", int{s.atom_name[i]},
            ", which is none; names are 0 to 36, and 37 for any other");
  }
}

} // namespace pleat::inline v0_1
