/// \file  Bodies of cross-entropy, one row at a time. Rows have zero tails, which are no logits: they are masked out.

template <class T> inline constexpr T cross_entropy_lane[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

template <class T> PLEAT_LANE T log_of(T x) {
  T lane[Lanes<T>::size];
  log(Lanes<T>::set(x)).store(lane);
  return lane[0];
}

template <class T> PLEAT_TARGET inline void cross_entropy_forward(const cross_entropy_op::Forward<T>& a, Index begin, Index end) {
  using L = Lanes<T>;
  constexpr Index n = L::size;
  const Index stride = stride_of(a.classes);
  const L lane = L::load(cross_entropy_lane<T>);
  for (Index r = begin; r < end; ++r) {
    const T* x = a.logits + r * stride;
    L most = L::set(T(-HUGE_VAL));
    for (Index c = 0; c < a.classes; c += n)
      most = larger(most, select(less(lane, L::set(T(a.classes - c))), L::load(x + c), most));
    const T largest = largest_of(most);
    L sum = L::zero();
    for (Index c = 0; c < a.classes; c += n)
      sum += select(less(lane, L::set(T(a.classes - c))), exp(L::load(x + c) - L::set(largest)), L::zero());
    const T log_sum = log_of(sum_of(sum));
    a.normaliser[r] = largest + log_sum;
    const Index target = a.targets[r];
    if (target >= a.classes) {
      a.row_loss[r] = a.row_hit[r] = T(0);
      continue;
    }
    a.row_loss[r] = log_sum - (x[target] - largest);
    bool hit = x[target] == largest;
    for (Index c = 0; hit && c < target; ++c) hit = x[c] != largest;
    a.row_hit[r] = T(hit);
  }
}

// d logit = w scale dloss (softmax - onehot).
template <class T>
PLEAT_TARGET inline void cross_entropy_backward(const cross_entropy_op::Backward<T>& a, Index begin, Index end) {
  using L = Lanes<T>;
  constexpr Index n = L::size;
  const Index stride = stride_of(a.classes);
  const L lane = L::load(cross_entropy_lane<T>);
  for (Index r = begin; r < end; ++r) {
    const T* x = a.logits + r * stride;
    T* dx = a.dlogits + r * stride;
    const Index target = a.targets[r];
    const T factor = T(double(a.weights[r]) * a.scale[0] * double(a.dloss[0]));
    const bool counts = a.weights[r] != T(0) && a.scale[0] != 0 && target < a.classes;
    for (Index c = 0; c < stride; c += n) {
      L d = L::zero();
      if (counts)
        d = select(less(lane, L::set(T(a.classes - c))), L::set(factor) * exp(L::load(x + c) - L::set(a.normaliser[r])),
                   L::zero());
      if (a.accumulate) d += L::load(dx + c);
      d.store(dx + c);
    }
    if (counts) dx[target] -= factor;
  }
}
