/// \file  The models of size nano.

#include <pleat/backend/cpu.hpp>

#include "entry.hpp"

namespace tool {

void add_nano(std::vector<std::unique_ptr<ModelEntry>>& to) { add_entries<NanoSize, Cpu>(to, "nano"); }

} // namespace tool
