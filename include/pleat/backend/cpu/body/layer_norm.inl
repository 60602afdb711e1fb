/// \file  Bodies of layer normalisation, one row at a time; tails of rows are zero and stay zero.

// Mean and 1 / standard deviation of `width` channels; the tail's contribution to the second pass is masked out.
template <class T> PLEAT_LANE void moments_of(const T* x, Index width, T epsilon, T& mean, T& scale) {
  constexpr Index n = Lanes<T>::size;
  Lanes<T> sum = Lanes<T>::zero();
  for (Index c = 0; c < width; c += n) sum += Lanes<T>::load(x + c);
  mean = sum_of(sum) / T(width);
  const Lanes<T> m = Lanes<T>::set(mean);
  Lanes<T> squares = Lanes<T>::zero();
  Index c = 0;
  for (; c + n <= width; c += n) {
    const Lanes<T> d = Lanes<T>::load(x + c) - m;
    squares = fma(d, d, squares);
  }
  if (c < width) {
    T rest[n];
    (Lanes<T>::load(x + c) - m).store(rest);
    const Lanes<T> d = Lanes<T>::load_first(rest, width - c);
    squares = fma(d, d, squares);
  }
  const T variance = sum_of(squares) / T(width);
  scale = T(1) / T(std::sqrt(variance + epsilon));
}

template <class T> PLEAT_TARGET inline void layer_norm_forward(const layer_norm_op::Forward<T>& a, Index begin, Index end) {
  constexpr Index n = Lanes<T>::size;
  const Index stride = stride_of(a.width);
  for (Index r = begin; r < end; ++r) {
    const T* x = a.x + r * stride;
    T* y = a.y + r * stride;
    T mean, scale;
    moments_of(x, a.width, T(a.epsilon), mean, scale);
    const Lanes<T> m = Lanes<T>::set(mean), s = Lanes<T>::set(scale);
    // gain and bias have zero tails, so the tail of y is zero.
    for (Index c = 0; c < stride; c += n)
      fma((Lanes<T>::load(x + c) - m) * s, Lanes<T>::load(a.gain + c), Lanes<T>::load(a.bias + c)).store(y + c);
    if (a.moments != nullptr) a.moments[2 * r] = mean, a.moments[2 * r + 1] = scale;
  }
}

// dx = scale (g - mean(g) - xhat mean(g xhat)), g = dy gain, xhat = (x - mean) scale.
template <class T>
PLEAT_TARGET inline void layer_norm_input_gradient(const layer_norm_op::Backward<T>& a, Index begin, Index end) {
  constexpr Index n = Lanes<T>::size;
  const Index stride = stride_of(a.width);
  for (Index r = begin; r < end; ++r) {
    const T *x = a.x + r * stride, *dy = a.dy + r * stride;
    T* dx = a.dx + r * stride;
    const Lanes<T> m = Lanes<T>::set(a.moments[2 * r]), s = Lanes<T>::set(a.moments[2 * r + 1]);
    Lanes<T> sum = Lanes<T>::zero(), product = Lanes<T>::zero();
    for (Index c = 0; c < stride; c += n) { // gain is zero in the tail, so g is
      const Lanes<T> g = Lanes<T>::load(dy + c) * Lanes<T>::load(a.gain + c), xhat = (Lanes<T>::load(x + c) - m) * s;
      sum += g, product = fma(g, xhat, product);
    }
    const Lanes<T> mean_g = Lanes<T>::set(sum_of(sum) / T(a.width)), mean_gx = Lanes<T>::set(sum_of(product) / T(a.width));
    for (Index c = 0; c < stride; c += n) {
      const Lanes<T> g = Lanes<T>::load(dy + c) * Lanes<T>::load(a.gain + c), xhat = (Lanes<T>::load(x + c) - m) * s;
      Lanes<T> d = s * (g - mean_g - xhat * mean_gx);
      if (c + n > a.width) {
        T full[n];
        d.store(full);
        d = Lanes<T>::load_first(full, a.width > c ? a.width - c : 0);
      }
      if (a.accumulate) d = d + Lanes<T>::load(dx + c);
      d.store(dx + c);
    }
  }
}

// Sums of dy xhat and dy over rows, for one block of channels [c, c + size): chunks of rows_of_task rows, then the chunks in
// order.
template <class T> PLEAT_TARGET inline void layer_norm_gain_gradient(const layer_norm_op::Backward<T>& a, Index c) {
  const Index stride = stride_of(a.width);
  Lanes<T> gain = Lanes<T>::zero(), bias = Lanes<T>::zero();
  for (Index begin = 0; begin < a.rows; begin += cpu::rows_of_task) {
    const Index end = begin + cpu::rows_of_task < a.rows ? begin + cpu::rows_of_task : a.rows;
    Lanes<T> chunk_gain = Lanes<T>::zero(), chunk_bias = Lanes<T>::zero();
    for (Index r = begin; r < end; ++r) {
      const Lanes<T> dy = Lanes<T>::load(a.dy + r * stride + c);
      const Lanes<T> xhat =
          (Lanes<T>::load(a.x + r * stride + c) - Lanes<T>::set(a.moments[2 * r])) * Lanes<T>::set(a.moments[2 * r + 1]);
      chunk_gain = fma(dy, xhat, chunk_gain), chunk_bias += dy;
    }
    gain += chunk_gain, bias += chunk_bias;
  }
  // dy is zero in the tail, so both sums are.
  if (a.dgain != nullptr) (gain + Lanes<T>::load(a.dgain + c)).store(a.dgain + c);
  if (a.dbias != nullptr) (bias + Lanes<T>::load(a.dbias + c)).store(a.dbias + c);
}
