/// \file  Bodies of squared error over the rows of one sequence; tails are zero in both blocks.

template <class T> PLEAT_TARGET inline double squared_error_sum(const squared_error_op::Forward<T>& a, Index begin, Index end) {
  const Index stride = stride_of(a.width);
  double sum = 0;
  for (Index r = begin; r < end; ++r) {
    const T *p = a.prediction + r * stride, *y = a.target + r * stride;
    Lanes<T> row = Lanes<T>::zero();
    for (Index c = 0; c < stride; c += Lanes<T>::size) {
      const Lanes<T> d = Lanes<T>::load(p + c) - Lanes<T>::load(y + c);
      row = fma(d, d, row);
    }
    sum += double(sum_of(row));
  }
  return sum;
}

template <class T>
PLEAT_TARGET inline void squared_error_gradient(const squared_error_op::Backward<T>& a, T factor, Index begin, Index end) {
  const Index stride = stride_of(a.width);
  const Lanes<T> f = Lanes<T>::set(factor);
  for (Index i = begin * stride; i < end * stride; i += Lanes<T>::size) {
    Lanes<T> d = f * (Lanes<T>::load(a.prediction + i) - Lanes<T>::load(a.target + i));
    if (a.accumulate) d += Lanes<T>::load(a.gradient + i);
    d.store(a.gradient + i);
  }
}
