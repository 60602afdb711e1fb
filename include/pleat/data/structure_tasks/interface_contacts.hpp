#pragma once
/// \file  Which residues of two partners touch: pairs with heavy atoms within a distance, pairs with C-alphas within another.

#include <cmath>
#include <pleat/core/error.hpp>
#include <pleat/data/neighbour_search.hpp>
#include <pleat/data/structure.hpp>
#include <set>
#include <utility>
#include <vector>

namespace pleat::inline v0_1 {

using ResidueNumbers = std::pair<Index, Index>; ///< of the first and of the second partner

namespace detail {
/// Pairs of residues of which atoms that pass `keep(structure, atom)` lie nearer than `radius` Angstrom.
template <class Keep>
std::set<ResidueNumbers> pairs_nearer_than(const Structure& a, const Structure& b, double radius, const Keep& keep) {
  std::vector<float> points;
  std::vector<Index> residues;
  Index of_first = 0;
  for (const Structure* s : {&a, &b}) {
    for (std::size_t i = 0; i < s->positions.size(); ++i) {
      if (!keep(*s, i)) continue;
      const Position& p = s->positions[i];
      points.insert(points.end(), {p.x(), p.y(), p.z()});
      residues.push_back(s->atom_residues[i]);
    }
    if (s == &a) of_first = static_cast<Index>(residues.size());
  }
  std::set<ResidueNumbers> found;
  if (points.empty()) return found;
  NeighbourSearch search(points, radius);
  for (Index i = 0; i < of_first; ++i)
    for (const Neighbour& other : search.within(i, radius))
      if (other.index >= of_first)
        found.insert({residues[static_cast<std::size_t>(i)], residues[static_cast<std::size_t>(other.index)]});
  return found;
}
} // namespace detail

/// Pairs (residue of a, residue of b) with two heavy atoms nearer than `radius` Angstrom, ascending.
inline std::set<ResidueNumbers> heavy_atom_contacts(const Structure& a, const Structure& b, double radius) {
  return detail::pairs_nearer_than(a, b, radius, [](const Structure&, std::size_t) { return true; });
}

/// Pairs whose C-alphas are nearer than `radius` Angstrom, ascending.
inline std::set<ResidueNumbers> alpha_contacts(const Structure& a, const Structure& b, double radius) {
  return detail::pairs_nearer_than(a, b, radius,
                                   [](const Structure& s, std::size_t i) { return s.names[i] == atom_ca && s.elements[i] == 6; });
}

} // namespace pleat::inline v0_1
