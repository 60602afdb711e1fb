/// \file  Bodies of the layer normalisation of vector channels.

// Mean over the channels of max(|v_c|^2, least); tails, whose lengths are 0, are left out.
template <class T> PLEAT_LANE T mean_square_length(const T* v, Index width, Index stride, T least) {
  using L = Lanes<T>;
  L sum = L::zero();
  for (Index c = 0; c < width; c += L::size) {
    const L x = L::load(v + c), y = L::load(v + stride + c), z = L::load(v + 2 * stride + c);
    L square = larger(L::set(least), fma(z, z, fma(y, y, x * x)));
    if (c + L::size > width) {
      T lanes[L::size];
      square.store(lanes);
      square = L::load_first(lanes, width - c);
    }
    sum += square;
  }
  return sum_of(sum) / T(width);
}

template <class T>
PLEAT_TARGET inline void vector_layer_norm_forward(const vector_layer_norm_op::Forward<T>& a, Index begin, Index end) {
  using L = Lanes<T>;
  const Index stride = stride_of(a.width);
  for (Index r = begin; r < end; ++r) {
    const T* v = a.v + 3 * r * stride;
    const L scale = L::set(T(1) / T(std::sqrt(mean_square_length(v, a.width, stride, T(a.least)))));
    for (Index i = 0; i < 3 * stride; i += L::size) (L::load(v + i) * scale).store(a.y + 3 * r * stride + i);
  }
}

// With m the mean square: dv_c = m^-1/2 (dy_c - [|v_c|^2 > least] v_c (sum of dy v) / (width m)).
template <class T>
PLEAT_TARGET inline void vector_layer_norm_backward(const vector_layer_norm_op::Backward<T>& a, Index begin, Index end) {
  using L = Lanes<T>;
  const Index stride = stride_of(a.width);
  const L least = L::set(T(a.least));
  for (Index r = begin; r < end; ++r) {
    const T *v = a.v + 3 * r * stride, *dy = a.dy + 3 * r * stride;
    T* dv = a.dv + 3 * r * stride;
    const T mean = mean_square_length(v, a.width, stride, T(a.least));
    L along = L::zero();
    for (Index i = 0; i < 3 * stride; i += L::size) along = fma(L::load(dy + i), L::load(v + i), along);
    const L scale = L::set(T(1) / T(std::sqrt(mean))), share = L::set(sum_of(along) / (T(a.width) * mean));
    for (Index c = 0; c < stride; c += L::size) {
      const L x = L::load(v + c), y = L::load(v + stride + c), z = L::load(v + 2 * stride + c);
      const L pull = select(less(least, fma(z, z, fma(y, y, x * x))), share, L::zero());
      for (Index k = 0; k < 3; ++k) {
        const Index at = k * stride + c;
        L d = scale * (L::load(dy + at) - L::load(v + at) * pull);
        if (a.accumulate) d += L::load(dv + at);
        d.store(dv + at);
      }
    }
  }
}
