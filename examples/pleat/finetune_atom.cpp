/// \file  Heads on the atom-level GearNet-Edge.

#include "structure_task_entry.hpp"

namespace tool {

std::unique_ptr<StructureTaskModel> atom_task_model(const StructureTaskFacts& task) {
  using Encoder = GearNetEdge<AtomGraph, Shape{.layers = 4, .width = 32}, Readout::mean>;
  const std::string name = "gearnet-edge-atom-32x4";
  if (task.outputs == 20) return std::make_unique<StructureTaskEntry<StructureTask<Encoder, 1, 20>>>(task.name, name);
  return std::make_unique<StructureTaskEntry<StructureTask<Encoder, 2, 2>>>(task.name, name);
}

} // namespace tool
