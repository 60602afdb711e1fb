/// \file  Bodies of the pointwise activations over flat arrays (whole strides: each maps the zero of a tail to zero).

template <class T> PLEAT_LANE Lanes<T> activated(Lanes<T> x, Activation activation) {
  switch (activation) {
  case Activation::Gelu:
    return gelu(x);
  case Activation::Silu:
    return silu(x);
  case Activation::Relu:
    return relu(x);
  case Activation::Tanh:
    return tanh(x);
  default:
    return x;
  }
}

template <class T> PLEAT_LANE Lanes<T> activation_slope(Lanes<T> x, Activation activation) {
  const Lanes<T> one = Lanes<T>::set(T(1)), zero = Lanes<T>::zero();
  switch (activation) {
  case Activation::Gelu:
    return gelu_derivative(x);
  case Activation::Silu:
    return silu_derivative(x);
  case Activation::Relu:
    return select(less(zero, x), one, zero);
  case Activation::Tanh: {
    const Lanes<T> y = tanh(x);
    return one - y * y;
  }
  default:
    return one;
  }
}

template <class T> PLEAT_TARGET inline void activation_forward(const activation_op::Forward<T>& a, Index begin, Index end) {
  for (Index i = begin; i < end; i += Lanes<T>::size) activated(Lanes<T>::load(a.x + i), a.activation).store(a.y + i);
}

template <class T> PLEAT_TARGET inline void activation_backward(const activation_op::Backward<T>& a, Index begin, Index end) {
  for (Index i = begin; i < end; i += Lanes<T>::size) {
    Lanes<T> d = Lanes<T>::load(a.dy + i);
    if (a.activation != Activation::None) d = d * activation_slope(Lanes<T>::load(a.x + i), a.activation);
    if (a.accumulate) d = d + Lanes<T>::load(a.dx + i);
    d.store(a.dx + i);
  }
}
