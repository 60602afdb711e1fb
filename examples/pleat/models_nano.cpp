/// \file  The models of size nano.

#include "entry.hpp"

namespace tool {

void add_nano(std::vector<std::unique_ptr<ModelEntry>>& to) {
  add_entries<Shape{.layers = 4, .width = 128, .heads = 8}, Shape{.layers = 2, .width = 128, .heads = 8},
              Shape{.layers = 4, .width = 128, .heads = 8}>(to, "nano");
}

} // namespace tool
