/// \file  Bodies of standardisation. Mean and deviation are zero in the tail; the deviation then counts as 1, so the tail stays
/// zero.

template <class T> PLEAT_TARGET inline void standardise_rows(const standardise_op::Forward<T>& a, Index begin, Index end) {
  const Index stride = stride_of(a.width);
  const Lanes<T> least = Lanes<T>::set(T(least_deviation)), one = Lanes<T>::set(T(1));
  for (Index r = begin; r < end; ++r) {
    const T* x = a.x + r * stride;
    T* y = a.y + r * stride;
    for (Index c = 0; c < stride; c += Lanes<T>::size) {
      const Lanes<T> mean = a.mean == nullptr ? Lanes<T>::zero() : Lanes<T>::load(a.mean + c);
      const Lanes<T> stored = Lanes<T>::load(a.deviation + c), deviation = select(less(stored, least), one, stored);
      Lanes<T> v = Lanes<T>::load(x + c);
      v = a.inverse ? fma(v, deviation, mean) : (v - mean) / deviation;
      if (a.accumulate) v = v + Lanes<T>::load(y + c);
      v.store(y + c);
    }
  }
}
