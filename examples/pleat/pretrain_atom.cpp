/// \file  Pre-training of the GearNetEdge of atoms.

#include "structure_training_entry.hpp"

namespace tool {

void add_atom_trainings(Trainings& to) {
  add_trainings<GearNetEdge<AtomGraph, Shape{.layers = 4, .width = 32}, Readout::mean>>(to, "gearnet-edge-atom-32x4");
}

} // namespace tool
