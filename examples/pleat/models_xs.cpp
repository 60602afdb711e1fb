/// \file  The models of size xs.

#include "entry.hpp"

namespace tool {

void add_xs(std::vector<std::unique_ptr<ModelEntry>>& to) {
  add_entries<Shape{.layers = 6, .width = 320, .heads = 20}, Shape{.layers = 2, .width = 320, .heads = 20},
              Shape{.layers = 6, .width = 320, .heads = 20}>(to, "xs");
}

} // namespace tool
