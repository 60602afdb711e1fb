/// \file  Bodies of the lengths of vector channels.

// |v|^2 of the channels at p, whose components lie `stride` apart.
template <class T> PLEAT_LANE Lanes<T> square_length(const T* p, Index stride) {
  const Lanes<T> x = Lanes<T>::load(p), y = Lanes<T>::load(p + stride), z = Lanes<T>::load(p + 2 * stride);
  return fma(z, z, fma(y, y, x * x));
}

template <class T> PLEAT_TARGET inline void vector_norm_forward(const vector_norm_op::Forward<T>& a, Index begin, Index end) {
  using L = Lanes<T>;
  const Index stride = stride_of(a.width);
  const L least = L::set(T(a.least));
  for (Index r = begin; r < end; ++r)
    for (Index c = 0; c < stride; c += L::size) {
      L::zero().store(a.y + r * stride + c);
      if (c < a.width)
        square_root(larger(least, square_length(a.v + 3 * r * stride + c, stride)))
            .store_first(a.y + r * stride + c, a.width - c);
    }
}

// dv = v dy / |v| where the clamp does not act.
template <class T> PLEAT_TARGET inline void vector_norm_backward(const vector_norm_op::Backward<T>& a, Index begin, Index end) {
  using L = Lanes<T>;
  const Index stride = stride_of(a.width);
  const L least = L::set(T(a.least));
  for (Index r = begin; r < end; ++r)
    for (Index c = 0; c < stride; c += L::size) {
      const T* v = a.v + 3 * r * stride + c;
      const L square = square_length(v, stride);
      const L slope = select(less(least, square), L::load(a.dy + r * stride + c) / square_root(square), L::zero());
      for (Index k = 0; k < 3; ++k) {
        T* dv = a.dv + (3 * r + k) * stride + c;
        L d = L::load(v + k * stride) * slope;
        if (a.accumulate) d += L::load(dv);
        d.store(dv);
      }
    }
}
