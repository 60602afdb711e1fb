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

/// Components of a vector, each in a row of its own.
inline constexpr Index vector_components = 3;
/// Rows in memory for one row of `Space`: 3 where components lie in rows of their own.
template <class Space> inline constexpr Index rows_each = 1;
template <class Space> inline constexpr Index rows_each<Equivariant<Space>> = vector_components;
template <class Space> inline constexpr Index rows_each<Coordinates<Space>> = vector_components;

namespace detail {

template <class Space> inline constexpr bool is_invariant = true;
template <class Space> inline constexpr bool is_invariant<Equivariant<Space>> = false;
template <class Space> inline constexpr bool is_invariant<Coordinates<Space>> = false;
template <class Space> inline constexpr bool is_position = false;
template <class Space> inline constexpr bool is_position<Coordinates<Space>> = true;

/// Said by ops that mix channels or components in a way that does not commute with rotations.
template <class Space> constexpr void require_invariant() {
  static_assert(
      is_invariant<Space>,
      "pleat: this layer would break the symmetry of its rows; it takes invariant rows only. Form distances, angles or norms "
      "of vectors first, or use the layers for vectors (nn/gvp.hpp).");
}

/// Said by ops that commute with rotations but not with a move of the whole structure.
template <class Space> constexpr void require_no_positions() {
  static_assert(
      !is_position<Space>,
      "pleat: positions depend on where the structure lies; this layer takes invariant rows or vectors. Form differences "
      "(edge_vectors), distances or angles of the positions first.");
}

/// Said by ops of vectors that were given something else.
template <class Space> constexpr void require_vectors() {
  static_assert(!std::is_same_v<Space, Space>,
                "pleat: this layer takes vectors, rows of Equivariant<...>; make them of positions with edge_vectors, or use the "
                "layer for invariant rows.");
}

template <class Space, class Other> struct Moved { using type = Other; };
template <class Space, class Other> struct Moved<Equivariant<Space>, Other> { using type = Equivariant<Other>; };
template <class Space, class Other> struct Moved<Coordinates<Space>, Other> { using type = Coordinates<Other>; };

} // namespace detail

/// The space of rows that are carried from the rows of `Space` to those of `Other` (nodes to edges, say): vectors stay vectors.
template <class Space, class Other> using MovedTo = typename detail::Moved<Space, Other>::type;

} // namespace pleat::inline v0_1
