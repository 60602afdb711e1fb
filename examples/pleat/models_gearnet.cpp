/// \file  The GearNet encoders of structures.

#include <pleat/backend/cpu.hpp>

#include "structure_entry.hpp"
#include "structure_models.hpp"

namespace tool {

void add_gearnet(std::vector<std::unique_ptr<StructureModel>>& to) {
  to.push_back(std::make_unique<StructureEntry<ResidueEncoder, Cpu>>("gearnet-edge-residue-64x4", "4 x 64"));
  to.push_back(std::make_unique<StructureEntry<AtomEncoder, Cpu>>("gearnet-edge-atom-32x4", "4 x 32"));
  to.push_back(std::make_unique<StructureEntry<ResidueGearNetEdge, Cpu>>("gearnet-edge-residue", "6 x 512"));
  to.push_back(std::make_unique<StructureEntry<AtomGearNetEdge, Cpu>>("gearnet-edge-atom", "6 x 128"));
}

} // namespace tool
