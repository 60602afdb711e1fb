#pragma once
/// \file  The structure tasks as labelled structures: what an encoder sees of a complex, and what it is asked.

#include <cmath>
#include <memory>

#include <pleat/data/labelled_structures.hpp>
#include <pleat/data/structure_tasks/displacement.hpp>
#include <pleat/data/structure_tasks/interface_site.hpp>
#include <pleat/data/structure_tasks/pair_interface.hpp>
#include <pleat/data/structure_tasks/residue_site.hpp>

namespace pleat::inline v0_1 {

/// A complex that units share; it lives as long as they do.
using SharedComplex = std::shared_ptr<const LoadedComplex>;

namespace detail {
inline std::shared_ptr<const Structure> part_of(const SharedComplex& complex, const Structure& structure) {
  return {complex, &structure};
}
} // namespace detail

/// Residue identity: every site is a unit, the atoms around it; the label is the type of the residue (0 ... 19). `length`: what a
/// site counts for where batches are filled by residues; an environment has about as many atoms as 35 residues.
inline void add_residue_sites(LabelledStructures& to, const SharedComplex& complex, const ResidueSiteOptions& options = {},
                              Index length = 35) {
  struct Whole {
    Structure structure;
    Backbone backbone;
  };
  auto built = std::make_shared<Whole>();
  built->structure = whole_complex(*complex);
  built->backbone = backbone_of(built->structure);
  const std::shared_ptr<const Whole> whole = built;
  for (const ResidueSite& site : residue_sites(*complex, options))
    to.add({length, 1, site.component, 0, [whole, site, options] {
              auto seen =
                  std::make_shared<const Structure>(site_environment(whole->structure, whole->backbone, site.residue, options));
              return LabelledUnit{{std::move(seen)},
                                  {{{{0, site.residue, SiteNodes::Alpha, true}}, static_cast<double>(site.at.type)}}};
            }});
}

/// Interface pairs: both bound partners are a unit, each encoded once; the label of a pair of residues is 1 where they touch.
inline void add_residue_pairs(LabelledStructures& to, const SharedComplex& complex, const PairOptions& options = {}) {
  LabelledUnit unit{{detail::part_of(complex, complex->bound[0]), detail::part_of(complex, complex->bound[1])}, {}};
  for (const ResiduePair& pair : residue_pairs(*complex, options))
    unit.items.push_back(
        {{{0, pair.first.residue, SiteNodes::Alpha}, {1, pair.second.residue, SiteNodes::Alpha}}, pair.contact ? 1.0 : 0.0});
  const Index length = complex->bound[0].residues() + complex->bound[1].residues();
  to.add({length, static_cast<Index>(unit.items.size()), complex->complex.component, to.size(), [unit] { return unit; }});
}

namespace detail {
// A protein whose residues are items.
inline void add_protein(LabelledStructures& to, const SharedComplex& complex, std::size_t partner,
                        std::span<const TaskResidue> residues, const std::vector<double>& labels) {
  const Structure& protein = complex->unbound[partner];
  LabelledUnit unit{{part_of(complex, protein)}, {}};
  for (std::size_t i = 0; i < residues.size(); ++i)
    unit.items.push_back({{{0, residues[i].residue, SiteNodes::Alpha}}, labels[i]});
  to.add({protein.residues(), static_cast<Index>(unit.items.size()), complex->complex.component, to.size(),
          [unit] { return unit; }});
}
} // namespace detail

/// Interface from the unbound form of one partner (0 or 1): the protein is a unit; the label of a residue is 1 where it touches
/// the other partner once bound. False, and nothing is added, where the unbound coordinates are the bound ones. Errors: as of
/// `interface_sites`.
inline bool add_interface_sites(LabelledStructures& to, const SharedComplex& complex, std::size_t partner,
                                const InterfaceOptions& options = {}) {
  const InterfaceSites sites = interface_sites(*complex, partner, options);
  if (!sites.same_form) detail::add_protein(to, complex, partner, sites.residues, {sites.labels.begin(), sites.labels.end()});
  return !sites.same_form;
}

/// Displacement on binding of one partner (0 or 1): the protein is a unit; the label of a residue is log(displacement + 0.1
/// Angstrom), whose order is that of the displacement and whose errors are not those of a few hinges. False, and nothing is
/// added, where the unbound coordinates are the bound ones. Errors: as of `displacements`.
inline bool add_displacements(LabelledStructures& to, const SharedComplex& complex, std::size_t partner) {
  const Displacements moved = displacements(*complex, partner);
  std::vector<double> labels;
  for (const double value : moved.values) labels.push_back(std::log(value + 0.1));
  if (!moved.same_form) detail::add_protein(to, complex, partner, moved.residues, labels);
  return !moved.same_form;
}

} // namespace pleat::inline v0_1
