#pragma once
/// \file  Mutations of a complex (MSP): the surroundings of a residue with its wild type, and with its mutant.

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <pleat/core/error.hpp>
#include <pleat/data/labelled_structures.hpp>
#include <pleat/data/skempi.hpp>
#include <pleat/data/structure_parts.hpp>
#include <span>
#include <string>
#include <vector>

namespace pleat::inline v0_1 {

struct MutationPairOptions {
  double radius = 20; ///< from C-alpha to C-alpha, Angstrom
};

/// The residues of all chains whose C-alpha lies nearer than the radius to that of a residue, whole and as they are. Residue
/// numbers are those of the complex; `alphas` are its `alpha_carbons()`. Errors: a residue without a C-alpha.
inline Structure mutation_environment(const Structure& complex, std::span<const Index> alphas, Index residue,
                                      const MutationPairOptions& options = {}) {
  require(residue >= 0 && residue < complex.residues(), complex.name, ": has no residue number ", residue, ", only 0 to ",
          complex.residues() - 1, ".");
  const auto alpha = [&](Index r) { return alphas[static_cast<std::size_t>(r)]; };
  require(alpha(residue) >= 0, complex.name, ": the mutated residue ", complex.describe(residue),
          " has no C-alpha, so that nothing can be read there; take the row out of the table.");
  const auto place = [&](Index r) { return complex.positions[static_cast<std::size_t>(alpha(r))]; };
  std::vector<char> close(complex.types.size());
  for (Index r = 0; r < complex.residues(); ++r)
    close[static_cast<std::size_t>(r)] =
        alpha(r) >= 0 && square_distance(place(r), place(residue)) < options.radius * options.radius;
  std::vector<Index> atoms;
  for (Index a = 0; a < complex.atoms(); ++a)
    if (close[static_cast<std::size_t>(complex.atom_residues[static_cast<std::size_t>(a)])]) atoms.push_back(a);
  return select_atoms(complex, atoms);
}

/// The structure with another type at one residue, which keeps N, CA, C, O, OXT and, unless it becomes glycine, CB. Nothing is
/// built and nothing moves: this is not a model of the mutant. Errors: no such residue, a letter that is none of the 20.
inline Structure mutated(const Structure& wild_type, Index residue, char mutant) {
  require(residue >= 0 && residue < wild_type.residues(), wild_type.name, ": has no residue number ", residue, ", only 0 to ",
          wild_type.residues() - 1, ".");
  const StructureResidue type = residue_of_letter(mutant);
  require(type < 20, wild_type.name, ": ", wild_type.describe(residue), " cannot become \"", mutant,
          "\"; give the letter of one of the 20 amino acids.");
  constexpr std::array<AtomName, 6> kept = {atom_n, atom_ca, atom_c, atom_o, atom_oxt, atom_cb};
  const std::size_t count = mutant == 'G' ? kept.size() - 1 : kept.size();
  std::vector<Index> atoms;
  for (std::size_t a = 0; a < wild_type.names.size(); ++a)
    if (wild_type.atom_residues[a] != residue ||
        std::find(kept.begin(), kept.begin() + count, wild_type.names[a]) != kept.begin() + count)
      atoms.push_back(static_cast<Index>(a));
  Structure s = select_atoms(wild_type, atoms);
  s.types[static_cast<std::size_t>(residue)] = type;
  s.labels[static_cast<std::size_t>(residue)].name = std::string(structure_residue_names[type]);
  return s;
}

/// Mutations `chosen` of a table: each is a unit of two structures, the environment of its residue and the same with the mutant;
/// the item has the residue in both as its sites, and the label 1 where the mutant binds tighter. Component and group are the
/// complex. `complexes` are the structures of the table's complexes, all chains in one; they are shared by the units. Errors: as
/// of `mutated_residue` and `mutation_environment`, before anything is added.
inline void add_mutations(LabelledStructures& to, const MutationTable& table, std::span<const Index> chosen,
                          std::span<const std::shared_ptr<const Structure>> complexes, const MutationPairOptions& options = {}) {
  require(complexes.size() == table.complexes.size(), table.name, ": has ", table.complexes.size(), " complexes, but ",
          complexes.size(), " structures were given; give one of each.");
  std::vector<std::vector<Index>> alphas;
  for (const auto& complex : complexes) alphas.push_back(complex->alpha_carbons());
  std::vector<LabelledStructures::Unit> units;
  for (const Index i : chosen) {
    const Mutation& mutation = table.mutations[static_cast<std::size_t>(i)];
    const auto& complex = complexes[static_cast<std::size_t>(mutation.complex)];
    const Index residue = mutated_residue(table, mutation, *complex);
    const auto wild_type = std::make_shared<const Structure>(
        mutation_environment(*complex, alphas[static_cast<std::size_t>(mutation.complex)], residue, options));
    Index residues = 0;
    for (std::size_t a = 0; a < wild_type->atom_residues.size(); ++a)
      residues += a == 0 || wild_type->atom_residues[a] != wild_type->atom_residues[a - 1];
    units.push_back({2 * residues, 1, mutation.complex, mutation.complex,
                     [wild_type, residue, mutant = mutation.mutant, label = mutation.binds_tighter() ? 1.0 : 0.0] {
                       return LabelledUnit{{wild_type, std::make_shared<const Structure>(mutated(*wild_type, residue, mutant))},
                                           {{{{0, residue, SiteNodes::Alpha}, {1, residue, SiteNodes::Alpha}}, label}}};
                     },
                     0});
  }
  for (auto& unit : units) to.add(std::move(unit));
}

} // namespace pleat::inline v0_1
