/// \file  AdamW and moving average over one chunk, at each instruction level.

template <class Real> PLEAT_TARGET inline void adamw_piece(const AdamWStep<Real>& step, double clip, Index from, Index size, bool decay) {
  using L = Lanes<Real>;
  Real* const p = step.parameters + from;
  Real* const m = step.first + from;
  Real* const v = step.second + from;
  const Real* const g = step.gradients + from;
  const L scale = L::set(static_cast<Real>(clip)), epsilon = L::set(static_cast<Real>(step.epsilon));
  const L beta1 = L::set(static_cast<Real>(step.beta1)), rest1 = L::set(static_cast<Real>(1 - step.beta1));
  const L beta2 = L::set(static_cast<Real>(step.beta2)), rest2 = L::set(static_cast<Real>(1 - step.beta2));
  const L keep = L::set(static_cast<Real>(decay ? step.keep : 1.0)), rate = L::set(static_cast<Real>(-step.rate));
  const L correction = L::set(static_cast<Real>(step.second_correction));
  Real* const a = step.followers.average != nullptr ? step.followers.average + from : nullptr;
  const L share = L::set(static_cast<Real>(step.followers.share));
  for (Index i = 0; i < size; i += L::size) {
    const Index n = size - i;
    const bool whole = n >= L::size;
    const L gradient = (whole ? L::load(g + i) : L::load_first(g + i, n)) * scale;
    const L first = fma(beta1, whole ? L::load(m + i) : L::load_first(m + i, n), rest1 * gradient);
    const L second = fma(beta2, whole ? L::load(v + i) : L::load_first(v + i, n), rest2 * (gradient * gradient));
    const L old = (whole ? L::load(p + i) : L::load_first(p + i, n)) * keep;
    const L next = fma(rate, first / fma(square_root(second), correction, epsilon), old);
    if (whole)
      first.store(m + i), second.store(v + i), next.store(p + i);
    else
      first.store_first(m + i, n), second.store_first(v + i, n), next.store_first(p + i, n);
    if (a == nullptr) continue;
    const L before = whole ? L::load(a + i) : L::load_first(a + i, n);
    const L after = step.followers.share == 1 ? next : fma(share, next - before, before);
    if (whole)
      after.store(a + i);
    else
      after.store_first(a + i, n);
  }
}

template <class Real> PLEAT_TARGET inline void ema_piece(Real* average, const Real* values, Index size, double share) {
  using L = Lanes<Real>;
  const L part = L::set(static_cast<Real>(share));
  for (Index i = 0; i < size; i += L::size) {
    const Index n = size - i;
    const bool whole = n >= L::size;
    const L old = whole ? L::load(average + i) : L::load_first(average + i, n);
    const L next = fma(part, (whole ? L::load(values + i) : L::load_first(values + i, n)) - old, old);
    if (whole)
      next.store(average + i);
    else
      next.store_first(average + i, n);
  }
}
