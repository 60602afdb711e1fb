/// \file  The Gvp encoder of structures.

#include <pleat/encoders/published_gvp.hpp>

#include "structure_entry.hpp"

namespace tool {

void add_gvp(std::vector<std::unique_ptr<StructureModel>>& to) {
  to.push_back(std::make_unique<StructureEntry<AtomGvp>>("gvp-atom", "5 x 100"));
}

} // namespace tool
