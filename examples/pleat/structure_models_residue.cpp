/// \file  The GearNetEdge of residues, to be pre-trained and with heads for tasks: one translation unit, as both compile the
/// encoder.

#include <pleat/backend/cpu.hpp>

#include "structure_task_entry.hpp"
#include "structure_training_entry.hpp"

namespace tool {

void add_residue_trainings(Trainings& to) { add_trainings<ResidueEncoder, Cpu>(to, "gearnet-edge-residue-64x4"); }

std::unique_ptr<StructureTaskModel> residue_task_model(const StructureTaskFacts& task) {
  return residue_task_model_on<Cpu>(task);
}

} // namespace tool
