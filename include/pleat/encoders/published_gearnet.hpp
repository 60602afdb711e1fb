#pragma once
/// \file  The GearNet encoders of SiamDiff (arXiv 2301.12068) as they were published.

#include <pleat/data/graph_policy.hpp>
#include <pleat/encoders/gearnet.hpp>

namespace pleat::inline v0_1 {

/// Atom level: 768 channels a node.
using AtomGearNet = GearNet<AtomGraph, Shape{.layers = 6, .width = 128}, Readout::mean>;
using AtomGearNetEdge = GearNetEdge<AtomGraph, Shape{.layers = 6, .width = 128}, Readout::mean>;
/// Residue level: 3,072 channels a node.
using ResidueGearNet = GearNet<ResidueGraph, Shape{.layers = 6, .width = 512}, Readout::sum>;
using ResidueGearNetEdge = GearNetEdge<ResidueGraph, Shape{.layers = 6, .width = 512}, Readout::sum>;

static_assert(parameter_count<AtomGearNetEdge> == 834'503 && parameter_count<AtomGearNet> == 178'432);
static_assert(parameter_count<ResidueGearNetEdge> == 20'145'635 && parameter_count<ResidueGearNet> == 10'590'208);

} // namespace pleat::inline v0_1
