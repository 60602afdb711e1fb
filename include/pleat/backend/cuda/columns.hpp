#pragma once
/// \file  Blocks of columns: the channels of a narrow row within a wider one, where they may not lie on 16 bytes.

#include <pleat/backend/cuda/rows.hpp>

namespace pleat::inline v0_1::cuda {

/// Width channels that begin at a multiple of Width of a wider row, held by the team that would hold them as a row: their
/// neighbours are left alone, and the tail of what is held is zero.
template <class T, Index Width> struct ColumnTeam {
  using Team = RowTeam<T, Width>;
  using Values = typename Team::Values;
  using A = typename Team::A;
  static constexpr int pack = Team::pack;
  static constexpr bool packed = Width % pack == 0; ///< every block lies on 16 bytes

  __device__ static Values read(const T* block) {
    Values v;
#pragma unroll
    for (int t = 0; t < Team::turns; ++t) {
      const int c = Team::element(t * pack);
      if (packed && c < Width) {
        const Pack<T> moved = load(block + c);
#pragma unroll
        for (int i = 0; i < pack; ++i) v.at[t * pack + i] = static_cast<A>(moved.at[i]);
      } else {
#pragma unroll
        for (int i = 0; i < pack; ++i) v.at[t * pack + i] = c + i < Width ? static_cast<A>(block[c + i]) : A(0);
      }
    }
    return v;
  }
  __device__ static void write(T* block, const Values& v) {
#pragma unroll
    for (int t = 0; t < Team::turns; ++t) {
      const int c = Team::element(t * pack);
      if constexpr (packed) {
        if (c >= Width) continue;
        Pack<T> moved;
#pragma unroll
        for (int i = 0; i < pack; ++i) moved.at[i] = static_cast<T>(v.at[t * pack + i]);
        store(block + c, moved);
      } else {
#pragma unroll
        for (int i = 0; i < pack; ++i)
          if (c + i < Width) block[c + i] = static_cast<T>(v.at[t * pack + i]);
      }
    }
  }
  /// Zeros in [from, to) of a row.
  __device__ static void clear(T* row, Index from, Index to) {
    for (Index c = from + thread() % Team::lanes; c < to; c += Team::lanes) row[c] = T(0);
  }
};

} // namespace pleat::inline v0_1::cuda
