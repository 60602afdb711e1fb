#pragma once
/// \file  How rows behave when a structure is moved: part of their space, so that a layer that would break it does not compile.

#include <type_traits>

#include <pleat/core/rows.hpp>

namespace pleat::inline v0_1 {

// A space without one of these wrappers is invariant: its rows do not change when the structure is rotated, reflected or moved.

/// Vector channels that turn with the structure and do not see where it lies: for each row of `Space` three rows (x, y, z), of
/// width = number of channels. Row 3 * i + k holds component k of all channels of row i.
template <class Space> struct Equivariant {};
/// Positions in Angstrom, three rows (x, y, z) of width 1 for each row of `Space`. Only differences, distances, angles and frames
/// may be formed from them.
template <class Space> struct Coordinates {};

namespace detail {

template <class Space> inline constexpr bool is_invariant = true;
template <class Space> inline constexpr bool is_invariant<Equivariant<Space>> = false;
template <class Space> inline constexpr bool is_invariant<Coordinates<Space>> = false;

/// Said by ops that mix channels or components in a way that does not commute with rotations.
template <class Space> constexpr void require_invariant() {
  static_assert(
      is_invariant<Space>,
      "pleat: this layer would break the symmetry of its rows; it takes invariant rows only. Form distances, angles or norms "
      "of vectors first, or use the layers for vectors (nn/gvp.hpp).");
}

} // namespace detail

/// Rows of one structure and the number of vectors they hold: three rows a vector.
inline constexpr Index components = 3;

} // namespace pleat::inline v0_1
