#pragma once
/// \file  The one integer type for counts, widths and offsets, and the rounding rules of rows in memory.

#include <cstddef>
#include <initializer_list>
#include <pleat/version.hpp>

namespace pleat::inline v0_1 {

using Index = std::ptrdiff_t;

/// Elements between two rows in memory: a compile-time multiple of 16, so that vectors never straddle rows and odd widths
/// (21, 39, 59 ...) keep aligned loads. Elements between `width` and `stride_of(width)` are zero and stay zero.
constexpr Index stride_of(Index width) { return (width + 15) / 16 * 16; }

/// Tensors and activation blocks start at multiples of this many bytes.
inline constexpr Index alignment = 256;

/// The smallest multiple of `multiple` that is not below `value` (value >= 0, multiple > 0).
constexpr Index round_up(Index value, Index multiple) { return (value + multiple - 1) / multiple * multiple; }

/// Counts that share buffers on devices that do the same steps again: the smallest of 16, 19, 23, 27 times a power of two that is not
/// below `count` (steps of about 2^(1/4)); 0 for 0.
constexpr Index capacity_of(Index count) {
  if (count <= 0) return 0;
  Index sixteenth = 1;
  while (32 * sixteenth < count) sixteenth *= 2;
  for (const Index share : {16, 19, 23, 27})
    if (share * sixteenth >= count) return share * sixteenth;
  return 32 * sixteenth;
}

} // namespace pleat::inline v0_1
