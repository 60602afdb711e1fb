/// \file  Body of the rows of nodes at edges.

template <class T> PLEAT_TARGET inline void gather_rows_forward(const gather_rows_op::Forward<T>& a, Index begin, Index end) {
  using L = Lanes<T>;
  const Index block = a.parts * a.stride; // the rows of one node or edge lie together
  const L sign = L::set(a.sign);
  for (Index e = begin; e < end; ++e) {
    const T* source = a.at_source != nullptr ? a.at_source + a.source[e] * block : nullptr;
    const T* target = a.at_target != nullptr ? a.at_target + a.target[e] * block : nullptr;
    const T* edge = a.at_edge != nullptr ? a.at_edge + e * block : nullptr;
    T* y = a.y + e * block;
    for (Index i = 0; i < block; i += L::size) {
      L sum = target != nullptr ? L::load(target + i) : L::zero();
      if (source != nullptr) sum = fma(sign, L::load(source + i), sum);
      if (edge != nullptr) sum += L::load(edge + i);
      sum.store(y + i);
    }
  }
}
