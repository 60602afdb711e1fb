/// \file  The GearNetEdge of residues, to be pre-trained and with heads for tasks: one translation unit, as both compile the
/// encoder.

#include "structure_task_entry.hpp"
#include "structure_training_entry.hpp"

namespace tool {

namespace {
using Encoder = GearNetEdge<ResidueGraph, Shape{.layers = 4, .width = 64}, Readout::sum>;
const char* const name = "gearnet-edge-residue-64x4";
} // namespace

void add_residue_trainings(Trainings& to) { add_trainings<Encoder>(to, name); }

std::unique_ptr<StructureTaskModel> residue_task_model(const StructureTaskFacts& task) {
  if (task.sites == 2) return std::make_unique<StructureTaskEntry<StructureTask<Encoder, 2, 2>>>(task.name, name);
  if (task.outputs == 2) return std::make_unique<StructureTaskEntry<StructureTask<Encoder, 1, 2>>>(task.name, name);
  return std::make_unique<StructureTaskEntry<StructureTask<Encoder, 1, 1>>>(task.name, name);
}

} // namespace tool
