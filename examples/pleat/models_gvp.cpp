/// \file  The Gvp encoder of structures.

#include <pleat/backend/cpu.hpp>

#include "structure_entry.hpp"
#include "structure_models.hpp"

namespace tool {

void add_gvp(std::vector<std::unique_ptr<StructureModel>>& to) {
  to.push_back(std::make_unique<StructureEntry<AtomGvp, Cpu>>("gvp-atom", "5 x 100"));
}

} // namespace tool
