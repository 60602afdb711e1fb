/// \file  Bodies of the products of the ends of pairs.

template <class T> PLEAT_TARGET inline void pair_product_forward(const pair_product_op::Forward<T>& a, Index begin, Index end) {
  using L = Lanes<T>;
  const std::int32_t *first = a.ends.first.data(), *second = a.ends.second.data();
  for (Index p = begin; p < end; ++p) {
    const T *u = a.x + first[p] * a.stride, *v = a.x + second[p] * a.stride;
    T* y = a.y + p * a.stride;
    for (Index i = 0; i < a.stride; i += L::size) (L::load(u + i) * L::load(v + i)).store(y + i);
  }
}

template <class T> PLEAT_TARGET inline void pair_product_backward(const pair_product_op::Backward<T>& a, Index begin, Index end) {
  using L = Lanes<T>;
  const std::int32_t *first = a.ends.first.data(), *second = a.ends.second.data(), *member = a.ends.member.data();
  for (Index v = begin; v < end; ++v) {
    const Index from = a.ends.begin[static_cast<std::size_t>(v)], to = a.ends.begin[static_cast<std::size_t>(v) + 1];
    T* dx = a.dx + v * a.stride;
    for (Index i = 0; i < a.stride; i += L::size) {
      L sum = L::zero();
      for (Index k = from; k < to; ++k) {
        const Index p = member[k];
        const Index other = static_cast<Index>(first[p]) + second[p] - v;
        sum = fma(L::load(a.dy + p * a.stride + i), L::load(a.x + other * a.stride + i), sum);
      }
      if (a.accumulate) sum += L::load(dx + i);
      sum.store(dx + i);
    }
  }
}
