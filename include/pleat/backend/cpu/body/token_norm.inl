/// \file  Bodies of token norm. Mean and scale have zero tails, so outputs and gradients have.

PLEAT_LANE Index token_norm_group(std::uint8_t token) {
  const Index type = residue_type(token);
  return type < 0 ? residue_types : type;
}

template <class T> PLEAT_TARGET inline void token_norm_forward(const token_norm_op::Forward<T>& a, Index begin, Index end) {
  const Index stride = stride_of(a.width);
  for (Index r = begin; r < end; ++r) {
    const Index group = token_norm_group(a.tokens[r]) * stride;
    for (Index c = 0; c < stride; c += Lanes<T>::size)
      ((Lanes<T>::load(a.z + r * stride + c) - Lanes<T>::load(a.mean + group + c)) * Lanes<T>::load(a.scale + group + c))
          .store(a.y + r * stride + c);
  }
}

// dz = scale (dy - (sum dy + y sum(dy y)) / (n + kappa)) for 16 channels [c, c + 16); the sums over the rows of the same type, in
// double and in order. A mean and a second moment blended with constants have the derivatives 1 / (n + kappa) and 2 z / (n +
// kappa).
template <class T> PLEAT_TARGET inline void token_norm_backward(const token_norm_op::Backward<T>& a, Index c) {
  using L = Lanes<T>;
  const Index stride = stride_of(a.width);
  double sum[token_norm_op::groups][16], product[token_norm_op::groups][16];
  for (Index g = 0; g < token_norm_op::groups; ++g)
    for (Index i = 0; i < 16; ++i) sum[g][i] = product[g][i] = 0;
  for (Index r = 0; r < a.rows; ++r) {
    const Index g = token_norm_group(a.tokens[r]);
    const T *z = a.z + r * stride + c, *dy = a.dy + r * stride + c, *mean = a.mean + g * stride + c;
    for (Index i = 0; i < 16; ++i) {
      sum[g][i] += double(dy[i]);
      product[g][i] += double(dy[i]) * double(z[i] - mean[i]);
    }
  }
  T shift[token_norm_op::groups][16], slope[token_norm_op::groups][16];
  for (Index g = 0; g < token_norm_op::groups; ++g)
    for (Index i = 0; i < 16; ++i) {
      const double scale = double(a.scale[g * stride + c + i]);
      const double share = g < residue_types && a.counts[g] > 0 ? 1 / (a.counts[g] + a.kappa) : 0.0;
      shift[g][i] = T(share * sum[g][i]), slope[g][i] = T(share * scale * scale * product[g][i]);
    }
  for (Index r = 0; r < a.rows; ++r) {
    const Index g = token_norm_group(a.tokens[r]);
    for (Index i = 0; i < 16; i += L::size) {
      const L centred = L::load(a.z + r * stride + c + i) - L::load(a.mean + g * stride + c + i);
      const L inner = L::load(a.dy + r * stride + c + i) - L::load(shift[g] + i) - centred * L::load(slope[g] + i);
      L d = L::load(a.scale + g * stride + c + i) * inner;
      if (a.accumulate) d += L::load(a.dz + r * stride + c + i);
      d.store(a.dz + r * stride + c + i);
    }
  }
}
