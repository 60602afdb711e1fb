/// \file  Bodies of the messages between edges: sums of listed rows, and products of some rows of a tile with one block of
/// weights.

/// `Vectors` whole vectors of the sum of the listed rows, one at least.
template <class T, int Vectors>
PLEAT_LANE void sum_listed_vectors(const T* x, Index stride, const std::int32_t* items, Index count, T* to) {
  using L = Lanes<T>;
  L sum[Vectors];
#pragma GCC unroll 8
  for (int v = 0; v < Vectors; ++v) sum[v] = L::load(x + Index(items[0]) * stride + v * L::size);
  for (Index i = 1; i < count; ++i) {
    const T* const row = x + Index(items[i]) * stride;
#pragma GCC unroll 8
    for (int v = 0; v < Vectors; ++v) sum[v] += L::load(row + v * L::size);
  }
#pragma GCC unroll 8
  for (int v = 0; v < Vectors; ++v) sum[v].store(to + v * L::size);
}

/// to (stride) = the sum of the listed rows of x, one at least, in the order of the list.
template <class T> PLEAT_LANE void sum_listed(const T* x, Index stride, const std::int32_t* items, Index count, T* to) {
  constexpr Index size = Lanes<T>::size;
  Index c = 0;
  for (; c + 8 * size <= stride; c += 8 * size) sum_listed_vectors<T, 8>(x + c, stride, items, count, to + c);
  for (; c + 4 * size <= stride; c += 4 * size) sum_listed_vectors<T, 4>(x + c, stride, items, count, to + c);
  for (; c + 2 * size <= stride; c += 2 * size) sum_listed_vectors<T, 2>(x + c, stride, items, count, to + c);
  for (; c < stride; c += size) sum_listed_vectors<T, 1>(x + c, stride, items, count, to + c);
}

/// The rows of slot k that are not empty, one after another, and rows of zeros up to a multiple of tile_few; returns how many.
template <class T>
PLEAT_TARGET inline Index gather_slot(const cpu::AngleTile& tile, Index k, const T* x, Index stride, T* to, std::int32_t* rows) {
  Index m = 0;
  for (Index u = 0; u < tile.units; ++u) {
    const std::int32_t* const starts = tile.starts + u * (tile.slots + 1) + k;
    if (starts[0] == starts[1]) continue;
    sum_listed<T>(x, stride, tile.items + starts[0], starts[1] - starts[0], to + m * stride);
    rows[m++] = std::int32_t(u);
  }
  for (Index i = m; i % tile_few != 0; ++i)
    for (Index c = 0; c < stride; c += Lanes<T>::size) Lanes<T>::zero().store(to + i * stride + c);
  return m;
}

/// Row u of `to` = the sum of the rows of the edges of unit u.
template <class T> PLEAT_TARGET inline void gather_units(const cpu::AngleTile& tile, const T* x, Index stride, T* to) {
  for (Index p = 0; p < tile.positions;) {
    Index end = p + 1;
    while (end < tile.positions && tile.unit[end] == tile.unit[p]) ++end;
    sum_listed<T>(x, stride, tile.edge + p, end - p, to + Index(tile.unit[p]) * stride);
    p = end;
  }
}

/// Row p of `to` = row edge[p] of x, for positions [begin, end), and zeros up to a multiple of tile_few.
template <class T>
PLEAT_TARGET inline void gather_edges(const cpu::AngleTile& tile, Index begin, Index end, const T* x, Index stride, T* to) {
  for (Index p = begin; p < end; ++p) sum_listed<T>(x, stride, tile.edge + p, 1, to + (p - begin) * stride);
  for (Index i = end - begin; i % tile_few != 0; ++i)
    for (Index c = 0; c < stride; c += Lanes<T>::size) Lanes<T>::zero().store(to + i * stride + c);
}

