/// \file  Pre-training of the GearNetEdge of residues.

#include "structure_training_entry.hpp"

namespace tool {

void add_residue_trainings(Trainings& to) {
  add_trainings<GearNetEdge<ResidueGraph, Shape{.layers = 4, .width = 64}, Readout::sum>>(to, "gearnet-edge-residue-64x4");
}

} // namespace tool
