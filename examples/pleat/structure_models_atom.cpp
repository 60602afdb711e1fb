/// \file  The GearNetEdge of atoms, to be pre-trained and with heads for tasks: one translation unit, as both compile the
/// encoder.

#include "structure_task_entry.hpp"
#include "structure_training_entry.hpp"

namespace tool {

namespace {
using Encoder = GearNetEdge<AtomGraph, Shape{.layers = 4, .width = 32}, Readout::mean>;
const char* const name = "gearnet-edge-atom-32x4";
} // namespace

void add_atom_trainings(Trainings& to) { add_trainings<Encoder>(to, name); }

std::unique_ptr<StructureTaskModel> atom_task_model(const StructureTaskFacts& task) {
  if (task.outputs == 20) return std::make_unique<StructureTaskEntry<StructureTask<Encoder, 1, 20>>>(task.name, name);
  return std::make_unique<StructureTaskEntry<StructureTask<Encoder, 2, 2>>>(task.name, name);
}

} // namespace tool
