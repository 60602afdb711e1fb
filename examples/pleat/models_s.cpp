/// \file  The models of size s.

#include "entry.hpp"

namespace tool {

void add_s(std::vector<std::unique_ptr<ModelEntry>>& to) {
  add_entries<Shape{.layers = 12, .width = 480, .heads = 20}, Shape{.layers = 2, .width = 480, .heads = 20},
              Shape{.layers = 12, .width = 480, .heads = 20}>(to, "s");
}

} // namespace tool
