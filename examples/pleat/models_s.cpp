/// \file  The models of size s.

#include <pleat/backend/cpu.hpp>

#include "entry.hpp"

namespace tool {

void add_s(std::vector<std::unique_ptr<ModelEntry>>& to) { add_entries<SSize, Cpu>(to, "s"); }

} // namespace tool
