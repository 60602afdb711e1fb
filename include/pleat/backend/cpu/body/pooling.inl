/// \file  Bodies of pooling: one sequence, one vector of channels at a time, rows in order.

template <class T> PLEAT_TARGET inline void pooling_forward(const pooling_op::Forward<T>& a, Index s) {
  using L = Lanes<T>;
  const Index stride = stride_of(a.width), begin = a.segments.offsets[std::size_t(s)],
              end = a.segments.offsets[std::size_t(s) + 1];
  const Index out_width = a.pool == Pool::mean_std ? 2 * a.width : a.width, out_stride = stride_of(out_width);
  T* y = a.y + s * out_stride;
  for (Index c = 0; c < out_stride; c += L::size) L::zero().store(y + c);
  if (begin == end) return;
  const L rows = L::set(T(end - begin));
  for (Index c = 0; c < a.width; c += L::size) {
    const Index used = a.width - c; // of this vector; the rest of y may hold the standard deviations, or a tail
    L first = L::load(a.x + begin * stride + c);
    if (a.pool == Pool::max) {
      for (Index r = begin + 1; r < end; ++r) first = larger(L::load(a.x + r * stride + c), first);
      first.store_first(y + c, used);
      continue;
    }
    L sum = L::zero();
    for (Index r = begin; r < end; ++r) sum += L::load(a.x + r * stride + c);
    const L mean = sum / rows;
    mean.store_first(y + c, used);
    if (a.pool != Pool::mean_std) continue;
    L squares = L::zero();
    for (Index r = begin; r < end; ++r) {
      const L d = L::load(a.x + r * stride + c) - mean;
      squares = fma(d, d, squares);
    }
    square_root(squares / rows).store_first(y + a.width + c, used);
  }
}

template <class T> PLEAT_TARGET inline void pooling_backward(const pooling_op::Backward<T>& a, Index s) {
  using L = Lanes<T>;
  const Index stride = stride_of(a.width), begin = a.segments.offsets[std::size_t(s)],
              end = a.segments.offsets[std::size_t(s) + 1];
  const Index out_width = a.pool == Pool::mean_std ? 2 * a.width : a.width, out_stride = stride_of(out_width);
  if (begin == end) return;
  const L share = L::set(T(1) / T(end - begin)), zero = L::zero();
  const T* dy = a.dy + s * out_stride;
  const T* y = a.y != nullptr ? a.y + s * out_stride : nullptr;
  for (Index c = 0; c < stride; c += L::size) {
    const Index used = a.width > c ? a.width - c : 0; // beyond, the gradient is zero
    const L g = L::load_first(dy + (used > 0 ? c : 0), used);
    L mean = zero, slope = zero, left = g;
    if (a.pool != Pool::mean) mean = L::load_first(y + (used > 0 ? c : 0), used); // the maximum where that is the pool
    if (a.pool == Pool::mean_std && used > 0) {
      const L deviation = L::load_first(y + a.width + c, used);
      slope = select(less(zero, deviation), share * L::load_first(dy + a.width + c, used) / deviation, zero);
    }
    for (Index r = begin; r < end; ++r) {
      L d = share * g;
      if (a.pool == Pool::max) { // `left` is what no earlier row has taken
        const auto here = equal(L::load(a.x + r * stride + c), mean);
        d = select(here, left, zero), left = select(here, zero, left);
      } else if (a.pool == Pool::mean_std) {
        d = fma(L::load(a.x + r * stride + c) - mean, slope, d);
      }
      if (a.accumulate) d += L::load(a.dx + r * stride + c);
      d.store(a.dx + r * stride + c);
    }
  }
}
