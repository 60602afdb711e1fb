#pragma once
/// \file  Residue identity (RES): which residue sits at a site whose side chain was removed.

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <pleat/core/error.hpp>
#include <pleat/data/exposure.hpp>
#include <pleat/data/structure_parts.hpp>
#include <pleat/data/structure_tasks/complexes.hpp>
#include <span>
#include <string>
#include <vector>

namespace pleat::inline v0_1 {

struct ResidueSiteOptions {
  double radius = 17.320508075688775; ///< of the environment, Angstrom: 10 sqrt(3), as published
  Index per_chain = 40;               ///< at most; one twentieth of it of each type
  std::uint64_t seed = 0;
  bool published_centre = false; ///< C-alpha + (-0.531, -0.758, 1.220) in the frame of the file, however the residue lies in it
};

/// A site and its label, the type (0 ... 19) of the residue.
struct ResidueSite {
  TaskResidue at;
  Index residue = 0; ///< number in the whole complex (`whole_complex`)
  Index component = 0;
  Split split = Split::Train;
};

/// Sites of a complex: at most `per_chain` / 20 of each type from each chain, drawn without replacement by (seed, file, chain),
/// in the order of the residues. Residues of unknown type, and those without N, CA, C or O, are no sites.
inline std::vector<ResidueSite> residue_sites(const LoadedComplex& loaded, const ResidueSiteOptions& options = {}) {
  require(options.per_chain >= 20, "residue sites were asked for with ", options.per_chain,
          " a chain; give at least 20, one of each type");
  const AtomName oxygen = atom_name_of("O");
  std::vector<ResidueSite> sites;
  Index first = 0;
  for (std::size_t p = 0; p < loaded.bound.size(); ++p) {
    const Structure& s = loaded.bound[p];
    const std::string& file = loaded.complex.bound[p];
    const Backbone backbone = backbone_of(s);
    std::vector<char> has_oxygen(s.types.size());
    for (std::size_t a = 0; a < s.names.size(); ++a)
      if (s.names[a] == oxygen) has_oxygen[static_cast<std::size_t>(s.atom_residues[a])] = 1;
    for (const StructureChain& chain : s.chains) {
      std::array<std::vector<Index>, 20> of_type;
      for (Index r = chain.first_residue; r < chain.end(); ++r)
        if (const StructureResidue type = s.types[static_cast<std::size_t>(r)];
            type < 20 && backbone.whole(r) && has_oxygen[static_cast<std::size_t>(r)])
          of_type[type].push_back(r);
      Philox draws = detail::task_draws(options.seed, "residue sites " + file + " " + chain.name);
      std::vector<Index> chosen;
      for (auto& members : of_type) {
        draws.shuffle(std::span<Index>(members));
        const auto most = (std::min)(members.size(), static_cast<std::size_t>(options.per_chain / 20));
        chosen.insert(chosen.end(), members.begin(), members.begin() + static_cast<std::ptrdiff_t>(most));
      }
      std::sort(chosen.begin(), chosen.end());
      for (const Index r : chosen)
        sites.push_back({task_residue(s, file, r), first + r, loaded.complex.component, loaded.complex.split});
    }
    first += s.residues();
  }
  return sites;
}

/// Centre of a site: the ideal C-beta, or the published one. Errors: a residue without N, CA or C.
inline Position site_centre(const Structure& whole, const Backbone& backbone, Index residue,
                            const ResidueSiteOptions& options = {}) {
  require(residue >= 0 && residue < whole.residues(), whole.name, ": has no residue number ", residue, ", only 0 to ",
          whole.residues() - 1, ".");
  require(backbone.whole(residue), whole.name, ": residue ", whole.describe(residue),
          " lacks N, CA or C, so that it is no site; choose sites with residue_sites.");
  const auto atom = [&](const std::vector<Index>& of) {
    return whole.positions[static_cast<std::size_t>(of[static_cast<std::size_t>(residue)])];
  };
  const Position alpha = atom(backbone.ca);
  if (options.published_centre) return Position::angstrom(alpha.x() - 0.531f, alpha.y() - 0.758f, alpha.z() + 1.220f);
  return ideal_beta(atom(backbone.n), alpha, atom(backbone.c));
}

/// What a model may see of a site: the atoms of all chains within the radius of its centre, of the residue itself only N, CA, C
/// and O, wherever these lie. Its type is unknown there; residue numbers are those of the whole.
inline Structure site_environment(const Structure& whole, const Backbone& backbone, Index residue,
                                  const ResidueSiteOptions& options = {}) {
  const Position centre = site_centre(whole, backbone, residue, options);
  const std::array<AtomName, 4> kept = {atom_name_of("N"), atom_ca, atom_name_of("C"), atom_name_of("O")};
  std::vector<Index> atoms;
  for (std::size_t a = 0; a < whole.positions.size(); ++a) {
    const bool own = whole.atom_residues[a] == residue;
    if (own ? std::find(kept.begin(), kept.end(), whole.names[a]) != kept.end()
            : square_distance(whole.positions[a], centre) < options.radius * options.radius)
      atoms.push_back(static_cast<Index>(a));
  }
  Structure seen = select_atoms(whole, atoms);
  seen.types[static_cast<std::size_t>(residue)] = residue_unknown;
  seen.labels[static_cast<std::size_t>(residue)].name = "UNK";
  return seen;
}

} // namespace pleat::inline v0_1
