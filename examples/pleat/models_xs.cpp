/// \file  The models of size xs.

#include <pleat/backend/cpu.hpp>

#include "entry.hpp"

namespace tool {

void add_xs(std::vector<std::unique_ptr<ModelEntry>>& to) { add_entries<XsSize, Cpu>(to, "xs"); }

} // namespace tool
