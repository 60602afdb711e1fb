/// \file  Register tiles of the products at one instruction set; see product.hpp for the contract on bits.

#if PLEAT_LEVEL == 512
inline constexpr int tile_rows = 12, tile_few = 4; // 24 accumulators of 32 registers
#elif PLEAT_LEVEL == 2
inline constexpr int tile_rows = 6, tile_few = 2; // 12 of 16
#else
inline constexpr int tile_rows = 4, tile_few = 2; // 8 of 16: no fused multiply-add, the product needs one
#endif
inline constexpr int tile_vectors = 2;

/// tile (R, C * size; rows tile_stride apart) = sum over i < k of a_ri * b[i * b_stride + column], one chain per element, with
/// a_ri = a[r * a_stride + i], or a[r + i * a_stride] where `Down`; there the line of the next tile is fetched ahead, which no
/// hardware guesses.
template <class T, int R, int C, bool Down>
PLEAT_TARGET void product_tile(const T* a, Index a_stride, const T* b, Index b_stride, Index k, T* tile, Index tile_stride) {
  const Index row_step = Down ? 1 : a_stride, k_step = Down ? a_stride : 1;
  using L = Lanes<T>;
  L sum[R][C];
#pragma GCC unroll 16
  for (int r = 0; r < R; ++r)
#pragma GCC unroll 4
    for (int c = 0; c < C; ++c) sum[r][c] = L::zero();
  for (Index i = 0; i < k; ++i) {
    L row[C];
#pragma GCC unroll 4
    for (int c = 0; c < C; ++c) row[c] = L::load(b + c * L::size);
#pragma GCC unroll 16
    for (int r = 0; r < R; ++r) {
      const L value = L::set(a[r * row_step]);
#pragma GCC unroll 4
      for (int c = 0; c < C; ++c) sum[r][c] = fma(value, row[c], sum[r][c]);
    }
    if constexpr (Down) __builtin_prefetch(a + R);
    a += k_step, b += b_stride;
  }
#pragma GCC unroll 16
  for (int r = 0; r < R; ++r)
#pragma GCC unroll 4
    for (int c = 0; c < C; ++c) sum[r][c].store(tile + r * tile_stride + c * L::size);
}

/// The tile of the given number of rows and vectors, which the callers choose among the ones that exist.
template <class T, bool Down>
PLEAT_TARGET void any_tile(Index rows, bool narrow, const T* a, Index a_stride, const T* b, Index b_stride, Index k, T* tile,
                           Index tile_stride) {
  if constexpr (tile_vectors * Lanes<T>::size > 16) {
    if (narrow) {
      if (rows == tile_rows) return product_tile<T, tile_rows, 1, Down>(a, a_stride, b, b_stride, k, tile, tile_stride);
      if (rows == tile_few) return product_tile<T, tile_few, 1, Down>(a, a_stride, b, b_stride, k, tile, tile_stride);
      return product_tile<T, 1, 1, Down>(a, a_stride, b, b_stride, k, tile, tile_stride);
    }
  }
  if (rows == tile_rows) return product_tile<T, tile_rows, tile_vectors, Down>(a, a_stride, b, b_stride, k, tile, tile_stride);
  if (rows == tile_few) return product_tile<T, tile_few, tile_vectors, Down>(a, a_stride, b, b_stride, k, tile, tile_stride);
  return product_tile<T, 1, tile_vectors, Down>(a, a_stride, b, b_stride, k, tile, tile_stride);
}

/// The first `left` lanes from p; whole vectors when there are enough.
template <class T> PLEAT_LANE Lanes<T> load_part(const T* p, Index left) {
  return left >= Lanes<T>::size ? Lanes<T>::load(p) : Lanes<T>::load_first(p, left > 0 ? left : 0);
}

/// Stores a tile of `rows` rows and `width` columns at y, whose column 0 is column n - left of the result.
template <class T>
PLEAT_TARGET void finish_tile(const T* tile, Index rows, Index width, T* y, Index stride, Index left, Index offset, Index column,
                              const cpu::Epilogue<T>& epilogue) {
  using L = Lanes<T>;
  for (Index c = 0; c < width; c += L::size) {
    const Index here = left - c;
    const L bias = epilogue.bias ? load_part<T>(epilogue.bias + column + c, here) : L::zero();
    L slope = L::zero(), shift = slope, last_slope = slope, last_shift = slope;
    if (epilogue.slope)
      slope = load_part<T>(epilogue.slope + column + c, here), shift = load_part<T>(epilogue.shift + column + c, here);
    if (epilogue.last_slope)
      last_slope = load_part<T>(epilogue.last_slope + column + c, here),
      last_shift = load_part<T>(epilogue.last_shift + column + c, here);
    for (Index r = 0; r < rows; ++r) {
      const Index at = offset + r * stride + c;
      L value = L::load(tile + r * width + c) + bias;
      if (epilogue.addend) value = value + load_part<T>(epilogue.addend + at, here);
      if (epilogue.slope) value = fma(value, slope, shift);
      if (epilogue.pre_activation) value.store(epilogue.pre_activation + at);
      value = activated<T>(value, epilogue.activation);
      if (epilogue.residual) value = value + load_part<T>(epilogue.residual + at, here);
      if (epilogue.last_slope) value = fma(value, last_slope, last_shift);
      if (epilogue.accumulate) value = value + load_part<T>(y + at, here);
      value.store(y + at);
    }
  }
}

