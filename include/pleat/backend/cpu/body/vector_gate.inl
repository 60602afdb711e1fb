/// \file  Bodies of gated vector channels. Vectors and their gradients are zero in the tails, so results are.

template <class T> PLEAT_TARGET inline void vector_gate_forward(const vector_gate_op::Forward<T>& a, Index begin, Index end) {
  using L = Lanes<T>;
  const Index stride = stride_of(a.width);
  for (Index r = begin; r < end; ++r)
    for (Index c = 0; c < stride; c += L::size) {
      const L open = sigmoid(L::load(a.gate + r * stride + c));
      for (Index k = 0; k < 3; ++k) (L::load(a.v + (3 * r + k) * stride + c) * open).store(a.y + (3 * r + k) * stride + c);
    }
}

template <class T> PLEAT_TARGET inline void vector_gate_backward(const vector_gate_op::Backward<T>& a, Index begin, Index end) {
  using L = Lanes<T>;
  const Index stride = stride_of(a.width);
  const L one = L::set(T(1));
  for (Index r = begin; r < end; ++r)
    for (Index c = 0; c < stride; c += L::size) {
      const L open = sigmoid(L::load(a.gate + r * stride + c));
      L along = L::zero();
      for (Index k = 0; k < 3; ++k) {
        const Index at = (3 * r + k) * stride + c;
        const L dy = L::load(a.dy + at);
        along = fma(dy, L::load(a.v + at), along);
        if (a.dv != nullptr) {
          L d = dy * open;
          if (a.accumulate) d += L::load(a.dv + at);
          d.store(a.dv + at);
        }
      }
      if (a.dgate != nullptr) {
        L d = along * open * (one - open);
        if (a.accumulate_gate) d += L::load(a.dgate + r * stride + c);
        d.store(a.dgate + r * stride + c);
      }
    }
}
