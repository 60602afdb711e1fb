#pragma once
/// \file  Rows that belong together by a list: those of the edges of a node, of the pairs of a row, of the members of a group.

#include <cstdint>

#include <pleat/backend/cuda/rows.hpp>

namespace pleat::inline v0_1::cuda {

/// Rows that a team loads before it adds the first of them.
template <class Team> inline constexpr int rows_ahead = Team::values * sizeof(typename Team::A) <= 32 ? 4 : 2;

/// Adds read(k), rows that a team holds, for first <= k < last in this order.
template <class Team, class Read>
__device__ void add_rows(typename Team::Values& sum, Index first, Index last, const Read& read) {
  constexpr int ahead = rows_ahead<Team>;
  for (Index k = first; k < last; k += ahead) {
    typename Team::Values next[ahead];
#pragma unroll
    for (int j = 0; j < ahead; ++j) next[j] = k + j < last ? read(k + j) : typename Team::Values{};
#pragma unroll
    for (int j = 0; j < ahead; ++j)
#pragma unroll
      for (int i = 0; i < Team::values; ++i) sum.at[i] += next[j].at[i];
  }
}

/// Row and column of a table of `columns` columns, by the number of a cell that fits 32 bits: items and their parts, nodes and
/// relations. Divisions of 64 bits are many instructions.
struct Cell {
  Index row, column;
  __device__ static Cell of(Index number, Index columns) {
    if (columns == 1) return {number, 0};
    const auto n = static_cast<std::uint32_t>(number), c = static_cast<std::uint32_t>(columns), r = n / c;
    return {static_cast<Index>(r), static_cast<Index>(n - r * c)};
  }
};

} // namespace pleat::inline v0_1::cuda
