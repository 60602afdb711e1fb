/// \file  Bodies of modulated layer normalisation and gated residuals; moments_of is that of layer_norm.inl.

// The lanes of channels below `left`, zeros beyond.
template <class T> PLEAT_LANE Lanes<T> without_tail(Lanes<T> x, Index left) {
  if (left >= Lanes<T>::size) return x;
  T full[Lanes<T>::size];
  x.store(full);
  return Lanes<T>::load_first(full, left > 0 ? left : 0);
}

template <class T> PLEAT_TARGET inline void adaptive_norm_forward(const adaptive_norm_op::Forward<T>& a, Index begin, Index end) {
  constexpr Index n = Lanes<T>::size;
  const Index stride = stride_of(a.width);
  const Lanes<T> one = Lanes<T>::set(T(1));
  cpu::SequenceWalk walk(a.segments, begin);
  for (Index r = begin; r < end; ++r) {
    const Index s = walk.sequence_of(r);
    const T *x = a.x + r * stride, *shift = a.shift + s * stride, *scale = a.scale + s * stride;
    T* y = a.y + r * stride;
    T mean, deviation;
    moments_of(x, a.width, T(a.epsilon), mean, deviation);
    const Lanes<T> m = Lanes<T>::set(mean), d = Lanes<T>::set(deviation);
    for (Index c = 0; c < stride; c += n)
      without_tail<T>(fma((Lanes<T>::load(x + c) - m) * d, one + Lanes<T>::load(scale + c), Lanes<T>::load(shift + c)),
                      a.width - c)
          .store(y + c);
    if (a.moments != nullptr) a.moments[2 * r] = mean, a.moments[2 * r + 1] = deviation;
  }
}

// dx as in layer_norm_input_gradient, with g = dy (1 + scale); dy is zero in the tail, so g is.
template <class T>
PLEAT_TARGET inline void adaptive_norm_input_gradient(const adaptive_norm_op::Backward<T>& a, Index begin, Index end) {
  constexpr Index n = Lanes<T>::size;
  const Index stride = stride_of(a.width);
  const Lanes<T> one = Lanes<T>::set(T(1));
  cpu::SequenceWalk walk(a.segments, begin);
  for (Index r = begin; r < end; ++r) {
    const T *x = a.x + r * stride, *dy = a.dy + r * stride, *scale = a.scale + walk.sequence_of(r) * stride;
    T* dx = a.dx + r * stride;
    const Lanes<T> m = Lanes<T>::set(a.moments[2 * r]), d = Lanes<T>::set(a.moments[2 * r + 1]);
    Lanes<T> sum = Lanes<T>::zero(), product = Lanes<T>::zero();
    for (Index c = 0; c < stride; c += n) {
      const Lanes<T> g = Lanes<T>::load(dy + c) * (one + Lanes<T>::load(scale + c)), xhat = (Lanes<T>::load(x + c) - m) * d;
      sum += g, product = fma(g, xhat, product);
    }
    const Lanes<T> mean_g = Lanes<T>::set(sum_of(sum) / T(a.width)), mean_gx = Lanes<T>::set(sum_of(product) / T(a.width));
    for (Index c = 0; c < stride; c += n) {
      const Lanes<T> g = Lanes<T>::load(dy + c) * (one + Lanes<T>::load(scale + c)), xhat = (Lanes<T>::load(x + c) - m) * d;
      Lanes<T> out = without_tail<T>(d * (g - mean_g - xhat * mean_gx), a.width - c);
      if (a.accumulate) out = out + Lanes<T>::load(dx + c);
      out.store(dx + c);
    }
  }
}

// Adds `sum` to what is at p, or writes it there; nothing where p is null.
template <class T> PLEAT_LANE void put(Lanes<T> sum, T* p, bool accumulate) {
  if (p == nullptr) return;
  (accumulate ? sum + Lanes<T>::load(p) : sum).store(p);
}