/// Rows [0, R) of a times B, a chain of K steps from 0, added to rows `to` of y.
template <class T, int R, int C>
PLEAT_TARGET void tile_onto(const T* a, Index a_stride, const T* b, Index b_stride, Index k, T* const* to, int used) {
  using L = Lanes<T>;
  L sum[R][C];
#pragma GCC unroll 16
  for (int r = 0; r < R; ++r)
#pragma GCC unroll 4
    for (int c = 0; c < C; ++c) sum[r][c] = L::zero();
  // A pointer for each four rows and two strides: one for each row would not fit into the registers.
  constexpr int groups = (R + 3) / 4;
  const Index two = 2 * a_stride, three = 3 * a_stride;
  const T* group[groups];
#pragma GCC unroll 4
  for (int g = 0; g < groups; ++g) group[g] = a + 4 * g * a_stride;
  for (Index i = 0; i < k; ++i) {
    L row[C];
#pragma GCC unroll 4
    for (int c = 0; c < C; ++c) row[c] = L::load(b + c * L::size);
#pragma GCC unroll 16
    for (int r = 0; r < R; ++r) {
      const L value = L::set(group[r / 4][r % 4 == 0 ? 0 : r % 4 == 1 ? a_stride : r % 4 == 2 ? two : three]);
#pragma GCC unroll 4
      for (int c = 0; c < C; ++c) sum[r][c] = fma(value, row[c], sum[r][c]);
    }
#pragma GCC unroll 4
    for (int g = 0; g < groups; ++g) ++group[g];
    b += b_stride;
  }
#pragma GCC unroll 16
  for (int r = 0; r < R; ++r) {
    if (r >= used) break;
#pragma GCC unroll 4
    for (int c = 0; c < C; ++c) (L::load(to[r] + c * L::size) + sum[r][c]).store(to[r] + c * L::size);
  }
}

/// y[rows[i]] += a_i B for the m rows of a; rows null: y_i. a has rows up to a multiple of tile_few.
template <class T>
PLEAT_TARGET inline void product_onto(const T* a, Index a_stride, Index m, const T* packed, Index n, Index k, T* y,
                                      const std::int32_t* rows) {
  using L = Lanes<T>;
  T* to[tile_rows];
  const Index stride = stride_of(n);
  for (Index start = 0; start < stride; start += cpu::detail::panel) {
    const Index panel = stride - start < cpu::detail::panel ? stride - start : cpu::detail::panel;
    for (Index c = 0, width; c < panel; c += width) {
      const bool narrow = panel - c < tile_vectors * L::size;
      width = narrow ? L::size : tile_vectors * L::size;
      const T* const b = packed + start * k + c;
      for (Index row = 0; row < m;) {
        const Index height = m - row >= tile_rows ? tile_rows : tile_few;
        const int used = int(m - row < height ? m - row : height);
        for (int r = 0; r < used; ++r) to[r] = y + (rows != nullptr ? Index(rows[row + r]) : row + r) * stride + start + c;
        const T* const from = a + row * a_stride;
        if (height == tile_rows)
          narrow ? tile_onto<T, tile_rows, 1>(from, a_stride, b, panel, k, to, used)
                 : tile_onto<T, tile_rows, tile_vectors>(from, a_stride, b, panel, k, to, used);
        else
          narrow ? tile_onto<T, tile_few, 1>(from, a_stride, b, panel, k, to, used)
                 : tile_onto<T, tile_few, tile_vectors>(from, a_stride, b, panel, k, to, used);
        row += height;
      }
    }
  }
}

/// Row u of `to` = the term of its centre + both biases (null: none).
template <class T>
PLEAT_TARGET inline void begin_sums(const cpu::AngleTile& tile, const T* terms, const T* bias, const T* self_bias, Index stride,
                                    T* to) {
  using L = Lanes<T>;
  for (Index u = 0; u < tile.units; ++u)
    for (Index c = 0; c < stride; c += L::size) {
      L value = L::load(terms + Index(tile.centre[u]) * stride + c);
      if (bias != nullptr) value = value + (L::load(bias + c) + L::load(self_bias + c));
      value.store(to + u * stride + c);
    }
}

