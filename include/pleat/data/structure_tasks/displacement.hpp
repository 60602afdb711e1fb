#pragma once
/// \file  Displacement on binding: how far each C-alpha of the unbound form moves when the partner comes.

#include <cmath>
#include <pleat/core/error.hpp>
#include <pleat/data/structure_parts.hpp>
#include <pleat/data/structure_tasks/complexes.hpp>
#include <pleat/data/structure_tasks/interface_site.hpp>
#include <pleat/data/structure_tasks/residue_match.hpp>
#include <pleat/data/superposition.hpp>
#include <string>
#include <vector>

namespace pleat::inline v0_1 {

/// The residues of one unbound file that have a C-alpha in both forms, in their order.
struct Displacements {
  std::string file;
  std::size_t partner = 0;           ///< which of the complex: 0 or 1
  std::vector<TaskResidue> residues; ///< of the unbound form
  std::vector<double> values;        ///< distance of the two C-alphas after superposition, Angstrom
  double rmsd = 0;                   ///< of all of them
  Index left_out = 0;                ///< residues of the unbound form without a counterpart
  bool same_form = false;            ///< the "unbound" coordinates are the bound ones: nothing moves, leave it out
  Index component = 0;
  Split split = Split::Train;
};

/// Displacement of one protein: all C-alphas that both forms have are superposed (data/superposition.hpp). \throws Error: no
/// common residue, less than three common C-alphas.
inline Displacements displacements(const Structure& unbound, const Structure& bound, const std::string& file) {
  const ResidueMatch match = match_residues(unbound, bound);
  const std::vector<Index> here = unbound.alpha_carbons(), there = bound.alpha_carbons();
  Displacements found;
  found.file = file;
  std::vector<Position> from, onto;
  for (std::size_t r = 0; r < unbound.types.size(); ++r) {
    const Index other = match.bound[r] < 0 ? -1 : there[static_cast<std::size_t>(match.bound[r])];
    if (here[r] < 0 || other < 0) {
      ++found.left_out;
      continue;
    }
    from.push_back(unbound.positions[static_cast<std::size_t>(here[r])]);
    onto.push_back(bound.positions[static_cast<std::size_t>(other)]);
    found.residues.push_back(task_residue(unbound, file, static_cast<Index>(r)));
  }
  require(from.size() >= 3, unbound.name, " and ", bound.name, " have ", from.size(),
          " C-alphas in common; a superposition that means something needs at least 3.");
  const Superposition move = superpose(flat_angstrom(from), flat_angstrom(onto));
  for (std::size_t i = 0; i < from.size(); ++i) {
    const auto p = move(detail::point_at(flat_angstrom(from), i)), q = detail::point_at(flat_angstrom(onto), i);
    found.values.push_back(std::hypot(p[0] - q[0], p[1] - q[1], p[2] - q[2]));
  }
  found.rmsd = move.rmsd, found.same_form = same_form(unbound, bound, match);
  return found;
}

/// One partner (0 or 1) of a complex with its unbound forms. \throws Error: no partner, no unbound form, forms that do not match.
inline Displacements displacements(const LoadedComplex& loaded, std::size_t partner) {
  detail::require_both_forms(loaded, "the displacement on binding");
  require(partner < 2, loaded.complex.name, ": has the partners 0 and 1, not ", partner, ".");
  Displacements found = displacements(loaded.unbound[partner], loaded.bound[partner], loaded.complex.unbound[partner]);
  found.partner = partner, found.component = loaded.complex.component, found.split = loaded.complex.split;
  return found;
}

} // namespace pleat::inline v0_1
