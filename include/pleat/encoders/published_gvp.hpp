#pragma once
/// \file  The Gvp encoder of SiamDiff (arXiv 2301.12068) as it was published.

#include <pleat/data/graph_policy.hpp>
#include <pleat/encoders/gvp.hpp>

namespace pleat::inline v0_1 {

/// Atom level: 100 channels a node, 5 layers.
using AtomGvp = Gvp<AtomGraph>;

static_assert(parameter_count<AtomGvp> == 874'982);

} // namespace pleat::inline v0_1
