/// \file  Bodies of the mixture of rows.

template <class T> PLEAT_TARGET inline void mix_forward(const mix_op::Forward<T>& a, Index begin, Index end) {
  const Index stride = stride_of(a.width);
  for (Index r = begin; r < end; ++r) {
    const Lanes<T> p = Lanes<T>::set(a.a[r]), q = Lanes<T>::set(a.b[r]);
    for (Index c = r * stride; c < (r + 1) * stride; c += Lanes<T>::size)
      fma(p, Lanes<T>::load(a.x + c), q * Lanes<T>::load(a.e + c)).store(a.y + c);
  }
}

template <class T> PLEAT_TARGET inline void mix_backward(const mix_op::Backward<T>& a, Index begin, Index end) {
  const Index stride = stride_of(a.width);
  for (Index r = begin; r < end; ++r) {
    const Lanes<T> p = Lanes<T>::set(a.a[r]);
    for (Index c = r * stride; c < (r + 1) * stride; c += Lanes<T>::size) {
      Lanes<T> d = p * Lanes<T>::load(a.dy + c);
      if (a.accumulate) d = d + Lanes<T>::load(a.dx + c);
      d.store(a.dx + c);
    }
  }
}