template <class T> PLEAT_TARGET inline void spread_units(const cpu::AngleTile& tile, const T* sums, Index stride, T* to) {
  for (Index p = 0; p < tile.positions; ++p)
    for (Index c = 0; c < stride; c += Lanes<T>::size)
      Lanes<T>::load(sums + Index(tile.unit[p]) * stride + c).store(to + p * stride + c);
}

/// y[edge[p]] = row p of `from`, after the epilogue where there is one, added to what is there with `accumulate`.
template <class T>
PLEAT_TARGET inline void finish_edges(const cpu::AngleTile& tile, const T* from, const T* slope, const T* shift, Index stride,
                                      bool accumulate, T* y) {
  using L = Lanes<T>;
  for (Index p = 0; p < tile.positions; ++p) {
    T* const to = y + Index(tile.edge[p]) * stride;
    for (Index c = 0; c < stride; c += L::size) {
      L value = L::load(from + p * stride + c);
      if (slope != nullptr) value = relu(fma(value, L::load(slope + c), L::load(shift + c)));
      if (accumulate) value = value + L::load(to + c);
      value.store(to + c);
    }
  }
}

/// Row v of `to`, v in [begin, end): the sum of rows of x, the edges into v, or with `leaving` those that leave v.
template <class T>
PLEAT_TARGET inline void node_sums(const GraphTopology& graph, const T* x, Index stride, bool leaving, Index begin, Index end,
                                   T* to) {
  using L = Lanes<T>;
  for (Index v = begin; v < end; ++v) {
    if (leaving) {
      const Index first = graph.outgoing[std::size_t(v)], last = graph.outgoing[std::size_t(v) + 1];
      if (last > first)
        sum_listed<T>(x, stride, graph.leaving.data() + first, last - first, to + v * stride);
      else
        for (Index c = 0; c < stride; c += L::size) L::zero().store(to + v * stride + c);
    } else {
      const Index first = graph.in_begin(v), last = graph.in_end(v);
      for (Index c = 0; c < stride; c += L::size) {
        L sum = L::zero();
        for (Index e = first; e < last; ++e) sum += L::load(x + e * stride + c);
        sum.store(to + v * stride + c);
      }
    }
  }
}

/// dw (out, stride_of(in)) columns [first, last) += sum over the m rows of a^T x[rows]; rows null: x_i.
template <class T>
PLEAT_TARGET inline void listed_rows_transposed(T* dw, const T* a, Index a_stride, const T* x, const std::int32_t* rows, Index m,
                                                Index out, Index in, Index first, Index last) {
  using L = Lanes<T>;
  constexpr Index most = tile_vectors * L::size;
  const Index stride = stride_of(in);
  alignas(64) T panel[cpu::angle_panel_rows * most];
  alignas(64) T tile[tile_rows * most];
  // Some rows at a time: a panel of them and the lines of `a` beside it stay in the first-level cache.
  for (Index begin = 0; begin < m; begin += cpu::angle_panel_rows) {
    const Index count = m - begin < cpu::angle_panel_rows ? m - begin : cpu::angle_panel_rows;
    for (Index column = first, width = most; column < last; column += width) {
      if (last - column < most) width = L::size;
      for (Index i = 0; i < count; ++i)
        for (Index c = 0; c < width; c += L::size)
          L::load(x + (rows != nullptr ? Index(rows[begin + i]) : begin + i) * stride + column + c).store(panel + i * width + c);
      for (Index o = 0; o < out;) {
        const Index left = out - o, height = left >= tile_rows ? tile_rows : left >= tile_few ? tile_few : 1;
        any_tile<T, true>(height, width < most, a + begin * a_stride + o, a_stride, panel, width, count, tile, width);
        for (Index r = 0; r < height; ++r)
          for (Index c = 0; c < width; c += L::size) {
            T* const to = dw + (o + r) * stride + column + c;
            (L::load(to) + L::load(tile + r * width + c)).store(to);
          }
        o += height;
      }
    }
  }
}
