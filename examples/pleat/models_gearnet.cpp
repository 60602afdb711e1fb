/// \file  The GearNet encoders of structures.

#include <pleat/encoders/published_gearnet.hpp>

#include "structure_entry.hpp"

namespace tool {

void add_gearnet(std::vector<std::unique_ptr<StructureModel>>& to) {
  using Small = GearNetEdge<ResidueGraph, Shape{.layers = 4, .width = 64}, Readout::sum>;
  to.push_back(std::make_unique<StructureEntry<Small>>("gearnet-edge-residue-64x4", "4 x 64"));
  using SmallAtom = GearNetEdge<AtomGraph, Shape{.layers = 4, .width = 32}, Readout::mean>;
  to.push_back(std::make_unique<StructureEntry<SmallAtom>>("gearnet-edge-atom-32x4", "4 x 32"));
  to.push_back(std::make_unique<StructureEntry<ResidueGearNetEdge>>("gearnet-edge-residue", "6 x 512"));
  to.push_back(std::make_unique<StructureEntry<AtomGearNetEdge>>("gearnet-edge-atom", "6 x 128"));
}

} // namespace tool
