/// \file  Bodies of the logistic function, which is not 0 at 0: the tails are left out.

template <class T> PLEAT_TARGET inline void sigmoid_forward(const sigmoid_op::Forward<T>& a, Index begin, Index end) {
  using L = Lanes<T>;
  const Index stride = stride_of(a.width);
  for (Index r = begin; r < end; ++r)
    for (Index c = 0; c < stride; c += L::size) {
      L::zero().store(a.y + r * stride + c);
      if (c < a.width) sigmoid(L::load(a.x + r * stride + c)).store_first(a.y + r * stride + c, a.width - c);
    }
}

template <class T> PLEAT_TARGET inline void sigmoid_backward(const sigmoid_op::Backward<T>& a, Index begin, Index end) {
  using L = Lanes<T>;
  const Index stride = stride_of(a.width);
  const L one = L::set(T(1));
  for (Index i = begin * stride; i < end * stride; i += L::size) {
    const L y = L::load(a.y + i);
    L d = L::load(a.dy + i) * y * (one - y);
    if (a.accumulate) d += L::load(a.dx + i);
    d.store(a.dx + i);
  }
}
