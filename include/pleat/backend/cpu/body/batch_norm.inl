/// \file  Bodies of batch norm over the rows [begin, end) of one group. Scale, gain and bias have zero tails, so outputs have.

// Sum of the rows, and sum of squares about the mean of these rows: two passes over rows that stay in the cache.
template <class T>
PLEAT_TARGET inline void batch_norm_moments(const T* x, Index stride, Index begin, Index end, T* sum, T* squares) {
  using L = Lanes<T>;
  const L each = L::set(T(1) / T(end - begin));
  for (Index c = 0; c < stride; c += 2 * L::size) {
    const bool two = c + 2 * L::size <= stride;
    const Index d = two ? c + L::size : c;
    L a = L::zero(), b = L::zero();
    for (Index r = begin; r < end; ++r) a += L::load(x + r * stride + c), b += L::load(x + r * stride + d);
    const L ma = a * each, mb = b * each;
    a.store(sum + c);
    if (two) b.store(sum + d);
    a = b = L::zero();
    for (Index r = begin; r < end; ++r) {
      const L u = L::load(x + r * stride + c) - ma, v = L::load(x + r * stride + d) - mb;
      a = fma(u, u, a), b = fma(v, v, b);
    }
    a.store(squares + c);
    if (two) b.store(squares + d);
  }
}

template <class T>
PLEAT_TARGET inline void batch_norm_forward(const batch_norm_op::Forward<T>& a, Index group, Index begin, Index end) {
  using L = Lanes<T>;
  const Index stride = stride_of(a.width);
  const T *const mean = a.mean + group * stride, *const scale = a.scale + group * stride;
  for (Index r = begin; r < end; ++r)
    for (Index c = 0; c < stride; c += L::size) {
      L y = fma(L::load(a.x + r * stride + c) - L::load(mean + c), L::load(scale + c) * L::load(a.gain + c), L::load(a.bias + c));
      if (a.relu) y = relu(y);
      if (a.residual != nullptr) y = y + L::load(a.residual + r * stride + c);
      y.store(a.y + r * stride + c);
    }
}

// The gradient before the activation: dy where the forward value, formed by the same operations, is above 0.
template <class T> PLEAT_LANE Lanes<T> batch_norm_open(Lanes<T> dy, Lanes<T> centred, Lanes<T> slope, Lanes<T> bias, bool relu) {
  return relu ? select(less(Lanes<T>::zero(), fma(centred, slope, bias)), dy, Lanes<T>::zero()) : dy;
}

template <class T>
PLEAT_TARGET inline void batch_norm_backward_sums(const batch_norm_op::Backward<T>& a, Index group, Index begin, Index end,
                                                  T* sum, T* product) {
  using L = Lanes<T>;
  const Index stride = stride_of(a.width);
  for (Index c = 0; c < stride; c += L::size) {
    const L m = L::load(a.mean + group * stride + c), scale = L::load(a.scale + group * stride + c),
            slope = scale * L::load(a.gain + c), b = L::load(a.bias + c);
    L total = L::zero(), with_x = L::zero();
    for (Index r = begin; r < end; ++r) {
      const L centred = L::load(a.x + r * stride + c) - m;
      const L g = batch_norm_open<T>(L::load(a.dy + r * stride + c), centred, slope, b, a.relu);
      total += g, with_x = fma(g, centred * scale, with_x);
    }
    total.store(sum + c), with_x.store(product + c);
  }
}

// dx = gain scale (g - mean(g) - xhat mean(g xhat)), means over the group.
template <class T>
PLEAT_TARGET inline void batch_norm_backward(const batch_norm_op::Backward<T>& a, Index group, Index begin, Index end) {
  using L = Lanes<T>;
  const Index stride = stride_of(a.width), groups = batch_norm_op::count(a.groups);
  const T *const mean = a.mean + group * stride, *const scale = a.scale + group * stride;
  const T *const mean_g = a.sums + group * stride, *const mean_gx = a.sums + (groups + group) * stride;
  for (Index r = begin; r < end; ++r)
    for (Index c = 0; c < stride; c += L::size) {
      const L s = L::load(scale + c), slope = s * L::load(a.gain + c),
              centred = L::load(a.x + r * stride + c) - L::load(mean + c);
      L d = batch_norm_open<T>(L::load(a.dy + r * stride + c), centred, slope, L::load(a.bias + c), a.relu);
      d = slope * (d - L::load(mean_g + c) - centred * (s * L::load(mean_gx + c)));
      if (a.accumulate) d += L::load(a.dx + r * stride + c);
      d.store(a.dx + r * stride + c);
    }
}