/// Rows [row, row_end) and panels [first, last) of y = x B.
template <class T>
PLEAT_TARGET void product_block(T* y, Index y_stride, const T* x, Index x_stride, const T* packed, Index row_begin, Index row_end,
                                Index first, Index last, Index n, Index k, const cpu::Epilogue<T>& epilogue) {
  using L = Lanes<T>;
  alignas(64) T tile[tile_rows * tile_vectors * L::size];
  for (Index p = first; p < last; ++p) {
    const Index start = p * cpu::detail::panel;
    const Index panel = stride_of(n) - start < cpu::detail::panel ? stride_of(n) - start : cpu::detail::panel;
    for (Index c = 0; c < panel;) {
      const T* const b = packed + start * k + c;
      const Index column = start + c;
      const bool narrow = panel - c < tile_vectors * L::size;
      const Index width = narrow ? L::size : tile_vectors * L::size;
      for (Index row = row_begin; row < row_end;) {
        const T* const a = x + row * x_stride;
        const Index left = row_end - row, rows = left >= tile_rows ? tile_rows : left >= tile_few ? tile_few : 1;
        any_tile<T, false>(rows, narrow, a, x_stride, b, panel, k, tile, width);
        finish_tile<T>(tile, rows, width, y, y_stride, n - column, row * y_stride + column, column, epilogue);
        row += rows;
      }
      c += width;
    }
  }
}

/// Rows [out, out_end) and columns [first, last) of dw (+)= dy^T x.
template <class T>
PLEAT_TARGET void rows_transposed_block(T* dw, const T* dy, Index dy_stride, const T* x, Index x_stride, Index rows, Index out,
                                        Index out_end, Index first, Index last, Index in, bool accumulate) {
  using L = Lanes<T>;
  constexpr Index most = tile_vectors * L::size;
  const Index stride = stride_of(in);
  alignas(64) T panel[cpu::detail::chunk * most]; // <= 32 KB: the rows of a chunk side by side, whatever the stride of x
  alignas(64) T tile[tile_rows * most];
  for (Index begin = 0; begin < rows || begin == 0; begin += cpu::detail::chunk) {
    const Index count = rows - begin < cpu::detail::chunk ? rows - begin : cpu::detail::chunk;
    const bool add = accumulate || begin > 0;
    for (Index column = first, width = most; column < last; column += width) {
      if (last - column < most) width = L::size;
      for (Index i = 0; i < count; ++i)
        for (Index c = 0; c < width; c += L::size)
          load_part<T>(x + (begin + i) * x_stride + column + c, in - column - c).store(panel + i * width + c);
      for (Index o = out; o < out_end;) {
        const Index left = out_end - o, height = left >= tile_rows ? tile_rows : left >= tile_few ? tile_few : 1;
        const T* const from = count > 0 ? dy + begin * dy_stride + o : nullptr; // no rows: dy may be null
        any_tile<T, true>(height, width < most, from, dy_stride, panel, width, count, tile, width);
        for (Index r = 0; r < height; ++r)
          for (Index c = 0; c < width; c += L::size) {
            T* const to = dw + (o + r) * stride + column + c;
            const L value = L::load(tile + r * width + c);
            (add ? L::load(to) + value : value).store(to);
          }
        o += height;
      }
    }
  }
}

/// `Vectors` whole vectors of db from column `column` (+)= sum of the rows of dy.
template <class T, int Vectors>
PLEAT_TARGET void sum_columns(T* db, const T* dy, Index dy_stride, Index rows, Index column, Index n, bool accumulate) {
  using L = Lanes<T>;
  L total[Vectors];
#pragma GCC unroll 8
  for (int v = 0; v < Vectors; ++v)
    total[v] = accumulate ? load_part<T>(db + column + v * L::size, n - column - v * L::size) : L::zero();
  for (Index begin = 0; begin < rows; begin += cpu::detail::chunk) {
    const Index end = begin + cpu::detail::chunk < rows ? begin + cpu::detail::chunk : rows;
    L sum[Vectors];
#pragma GCC unroll 8
    for (int v = 0; v < Vectors; ++v) sum[v] = L::zero();
    for (Index r = begin; r < end; ++r)
#pragma GCC unroll 8
      for (int v = 0; v < Vectors; ++v)
        sum[v] = sum[v] + load_part<T>(dy + r * dy_stride + column + v * L::size, n - column - v * L::size);
#pragma GCC unroll 8
    for (int v = 0; v < Vectors; ++v) total[v] = total[v] + sum[v];
  }
#pragma GCC unroll 8
  for (int v = 0; v < Vectors; ++v) total[v].store(db + column + v * L::size);
}

/// Columns [column, end) of db (+)= sum of the rows of dy; end - column is a multiple of 16.
template <class T>
PLEAT_TARGET void sum_rows_block(T* db, const T* dy, Index dy_stride, Index rows, Index column, Index end, Index n,
                                 bool accumulate) {
  constexpr Index size = Lanes<T>::size;
  for (; end - column >= 4 * size; column += 4 * size) sum_columns<T, 4>(db, dy, dy_stride, rows, column, n, accumulate);
  for (; column < end; column += size) sum_columns<T, 1>(db, dy, dy_stride, rows, column, n, accumulate);
}