// dshift_s = sum of dy, dscale_s = sum of dy xhat over the rows of sequence s, 16 channels from c0; rows in order in chunks of
// rows_of_task from the start of the sequence, so that a sequence's sums do not depend on its batch.
template <class T>
PLEAT_TARGET inline void adaptive_norm_modulation_gradient(const adaptive_norm_op::Backward<T>& a, Index s, Index c0) {
  const Index stride = stride_of(a.width), last = a.segments.end(s);
  for (Index c = c0; c < c0 + 16; c += Lanes<T>::size) {
    Lanes<T> shift = Lanes<T>::zero(), scale = Lanes<T>::zero();
    for (Index begin = a.segments.begin(s); begin < last; begin += cpu::rows_of_task) {
      const Index end = begin + cpu::rows_of_task < last ? begin + cpu::rows_of_task : last;
      Lanes<T> chunk_shift = Lanes<T>::zero(), chunk_scale = Lanes<T>::zero();
      for (Index r = begin; r < end; ++r) {
        const Lanes<T> dy = Lanes<T>::load(a.dy + r * stride + c);
        const Lanes<T> xhat =
            (Lanes<T>::load(a.x + r * stride + c) - Lanes<T>::set(a.moments[2 * r])) * Lanes<T>::set(a.moments[2 * r + 1]);
        chunk_shift += dy, chunk_scale = fma(dy, xhat, chunk_scale);
      }
      shift += chunk_shift, scale += chunk_scale;
    }
    put<T>(shift, a.dshift == nullptr ? nullptr : a.dshift + s * stride + c, a.accumulate_shift);
    put<T>(scale, a.dscale == nullptr ? nullptr : a.dscale + s * stride + c, a.accumulate_scale);
  }
}

template <class T> PLEAT_TARGET inline void gated_add_forward(const gated_add_op::Forward<T>& a, Index begin, Index end) {
  const Index stride = stride_of(a.width);
  cpu::SequenceWalk walk(a.segments, begin);
  for (Index r = begin; r < end; ++r) {
    const T* gate = a.gate + walk.sequence_of(r) * stride;
    const Index at = r * stride;
    for (Index c = 0; c < stride; c += Lanes<T>::size)
      fma(Lanes<T>::load(gate + c), Lanes<T>::load(a.h + at + c), Lanes<T>::load(a.residual + at + c)).store(a.y + at + c);
  }
}

template <class T> PLEAT_TARGET inline void gated_add_input_gradient(const gated_add_op::Backward<T>& a, Index begin, Index end) {
  const Index stride = stride_of(a.width);
  cpu::SequenceWalk walk(a.segments, begin);
  for (Index r = begin; r < end; ++r) {
    const T* gate = a.gate + walk.sequence_of(r) * stride;
    const Index at = r * stride;
    for (Index c = 0; c < stride; c += Lanes<T>::size)
      put<T>(Lanes<T>::load(gate + c) * Lanes<T>::load(a.dy + at + c), a.dh + at + c, a.accumulate);
  }
}

template <class T> PLEAT_TARGET inline void gated_add_gate_gradient(const gated_add_op::Backward<T>& a, Index s, Index c0) {
  const Index stride = stride_of(a.width), last = a.segments.end(s);
  for (Index c = c0; c < c0 + 16; c += Lanes<T>::size) {
    Lanes<T> gate = Lanes<T>::zero();
    for (Index begin = a.segments.begin(s); begin < last; begin += cpu::rows_of_task) {
      const Index end = begin + cpu::rows_of_task < last ? begin + cpu::rows_of_task : last;
      Lanes<T> chunk = Lanes<T>::zero();
      for (Index r = begin; r < end; ++r)
        chunk = fma(Lanes<T>::load(a.dy + r * stride + c), Lanes<T>::load(a.h + r * stride + c), chunk);
      gate += chunk;
    }
    put<T>(gate, a.dgate + s * stride + c, a.accumulate_gate);
  }
}
