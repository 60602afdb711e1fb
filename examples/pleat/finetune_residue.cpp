/// \file  Heads on the residue-level GearNet-Edge.

#include "structure_task_entry.hpp"

namespace tool {

std::unique_ptr<StructureTaskModel> residue_task_model(const StructureTaskFacts& task) {
  using Encoder = GearNetEdge<ResidueGraph, Shape{.layers = 4, .width = 64}, Readout::sum>;
  const std::string name = "gearnet-edge-residue-64x4";
  if (task.outputs == 2) return std::make_unique<StructureTaskEntry<StructureTask<Encoder, 1, 2>>>(task.name, name);
  return std::make_unique<StructureTaskEntry<StructureTask<Encoder, 1, 1>>>(task.name, name);
}

} // namespace tool
