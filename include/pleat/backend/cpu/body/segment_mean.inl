/// \file  Bodies of sums and means over segments.

template <class T> PLEAT_TARGET inline void segment_sum_forward(const segment_sum_op::Forward<T>& a, Index begin, Index end) {
  using L = Lanes<T>;
  const Index block = a.parts * a.stride; // the rows of one item lie together
  for (Index s = begin; s < end; ++s) {
    const Index first = a.begin[s * a.step], last = a.begin[(s + 1) * a.step];
    const L factor = L::set(a.mean && last > first ? a.factor / T(last - first) : a.factor);
    T* y = a.y + s * block;
    for (Index i = 0; i < block; i += L::size) {
      L sum = L::zero();
      if (a.order == nullptr)
        for (Index e = first; e < last; ++e) sum += L::load(a.x + e * block + i);
      else
        for (Index e = first; e < last; ++e) sum += L::load(a.x + a.order[e] * block + i);
      sum = sum * factor;
      if (a.accumulate) sum += L::load(y + i);
      sum.store(y + i);
    }
  }
}

template <class T> PLEAT_TARGET inline void segment_sum_backward(const segment_sum_op::Backward<T>& a, Index begin, Index end) {
  using L = Lanes<T>;
  const Index block = a.parts * a.stride;
  for (Index s = begin; s < end; ++s) {
    const Index first = a.begin[s * a.step], last = a.begin[(s + 1) * a.step];
    const L share = L::set(a.mean && last > first ? T(1) / T(last - first) : T(1));
    const T* dy = a.dy + s * block;
    for (Index e = first; e < last; ++e) {
      T* dx = a.dx + e * block;
      for (Index i = 0; i < block; i += L::size) {
        L d = L::load(dy + i) * share;
        if (a.accumulate) d += L::load(dx + i);
        d.store(dx + i);
      }
    }
  }
}
