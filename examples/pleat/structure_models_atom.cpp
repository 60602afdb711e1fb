/// \file  The GearNetEdge of atoms, to be pre-trained and with heads for tasks: one translation unit, as both compile the
/// encoder.

#include <pleat/backend/cpu.hpp>

#include "structure_task_entry.hpp"
#include "structure_training_entry.hpp"

namespace tool {

void add_atom_trainings(Trainings& to) { add_trainings<AtomEncoder, Cpu>(to, "gearnet-edge-atom-32x4"); }

std::unique_ptr<StructureTaskModel> atom_task_model(const StructureTaskFacts& task) { return atom_task_model_on<Cpu>(task); }

} // namespace tool
