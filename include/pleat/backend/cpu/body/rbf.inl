/// \file  Bodies of the radial basis functions.

// Centres c, c + 1, ... of one vector.
template <class T> PLEAT_LANE Lanes<T> rbf_centres(Index c, Index width, double first, double last) {
  T centres[Lanes<T>::size];
  for (Index i = 0; i < Lanes<T>::size; ++i) centres[i] = T(first + (last - first) * double(c + i) / double(width - 1));
  return Lanes<T>::load(centres);
}

template <class T> PLEAT_TARGET inline void rbf_forward(const rbf_op::Forward<T>& a, Index begin, Index end) {
  using L = Lanes<T>;
  const Index stride = stride_of(a.width), one = stride_of(1);
  const L inverse = L::set(T(double(a.width) / (a.last - a.first)));
  for (Index c = 0; c < stride; c += L::size) {
    const L centres = rbf_centres<T>(c, a.width, a.first, a.last);
    for (Index r = begin; r < end; ++r) {
      const L u = (L::set(a.d[r * one]) - centres) * inverse;
      L::zero().store(a.y + r * stride + c);
      if (c < a.width) exp(-(u * u)).store_first(a.y + r * stride + c, a.width - c);
    }
  }
}

// dd = sum over k of dy_k y_k (-2 u_k / w), u_k = (d - m_k) / w; dy is zero in the tail.
template <class T> PLEAT_TARGET inline void rbf_backward(const rbf_op::Backward<T>& a, Index begin, Index end) {
  using L = Lanes<T>;
  const Index stride = stride_of(a.width), one = stride_of(1);
  const T inverse = T(double(a.width) / (a.last - a.first));
  for (Index r = begin; r < end; ++r) {
    L sum = L::zero();
    for (Index c = 0; c < stride; c += L::size) {
      const L u = (L::set(a.d[r * one]) - rbf_centres<T>(c, a.width, a.first, a.last)) * L::set(inverse);
      sum = fma(L::load(a.dy + r * stride + c) * exp(-(u * u)), u, sum);
    }
    T* dd = a.dd + r * one;
    const T d = T(-2) * inverse * sum_of(sum) + (a.accumulate ? dd[0] : T(0));
    for (Index i = 0; i < one; ++i) dd[i] = T(0);
    dd[0] = d;
  }
}
