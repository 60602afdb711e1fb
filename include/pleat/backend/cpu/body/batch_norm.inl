/// \file  Bodies of batch norm over the rows [begin, end) of one group. Scale, gain and bias have zero tails, so outputs have.

template <class T> PLEAT_TARGET inline void batch_norm_sum(const T* x, Index stride, Index begin, Index end, T* sum) {
  using L = Lanes<T>;
  for (Index c = 0; c < stride; c += L::size) {
    L a = L::zero();
    for (Index r = begin; r < end; ++r) a += L::load(x + r * stride + c);
    a.store(sum + c);
  }
}

template <class T>
PLEAT_TARGET inline void batch_norm_squares(const T* x, Index stride, const T* mean, Index begin, Index end, T* sum) {
  using L = Lanes<T>;
  for (Index c = 0; c < stride; c += L::size) {
    const L m = L::load(mean + c);
    L a = L::zero();
    for (Index r = begin; r < end; ++r) {
      const L d = L::load(x + r * stride + c) - m;
      a = fma(d, d, a);
    }
    a.store(sum + c);
  }
}

template <class T>
PLEAT_TARGET inline void batch_norm_forward(const batch_norm_op::Forward<T>& a, Index group, Index begin, Index end) {
  using L = Lanes<T>;
  const Index stride = stride_of(a.width);
  for (Index c = 0; c < stride; c += L::size) {
    const L m = L::load(a.mean + group * stride + c), s = L::load(a.scale + group * stride + c) * L::load(a.gain + c),
            b = L::load(a.bias + c);
    for (Index r = begin; r < end; ++r) {
      L y = fma(L::load(a.x + r * stride + c) - m, s, b);
      if (a.relu) y = relu(y);
      if (a.residual != nullptr) y = y + L::load(a.residual + r * stride + c);
      y.store(a.y + r * stride + c);
    }
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
  for (Index c = 0; c < stride; c += L::size) {
    const L m = L::load(a.mean + group * stride + c), scale = L::load(a.scale + group * stride + c),
            slope = scale * L::load(a.gain + c), b = L::load(a.bias + c);
    const L mean = L::load(a.sums + group * stride + c), with_x = scale * L::load(a.sums + (groups + group) * stride + c);
    for (Index r = begin; r < end; ++r) {
      const L centred = L::load(a.x + r * stride + c) - m;
      L d = batch_norm_open<T>(L::load(a.dy + r * stride + c), centred, slope, b, a.relu);
      d = slope * (d - mean - centred * with_x);
      if (a.accumulate) d += L::load(a.dx + r * stride + c);
      d.store(a.dx + r * stride + c);
    }
  }
}
