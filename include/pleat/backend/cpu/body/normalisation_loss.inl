/// \file  Gradient of the univariate normalisation loss, 16 channels at a time.

// dz = dloss weight_g / n_g (mu + (1 - 1/var)(z - mu)), the 1/var only above the floor; 0 in tails, where z, mu and var are 0.
template <class T> PLEAT_TARGET inline void univariate_kl_gradient(const univariate_kl_op::Backward<T>& a, Index c) {
  using L = Lanes<T>;
  const Index stride = stride_of(a.width);
  T constant[residue_types][16], slope[residue_types][16]; // dz = constant + slope (z - mean)
  T mean[residue_types][16];
  for (Index g = 0; g < a.groups; ++g) {
    const double factor = a.counts[g] > 0 ? double(a.dloss[0]) * a.weights[g] / a.counts[g] : 0.0;
    const double *m = a.moments + g * stride + c, *v = a.moments + (a.groups + g) * stride + c;
    for (Index i = 0; i < 16; ++i) {
      mean[g][i] = T(m[i]);
      slope[g][i] = T(v[i] <= a.variance_floor ? factor : factor * (1 - 1 / v[i]));
      // The mean is rounded above; what is lost is added here.
      constant[g][i] = T(factor * m[i] - double(slope[g][i]) * (m[i] - double(mean[g][i])));
    }
  }
  for (Index r = 0; r < a.rows; ++r) {
    const Index g = a.tokens != nullptr ? residue_type(a.tokens[r]) : 0;
    const T* z = a.z + r * stride + c;
    T* dz = a.dz + r * stride + c;
    for (Index i = 0; i < 16; i += L::size) {
      L d = L::zero();
      if (g >= 0 && a.weights[g] != 0) d = fma(L::load(z + i) - L::load(mean[g] + i), L::load(slope[g] + i), L::load(constant[g] + i));
      if (a.accumulate) d += L::load(dz + i);
      d.store(dz + i);
    }
  }
}
