#pragma once
/// \file  The one integer type for counts, widths and offsets, and the rounding rules of rows in memory.

#include <cstddef>
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

} // namespace pleat::inline v0_1
