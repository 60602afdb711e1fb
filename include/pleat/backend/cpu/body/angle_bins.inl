/// \file  Bodies of angle bins: cosines of unit vectors, and the bin from the signs of cos(t), cos(2t) and cos(4t).
//
// cos(t), cos(2t) = 2 cos(t)^2 - 1 and cos(4t) change their sign exactly at the seven boundaries between bins, and the three
// signs are the Gray code of the bin. With u the unit roundoff of T, a component of a unit vector is off by less than 7u relative,
// a cosine by less than 20u, so cos(2t) by less than 4 * 20u + 2u and cos(4t) by less than 4 * 82u + 2u = 330u. Where none of the
// three is nearer to 0 than 512u the signs are right, and so is the bin; the others (some 1e-4 of all in float) are computed by
// angle_bin in double. Vectors whose squared length leaves the range of T become NaN and go there as well.

inline constexpr Index angle_chunk = 64; // edges out of a centre that are held at a time; a multiple of all vector sizes

template <class T> struct Directions { // unit vectors to the other ends of edges
  T x[angle_chunk], y[angle_chunk], z[angle_chunk];
  T none[angle_chunk]; // 2 where the ends coincide: it makes the "cosine" 2, which is bin 0
};

template <class T> PLEAT_LANE void direction_to(const angle_bins_op::Forward<T>& a, Index from, Index to, Directions<T>& d, Index i) {
  const T *p = a.coordinates + 3 * from * a.stride, *q = a.coordinates + 3 * to * a.stride;
  d.x[i] = q[0] - p[0], d.y[i] = q[a.stride] - p[a.stride], d.z[i] = q[2 * a.stride] - p[2 * a.stride];
}

template <class T> PLEAT_LANE void normalise(Directions<T>& d, Index count) {
  constexpr Index n = Lanes<T>::size;
  constexpr T small = sizeof(T) == 4 ? T(1e-30) : T(1e-280), large = sizeof(T) == 4 ? T(1e30) : T(1e280);
  for (Index i = count; i % n != 0; ++i) d.x[i] = d.y[i] = d.z[i] = T(0);
  const Lanes<T> zero = Lanes<T>::zero(), nan = Lanes<T>::set(T(NAN));
  for (Index i = 0; i < count; i += n) {
    const Lanes<T> x = Lanes<T>::load(d.x + i), y = Lanes<T>::load(d.y + i), z = Lanes<T>::load(d.z + i);
    const Lanes<T> square = fma(x, x, fma(y, y, z * z));
    const auto none = equal(absolute(x) + absolute(y) + absolute(z), zero);
    Lanes<T> scale = Lanes<T>::set(T(1)) / square_root(square);
    scale = select(less(Lanes<T>::set(small), square), scale, nan);
    scale = select(less(square, Lanes<T>::set(large)), scale, nan);
    scale = select(none, zero, scale);
    (x * scale).store(d.x + i), (y * scale).store(d.y + i), (z * scale).store(d.z + i);
    select(none, Lanes<T>::set(T(2)), zero).store(d.none + i);
  }
}

// Whole numbers 0..255 as bytes.
template <class T> PLEAT_LANE void store_bytes(Lanes<T> x, std::uint8_t* to) {
#if PLEAT_LEVEL == 512
  if constexpr (sizeof(T) == 4) {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to),
                     _mm512_maskz_cvtepi32_epi8(all_ps, _mm512_maskz_cvttps_epi32(all_ps, x.v)));
    return;
  }
#endif
  T full[Lanes<T>::size];
  x.store(full);
  for (Index i = 0; i < Lanes<T>::size; ++i) to[i] = static_cast<std::uint8_t>(static_cast<int>(full[i]));
}

template <class T> PLEAT_LANE int bin_in_double(const angle_bins_op::Forward<T>& a, Index from, Index centre, Index to) {
  double at[3][3];
  const Index nodes[3] = {from, centre, to};
  for (int k = 0; k < 3; ++k)
    for (int c = 0; c < 3; ++c) at[k][c] = static_cast<double>(a.coordinates[(3 * nodes[k] + c) * a.stride]);
  return angle_bin(at[0], at[1], at[2]);
}

