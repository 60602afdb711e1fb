#pragma once
/// \file  Residues that the unbound and the bound form of a protein share, by chain, number, insertion code and type.

#include <cstdint>
#include <map>
#include <pleat/core/error.hpp>
#include <pleat/data/structure.hpp>
#include <pleat/data/superposition.hpp>
#include <string>
#include <tuple>
#include <vector>

namespace pleat::inline v0_1 {

struct ResidueMatch {
  std::vector<Index> bound; ///< (residues of the unbound form) number in the bound form; -1 where it has none
  Index matched = 0;
  Index other_type = 0; ///< same number, another type: not matched
};

/// Chains are matched by their order in the file (their names change between depositions). Residues named twice are left out.
/// \throws Error where the two have no residue in common, and where more than a tenth of the residues with the same number have
/// different types: then the numbers do not belong together, and those that agree do so by chance.
inline ResidueMatch match_residues(const Structure& unbound, const Structure& bound) {
  using Key = std::tuple<std::int32_t, std::int32_t, char>;
  const auto key_of = [](const Structure& s, std::size_t r) {
    return Key{s.residue_chains[r], s.labels[r].number, s.labels[r].insertion};
  };
  const auto index = [&key_of](const Structure& s) {
    std::map<Key, Index> at; // -1: named twice
    for (std::size_t r = 0; r < s.types.size(); ++r)
      if (const auto [place, fresh] = at.emplace(key_of(s, r), static_cast<Index>(r)); !fresh) place->second = -1;
    return at;
  };
  const auto here = index(unbound), there = index(bound);
  ResidueMatch match{std::vector<Index>(unbound.types.size(), -1), 0, 0};
  for (std::size_t r = 0; r < unbound.types.size(); ++r) {
    const Key key = key_of(unbound, r);
    const auto other = there.find(key);
    if (here.at(key) < 0 || other == there.end() || other->second < 0) continue;
    if (unbound.types[r] != bound.types[static_cast<std::size_t>(other->second)]) {
      ++match.other_type;
      continue;
    }
    match.bound[r] = other->second, ++match.matched;
  }
  require(match.matched > 0 && match.other_type * 9 <= match.matched, unbound.name, " and ", bound.name, " have ", match.matched,
          " residues in common by chain, number and type, and ", match.other_type,
          " with the same number and another type; give two forms of one protein with the same numbers.");
  return match;
}

/// Whether the two are one set of coordinates, moved or not: their C-alphas are superposed to less than 0.01 Angstrom. The
/// docking benchmark has bound forms that stand in for unbound ones, which nobody has seen.
inline bool same_form(const Structure& unbound, const Structure& bound, const ResidueMatch& match) {
  const std::vector<Index> here = unbound.alpha_carbons(), there = bound.alpha_carbons();
  std::vector<Position> from, onto;
  for (std::size_t r = 0; r < match.bound.size(); ++r) {
    const Index other = match.bound[r] < 0 ? -1 : there[static_cast<std::size_t>(match.bound[r])];
    if (here[r] < 0 || other < 0) continue;
    from.push_back(unbound.positions[static_cast<std::size_t>(here[r])]);
    onto.push_back(bound.positions[static_cast<std::size_t>(other)]);
  }
  return from.size() >= 3 && superpose(flat_angstrom(from), flat_angstrom(onto)).rmsd < 0.01;
}

} // namespace pleat::inline v0_1
