#pragma once
/// \file  Labelled structures as a batch of graphs: rows of each site, and the labels.

#include <algorithm>
#include <string>
#include <vector>

#include <pleat/data/batches.hpp>
#include <pleat/data/graph_batch.hpp>
#include <pleat/data/labelled_structures.hpp>
#include <pleat/ops/group_mean.hpp>

namespace pleat::inline v0_1 {

/// A batch of labelled graphs as models read it; all spans are views.
template <class Graph> struct LabelledGraphBatch {
  GraphBatch graphs;
  Index items = 0;
  std::vector<RowGroups> sites;          ///< (sites of an item) nodes of that site of every item
  std::span<const std::uint8_t> classes; ///< (items) where labels are classes
  std::span<const double> values;        ///< (items) labels
  std::span<const double> ones;          ///< (items) weights of a plain mean
  Segments rows;                         ///< all items are one segment
};

/// Owns the arrays of a batch.
template <class GraphType> class LabelledGraphs {
public:
  using Graph = GraphType;

  /// Appends a unit; `record` is the key of its noise. Errors: a site without a node, items with another number of sites.
  void add(const LabelledUnit& unit, std::uint32_t record) {
    std::vector<Index> first;
    std::vector<std::vector<std::int32_t>> node_of_atom;
    for (const auto& structure : unit.structures) {
      first.push_back(graphs_.node_count());
      graphs_.add(graph_source(*structure), record);
      node_of_atom.emplace_back(static_cast<std::size_t>(structure->atoms()), -1);
      for (Index v = first.back(); v < graphs_.node_count(); ++v)
        node_of_atom.back()[static_cast<std::size_t>(graphs_.atoms()[static_cast<std::size_t>(v)])] =
            static_cast<std::int32_t>(v);
    }
    first.push_back(graphs_.node_count());
    for (const LabelledItem& item : unit.items) {
      if (slots_.empty()) slots_.resize(item.sites.size());
      require(item.sites.size() == slots_.size() && !slots_.empty(), "an item of a labelled set has ", item.sites.size(),
              " sites where others have ", slots_.size(), "; give every item of a set as many, at least one");
      for (std::size_t s = 0; s < slots_.size(); ++s) add_site(unit, item.sites[s], first, node_of_atom, slots_[s]);
      values_.push_back(item.label);
      classes_.push_back(item.label >= 0 && item.label < none ? static_cast<std::uint8_t>(item.label) : none);
      ones_.push_back(1.0);
    }
    offsets_[1] = static_cast<Index>(values_.size());
  }
  Index items() const { return static_cast<Index>(values_.size()); }
  /// Valid until the batch changes.
  LabelledGraphBatch<Graph> view() const {
    LabelledGraphBatch<Graph> batch{graphs_.view(), items(), {}, classes_, values_, ones_, {offsets_}};
    for (const Slot& slot : slots_) batch.sites.push_back({slot.begin, slot.member});
    return batch;
  }

private:
  static constexpr std::uint8_t none = 255; ///< of labels that are no class
  struct Slot {
    std::vector<Index> begin{0};
    std::vector<std::int32_t> member;
  };

  void add_site(const LabelledUnit& unit, const LabelledSite& site, const std::vector<Index>& first,
                const std::vector<std::vector<std::int32_t>>& node_of_atom, Slot& to) {
    const auto which = static_cast<std::size_t>(site.structure);
    require(which < unit.structures.size(), "a site lies in structure ", site.structure, " of a unit of ", unit.structures.size(),
            "; give the number of one of them");
    const Structure& structure = *unit.structures[which];
    if (site.nodes == SiteNodes::Structure) {
      for (Index v = first[which]; v < first[which + 1]; ++v) to.member.push_back(static_cast<std::int32_t>(v));
    } else {
      require(site.residue >= 0 && site.residue < structure.residues(), structure.name, ": a site is residue ", site.residue,
              " of ", structure.residues(), "; give the number of one of them");
      // Atoms are sorted by residue.
      const auto& residues = structure.atom_residues;
      const auto begin = std::lower_bound(residues.begin(), residues.end(), static_cast<std::int32_t>(site.residue));
      bool alpha_seen = false;
      for (auto at = begin; at != residues.end() && *at == site.residue; ++at) {
        const auto atom = static_cast<std::size_t>(at - residues.begin());
        const std::int32_t node = node_of_atom[which][atom];
        const bool alpha = structure.names[atom] == atom_ca && structure.elements[atom] == 6;
        if (node < 0) continue;
        if (site.type_hidden) hide(node);
        if (site.nodes == SiteNodes::Residue || (alpha && !alpha_seen)) to.member.push_back(node);
        alpha_seen = alpha_seen || alpha; // of two in one residue the first
      }
    }
    require(static_cast<Index>(to.member.size()) > to.begin.back(), structure.name, ": residue ",
            site.nodes == SiteNodes::Structure ? std::string("any") : structure.describe(site.residue), " has no node in a ",
            Graph::name, " that a label could be read from; leave the site out");
    to.begin.push_back(static_cast<Index>(to.member.size()));
  }

  void hide([[maybe_unused]] Index node) {
    if constexpr (HidesResidues<Graph>)
      graphs_.hide_residue(node);
    else
      fail("a site hides its residue type, which a ", Graph::name,
           " cannot; give the graph a static function hide_residue(columns) (data/graph_policy.hpp)");
  }

  OwnedGraphs<Graph> graphs_;
  std::vector<Slot> slots_;
  std::vector<double> values_, ones_;
  std::vector<std::uint8_t> classes_;
  std::vector<Index> offsets_{0, 0};
};

/// The units of a planned batch; pieces say which units only.
template <class Graph> LabelledGraphs<Graph> labelled_graphs(const LabelledStructures& set, const BatchPieces& pieces) {
  LabelledGraphs<Graph> batch;
  for (const Index record : pieces.records) batch.add(set[record].make(), static_cast<std::uint32_t>(record));
  return batch;
}

} // namespace pleat::inline v0_1
