#pragma once
/// \file  What encoders of structures are fine-tuned on: structures, sites in them, and a label for one or two sites.

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <pleat/data/structure.hpp>
#include <pleat/data/tasks.hpp>

namespace pleat::inline v0_1 {

/// Which nodes of a graph a site is read from; their mean where they are several.
enum class SiteNodes : unsigned char {
  Alpha,    ///< that of the residue's C-alpha
  Residue,  ///< all of the residue
  Structure ///< all of the structure
};

struct LabelledSite {
  Index structure = 0; ///< of the unit
  Index residue = 0;   ///< of the structure
  SiteNodes nodes = SiteNodes::Alpha;
  bool type_hidden = false; ///< whether the residue's nodes look as a masked residue's do in pre-training: of no type at all
};

/// A label: a class from 0, or a number. All items of a set have as many sites.
struct LabelledItem {
  std::vector<LabelledSite> sites;
  double label = 0;
};

/// What is encoded together: a protein, both partners of a complex, the environment of a site. Every structure is a graph of its
/// own, encoded once however many items look at it.
struct LabelledUnit {
  std::vector<std::shared_ptr<const Structure>> structures;
  std::vector<LabelledItem> items;
};

/// Units that are made when a batch needs them.
class LabelledStructures {
public:
  struct Unit {
    Index length = 0;    ///< what a batch is filled by: residues, or fewer where a large unit is to be a batch of its own
    Index items = 0;     ///< labels of it
    Index component = 0; ///< what intervals are drawn over
    Index group = 0;     ///< within which scores are compared where they are: a chain, a target
    std::function<LabelledUnit()> make;
    Index residues = 0; ///< of its structures; 0: as `length`
  };

  /// Units without labels are left out.
  void add(Unit unit) {
    if (unit.items == 0) return;
    if (unit.residues == 0) unit.residues = unit.length;
    require(unit.length > 0 && unit.make != nullptr, "a unit of a labelled set has the length ", unit.length,
            "; give the residues of its structures, and how it is made");
    lengths_.push_back(unit.length);
    residues_ += unit.length, items_ += unit.items;
    units_.push_back(std::move(unit));
  }
  Index size() const { return static_cast<Index>(units_.size()); }
  Index items() const { return items_; }
  Index residues() const { return residues_; }
  const std::vector<Index>& lengths() const { return lengths_; }
  const Unit& operator[](Index i) const { return units_[static_cast<std::size_t>(i)]; }

private:
  std::vector<Unit> units_;
  std::vector<Index> lengths_;
  Index residues_ = 0, items_ = 0;
};

} // namespace pleat::inline v0_1
