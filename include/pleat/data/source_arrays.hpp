#pragma once
/// \file  Parts of a structure with arrays of their own: crops, and atoms that are left when others are deleted.

#include <algorithm>
#include <string>
#include <vector>

#include <pleat/data/graph_source.hpp>

namespace pleat::inline v0_1 {

/// Arrays behind a GraphSource, and where its atoms were in the structure it was cut from.
struct SourceArrays {
  std::vector<StructureResidue> residue_type;
  std::vector<std::int32_t> chain, atom_residue;
  std::vector<std::uint8_t> element;
  std::vector<AtomName> atom_name;
  std::vector<float> positions;
  std::string name;
  std::vector<std::int32_t> origin; ///< (atoms) number of each atom in the source it comes from

  /// Valid until the arrays change.
  GraphSource view() const { return {residue_type, chain, atom_residue, element, atom_name, positions, name}; }
  Index residues() const { return static_cast<Index>(residue_type.size()); }
  Index atoms() const { return static_cast<Index>(element.size()); }
};

/// Residues [first, first + count) of a source, all of them by default, and those of their atoms for which keep(atom) is true, in
/// their order. Residues keep their place even where no atom is left. Errors: residues that do not exist, arrays that do not
/// belong together.
template <class Keep> SourceArrays select_atoms(const GraphSource& from, Index first, Index count, Keep&& keep) {
  require_consistent(from);
  require(first >= 0 && count >= 0 && first + count <= from.residues(), from.name, ": residues ", first, " to ", first + count,
          " were asked for of ", from.residues(), "; crop within the structure");
  SourceArrays to;
  to.name = from.name;
  const auto begin = static_cast<std::size_t>(first), end = static_cast<std::size_t>(first + count);
  to.residue_type.assign(from.residue_type.begin() + first, from.residue_type.begin() + first + count);
  to.chain.assign(from.chain.begin() + first, from.chain.begin() + first + count);
  const auto at = std::lower_bound(from.atom_residue.begin(), from.atom_residue.end(), static_cast<std::int32_t>(begin));
  for (auto i = static_cast<std::size_t>(at - from.atom_residue.begin()); i < from.atom_residue.size(); ++i) {
    const auto residue = static_cast<std::size_t>(from.atom_residue[i]);
    if (residue >= end) break;
    if (!keep(static_cast<Index>(i))) continue;
    to.atom_residue.push_back(static_cast<std::int32_t>(residue - begin));
    to.element.push_back(from.element[i]), to.atom_name.push_back(from.atom_name[i]);
    for (std::size_t k = 0; k < 3; ++k) to.positions.push_back(from.positions[3 * i + k]);
    to.origin.push_back(static_cast<std::int32_t>(i));
  }
  return to;
}

/// `count` consecutive residues from `first` on, with all their atoms.
inline SourceArrays crop(const GraphSource& from, Index first, Index count) {
  return select_atoms(from, first, count, [](Index) { return true; });
}

/// What is left of an atom's residue when its type is hidden: N, C-alpha and C, which all residues have.
constexpr bool is_backbone(AtomName name) { return name == atom_n || name == atom_ca || name == atom_c; }

} // namespace pleat::inline v0_1
