// Per-level functions for math_test.cpp: applies function number `which` to n values (a multiple of 16).
template <class T> PLEAT_TARGET void math_apply(int which, const T* x, T* y, Index n) {
  using L = Lanes<T>;
  for (Index i = 0; i < n; i += L::size) {
    const L a = L::load(x + i);
    L r = a, other;
    switch (which) {
    case 0:
      r = exp(a);
      break;
    case 1:
      r = log(a);
      break;
    case 2:
      r = erf(a);
      break;
    case 3:
      r = tanh(a);
      break;
    case 4:
      r = sigmoid(a);
      break;
    case 5:
      r = gelu(a);
      break;
    case 6:
      r = gelu_derivative(a);
      break;
    case 7:
      r = silu(a);
      break;
    case 8:
      r = silu_derivative(a);
      break;
    case 9:
      sin_cos_turns(a, r, other);
      break;
    case 10:
      sin_cos_turns(a, other, r);
      break;
    case 11:
      r = relu(a);
      break;
    }
    r.store(y + i);
  }
}
