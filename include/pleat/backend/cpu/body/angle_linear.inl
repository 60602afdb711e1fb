/// \file  Bodies of the messages between edges: sums of listed rows, and products of some rows of a tile with one block of weights.

/// to (stride) = the sum of the listed rows of x, in the order of the list.
template <class T> PLEAT_LANE void sum_listed(const T* x, Index stride, const std::int32_t* items, Index count, T* to) {
  using L = Lanes<T>;
  Index c = 0;
  for (; c + 8 * L::size <= stride; c += 8 * L::size) {
    L sum[8];
#pragma GCC unroll 8
    for (int v = 0; v < 8; ++v) sum[v] = L::zero();
    for (Index i = 0; i < count; ++i) {
      const T* const row = x + Index(items[i]) * stride + c;
#pragma GCC unroll 8
      for (int v = 0; v < 8; ++v) sum[v] += L::load(row + v * L::size);
    }
#pragma GCC unroll 8
    for (int v = 0; v < 8; ++v) sum[v].store(to + c + v * L::size);
  }
  for (; c < stride; c += L::size) {
    L sum = L::zero();
    for (Index i = 0; i < count; ++i) sum += L::load(x + Index(items[i]) * stride + c);
    sum.store(to + c);
  }
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

/// y[rows[i]] += a_i B for the m rows of a; rows null: y_i. a has rows up to a multiple of tile_few.
template <class T>
PLEAT_TARGET inline void product_onto(const T* a, Index a_stride, Index m, const T* packed, Index n, Index k, T* y,
                                      const std::int32_t* rows) {
  using L = Lanes<T>;
  alignas(64) T tile[tile_rows * tile_vectors * L::size];
  const Index stride = stride_of(n);
  for (Index start = 0; start < stride; start += cpu::detail::panel) {
    const Index panel = stride - start < cpu::detail::panel ? stride - start : cpu::detail::panel;
    for (Index c = 0, width; c < panel; c += width) {
      const bool narrow = panel - c < tile_vectors * L::size;
      width = narrow ? L::size : tile_vectors * L::size;
      for (Index row = 0; row < m;) {
        const Index height = m - row >= tile_rows ? tile_rows : tile_few;
        any_tile<T, false>(height, narrow, a + row * a_stride, a_stride, packed + start * k + c, panel, k, tile, width);
        const Index used = m - row < height ? m - row : height;
        for (Index r = 0; r < used; ++r) {
          T* const to = y + (rows != nullptr ? Index(rows[row + r]) : row + r) * stride + start + c;
          for (Index v = 0; v < width; v += L::size) (L::load(to + v) + L::load(tile + r * width + v)).store(to + v);
        }
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
PLEAT_TARGET inline void node_sums(const GraphTopology& graph, const T* x, Index stride, bool leaving, Index begin, Index end, T* to) {
  using L = Lanes<T>;
  for (Index v = begin; v < end; ++v) {
    if (leaving) {
      const Index first = graph.outgoing[std::size_t(v)], last = graph.outgoing[std::size_t(v) + 1];
      sum_listed<T>(x, stride, graph.leaving.data() + first, last - first, to + v * stride);
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

/// dw (out, stride_of(in)) rows [out, out_end) += sum over the m rows of a^T x[rows].
template <class T>
PLEAT_TARGET inline void listed_rows_transposed(T* dw, const T* a, Index a_stride, const T* x, const std::int32_t* rows, Index m,
                                                Index out, Index out_end, Index in) {
  using L = Lanes<T>;
  constexpr Index most = tile_vectors * L::size;
  const Index stride = stride_of(in);
  alignas(64) T panel[cpu::angle_tile_most * most];
  alignas(64) T tile[tile_rows * most];
  if (m == 0) return;
  for (Index column = 0, width = most; column < stride; column += width) {
    if (stride - column < most) width = L::size;
    for (Index i = 0; i < m; ++i)
      for (Index c = 0; c < width; c += L::size)
        L::load(x + Index(rows[i]) * stride + column + c).store(panel + i * width + c);
    for (Index o = out; o < out_end;) {
      const Index left = out_end - o, height = left >= tile_rows ? tile_rows : left >= tile_few ? tile_few : 1;
      any_tile<T, true>(height, width < most, a + o, a_stride, panel, width, m, tile, width);
      for (Index r = 0; r < height; ++r)
        for (Index c = 0; c < width; c += L::size) {
          T* const to = dw + (o + r) * stride + column + c;
          (L::load(to) + L::load(tile + r * width + c)).store(to);
        }
      o += height;
    }
  }
}
