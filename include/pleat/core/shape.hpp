#pragma once
/// \file  Channel counts of a Transformer trunk, a structural value that template parameters carry.

#include <pleat/core/index.hpp>

namespace pleat::inline v0_1 {

/// `Shape{.layers = 6, .width = 320, .heads = 20}`; feed_forward 0 means 4 x width.
struct Shape {
  Index layers = 0, width = 0, heads = 1, feed_forward = 0;

  constexpr Index hidden() const { return feed_forward > 0 ? feed_forward : 4 * width; }
  constexpr Index head_width() const { return width / heads; }
  friend constexpr bool operator==(const Shape&, const Shape&) = default;
};

} // namespace pleat::inline v0_1