// Bins of one direction in against `count` directions out; 64 is added where the bin needs a closer look. True if it does anywhere.
template <class T>
PLEAT_LANE bool bins_of_row(T in_x, T in_y, T in_z, const Directions<T>& out, Index count, std::uint8_t* bins) {
  constexpr Index n = Lanes<T>::size;
  const Lanes<T> x = Lanes<T>::set(in_x), y = Lanes<T>::set(in_y), z = Lanes<T>::set(in_z);
  const Lanes<T> one = Lanes<T>::set(T(1)), half = Lanes<T>::set(T(0.5)), two = Lanes<T>::set(T(2));
  const Lanes<T> middle = Lanes<T>::set(T(3.5)), mark = Lanes<T>::set(T(64));
  const Lanes<T> margin = Lanes<T>::set(sizeof(T) == 4 ? T(0x1p-15) : T(0x1p-44));
  Lanes<T> marked = Lanes<T>::zero();
  for (Index j = 0; j < count; j += n) {
    const Lanes<T> c1 = fma(x, Lanes<T>::load(out.x + j),
                            fma(y, Lanes<T>::load(out.y + j), fma(z, Lanes<T>::load(out.z + j), Lanes<T>::load(out.none + j))));
    const Lanes<T> c2 = fma(c1 + c1, c1, -one), c4 = fma(c2 + c2, c2, -one);
    // 3.5 -+ (2 -+ (1 -+ 1/2)): the Gray code of the signs, as a number
    const Lanes<T> bin = middle - copy_sign(two + copy_sign(one + copy_sign(half, c4), c2), c1);
    const auto sure = less(margin, smaller(absolute(c1), smaller(absolute(c2), absolute(c4)))); // false for NaN
    const Lanes<T> more = select(sure, Lanes<T>::zero(), mark);
    marked += more;
    store_bytes(bin + more, bins + j);
  }
  return sum_of(marked) != T(0);
}

template <class T> PLEAT_TARGET inline void angle_bins_of(const angle_bins_op::Forward<T>& a, Index begin, Index end) {
  const GraphTopology& g = a.graph;
  Directions<T> in, out;
  alignas(64) std::uint8_t row[angle_chunk];
  for (Index v = begin; v < end; ++v) {
    const Index first_out = g.outgoing[std::size_t(v)], outs = g.outgoing[std::size_t(v) + 1] - first_out;
    const Index first_in = g.in_begin(v), ins = g.in_end(v) - first_in;
    std::uint8_t* table = a.bins + g.arcs[std::size_t(v)];
    for (Index from = 0; from < outs; from += angle_chunk) {
      const Index count = outs - from < angle_chunk ? outs - from : angle_chunk;
      for (Index j = 0; j < count; ++j)
        direction_to(a, v, g.target[std::size_t(g.leaving[std::size_t(first_out + from + j)])], out, j);
      normalise(out, count);
      for (Index above = 0; above < ins; above += angle_chunk) {
        const Index rows = ins - above < angle_chunk ? ins - above : angle_chunk;
        for (Index i = 0; i < rows; ++i) direction_to(a, v, g.source[std::size_t(first_in + above + i)], in, i);
        normalise(in, rows);
        for (Index i = 0; i < rows; ++i) {
          std::uint8_t* to = table + (above + i) * outs + from;
          if (in.none[i] != T(0)) {
            std::memset(to, 0, std::size_t(count));
            continue;
          }
          if (bins_of_row(in.x[i], in.y[i], in.z[i], out, count, row))
            for (Index j = 0; j < count; ++j)
              if (row[j] >= 64)
                row[j] = std::uint8_t(bin_in_double<T>(a, g.source[std::size_t(first_in + above + i)], v,
                                                       g.target[std::size_t(g.leaving[std::size_t(first_out + from + j)])]));
          // Whole blocks may run over into rows of this centre that are still to be written, nowhere else.
          const Index left = (ins - above - i) * outs - from;
          if (outs <= angle_chunk && left >= angle_chunk)
            for (Index j = 0; j < count; j += 16) std::memcpy(to + j, row + j, 16);
          else
            std::memcpy(to, row, std::size_t(count));
        }
      }
    }
  }
}
