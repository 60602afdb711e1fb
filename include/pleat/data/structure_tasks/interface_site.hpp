#pragma once
/// \file  Interface from the unbound form: which residues of a protein alone will touch the partner.

#include <pleat/core/error.hpp>
#include <pleat/data/structure_tasks/complexes.hpp>
#include <pleat/data/structure_tasks/interface_contacts.hpp>
#include <pleat/data/structure_tasks/residue_match.hpp>
#include <string>
#include <vector>

namespace pleat::inline v0_1 {

struct InterfaceOptions {
  double contact = 5; ///< heavy atoms of the bound residue and of the partner nearer than this, Angstrom
};

/// The residues of one unbound file that have a counterpart in the bound form, in their order.
struct InterfaceSites {
  std::string file;
  std::size_t partner = 0;           ///< which of the complex: 0 or 1
  std::vector<TaskResidue> residues; ///< of the unbound form; 20 types only, with a C-alpha
  std::vector<Index> labels;         ///< 1 touches the partner in the bound form, 0 does not
  Index left_out = 0;                ///< residues of the unbound form without a counterpart
  bool same_form = false;            ///< the "unbound" coordinates are the bound ones: nothing to learn, leave it out
  Index component = 0;
  Split split = Split::Train;
};

namespace detail {
inline void require_both_forms(const LoadedComplex& loaded, const char* task) {
  require(loaded.bound.size() == 2, loaded.complex.name, ": has no partner: ", task, " needs two bound files, not ",
          loaded.bound.size(), ".");
  require(loaded.unbound.size() == 2, loaded.complex.name, ": has ", loaded.unbound.size(), " unbound files; ", task,
          " needs the unbound form of both partners.");
}
} // namespace detail

/// One partner (0 or 1) of a complex with its unbound forms. \throws Error: no partner, no unbound form, forms that do not match.
inline InterfaceSites interface_sites(const LoadedComplex& loaded, std::size_t partner, const InterfaceOptions& options = {}) {
  detail::require_both_forms(loaded, "the interface from the unbound form");
  require(partner < 2, loaded.complex.name, ": has the partners 0 and 1, not ", partner, ".");
  const Structure &unbound = loaded.unbound[partner], &bound = loaded.bound[partner];
  std::vector<Index> touches(bound.types.size(), 0);
  for (const auto& [a, b] : heavy_atom_contacts(loaded.bound[0], loaded.bound[1], options.contact))
    touches[static_cast<std::size_t>(partner == 0 ? a : b)] = 1;
  const ResidueMatch match = match_residues(unbound, bound);
  const std::vector<Index> alphas = unbound.alpha_carbons();
  InterfaceSites sites;
  sites.file = loaded.complex.unbound[partner], sites.partner = partner, sites.same_form = same_form(unbound, bound, match);
  sites.component = loaded.complex.component, sites.split = loaded.complex.split;
  for (std::size_t r = 0; r < unbound.types.size(); ++r) {
    if (match.bound[r] < 0 || alphas[r] < 0 || unbound.types[r] >= 20) {
      ++sites.left_out;
      continue;
    }
    sites.residues.push_back(task_residue(unbound, sites.file, static_cast<Index>(r)));
    sites.labels.push_back(touches[static_cast<std::size_t>(match.bound[r])]);
  }
  return sites;
}

} // namespace pleat::inline v0_1
