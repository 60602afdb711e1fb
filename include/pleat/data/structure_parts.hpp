#pragma once
/// \file  Structures put together, and parts of them that keep their residue numbers: complexes, balls, environments of a site.

#include <cmath>
#include <initializer_list>
#include <pleat/data/structure.hpp>
#include <span>
#include <string>
#include <vector>

namespace pleat::inline v0_1 {

/// Squared distance in double, square Angstrom.
inline double square_distance(const Position& a, const Position& b) {
  const double x = static_cast<double>(a.x()) - static_cast<double>(b.x()),
               y = static_cast<double>(a.y()) - static_cast<double>(b.y()),
               z = static_cast<double>(a.z()) - static_cast<double>(b.z());
  return x * x + y * y + z * z;
}

/// Several structures in one frame as one: residues and chains of the first, then those of the next. Chains keep their names.
inline Structure join_structures(std::span<const Structure* const> parts, const std::string& name) {
  Structure all;
  all.name = name;
  bool factors = false;
  for (const Structure* part : parts) factors = factors || !part->b_factors.empty();
  for (const Structure* part : parts) {
    const Structure& s = *part;
    const auto residue = static_cast<std::int32_t>(all.residues()), chain = static_cast<std::int32_t>(all.chains.size());
    all.positions.insert(all.positions.end(), s.positions.begin(), s.positions.end());
    all.elements.insert(all.elements.end(), s.elements.begin(), s.elements.end());
    all.names.insert(all.names.end(), s.names.begin(), s.names.end());
    for (const std::int32_t r : s.atom_residues) all.atom_residues.push_back(residue + r);
    for (Index a = 0; factors && a < s.atoms(); ++a) all.b_factors.push_back(s.b_factor(a));
    all.types.insert(all.types.end(), s.types.begin(), s.types.end());
    all.labels.insert(all.labels.end(), s.labels.begin(), s.labels.end());
    for (const std::int32_t c : s.residue_chains) all.residue_chains.push_back(chain + c);
    for (const StructureChain& c : s.chains) all.chains.push_back({c.name, residue + c.first_residue, c.residues});
  }
  return all;
}
inline Structure join_structures(std::initializer_list<const Structure*> parts, const std::string& name) {
  return join_structures(std::span<const Structure* const>(parts.begin(), parts.size()), name);
}

/// The atoms of these numbers (ascending). All residues stay, also those without an atom, so that numbers and distances in
/// sequence are those of the whole. Errors: numbers that do not rise, or that no atom has.
inline Structure select_atoms(const Structure& from, std::span<const Index> atoms) {
  Structure to;
  to.name = from.name, to.model = from.model;
  to.types = from.types, to.residue_chains = from.residue_chains, to.labels = from.labels, to.chains = from.chains;
  Index before = -1;
  for (const Index atom : atoms) {
    require(atom > before && atom < from.atoms(), from.name, ": atom ", atom, " was chosen after atom ", before, " of ",
            from.atoms(), "; choose atoms by rising numbers, each once.");
    const auto a = static_cast<std::size_t>(before = atom);
    to.positions.push_back(from.positions[a]);
    to.elements.push_back(from.elements[a]);
    to.names.push_back(from.names[a]);
    to.atom_residues.push_back(from.atom_residues[a]);
    if (!from.b_factors.empty()) to.b_factors.push_back(from.b_factors[a]);
  }
  return to;
}

/// Numbers of the atoms nearer than `radius` Angstrom to a point.
inline std::vector<Index> atoms_within(const Structure& s, const Position& centre, double radius) {
  std::vector<Index> found;
  for (std::size_t a = 0; a < s.positions.size(); ++a)
    if (square_distance(s.positions[a], centre) < radius * radius) found.push_back(static_cast<Index>(a));
  return found;
}

} // namespace pleat::inline v0_1
