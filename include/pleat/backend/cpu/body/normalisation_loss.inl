/// \file  Bodies of the normalisation losses: the univariate gradient, and the dense algebra of the multivariate form.

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
      if (g >= 0 && a.weights[g] != 0)
        d = fma(L::load(z + i) - L::load(mean[g] + i), L::load(slope[g] + i), L::load(constant[g] + i));
      if (a.accumulate) d += L::load(dz + i);
      d.store(dz + i);
    }
  }
}

// out (4, stride) += A b in the first `columns` columns (rounded up to vectors): row q of A (4, inner) has its element k at
// a[k inner_step + q row_step]; b is (inner, stride).
PLEAT_TARGET inline void add_product_of_four(const double* a, Index inner_step, Index row_step, const double* b, Index inner,
                                             Index columns, Index stride, double* out) {
  using L = Lanes<double>;
  for (Index j = 0; j < columns; j += 2 * L::size) {
    L sum[4][2];
    for (Index q = 0; q < 4; ++q) sum[q][0] = L::load(out + q * stride + j), sum[q][1] = L::load(out + q * stride + j + L::size);
    for (Index k = 0; k < inner; ++k) {
      const L left = L::load(b + k * stride + j), right = L::load(b + k * stride + j + L::size);
      for (Index q = 0; q < 4; ++q) {
        const L x = L::set(a[k * inner_step + q * row_step]);
        sum[q][0] = fma(x, left, sum[q][0]), sum[q][1] = fma(x, right, sum[q][1]);
      }
    }
    for (Index q = 0; q < 4; ++q) sum[q][0].store(out + q * stride + j), sum[q][1].store(out + q * stride + j + L::size);
  }
}

// Lower triangle of m (width, width; rows `stride` apart) becomes its Cholesky factor; false where m is not positive definite.
PLEAT_TARGET inline bool cholesky_in_place(double* m, Index width, Index stride) {
  using L = Lanes<double>;
  for (Index i = 0; i < width; ++i) {
    double* row = m + i * stride;
    for (Index j = 0; j <= i; ++j) {
      const double* other = m + j * stride;
      L sum = L::zero();
      Index k = 0;
      for (; k + L::size <= j; k += L::size) sum = fma(L::load(row + k), L::load(other + k), sum);
      if (k < j) sum = fma(L::load_first(row + k, j - k), L::load_first(other + k, j - k), sum);
      const double rest = row[j] - sum_of(sum);
      if (i == j && rest <= 0) return false; // NaN goes on: it makes the loss NaN
      row[j] = i == j ? std::sqrt(rest) : rest / other[j];
    }
  }
  return true;
}

// inverse (width, width), zero before, becomes the inverse of the lower triangle of `factor`.
PLEAT_TARGET inline void invert_lower(const double* factor, double* inverse, Index width, Index stride) {
  using L = Lanes<double>;
  for (Index i = 0; i < width; ++i) {
    double* row = inverse + i * stride;
    for (Index k = 0; k < i; ++k) {
      const L x = L::set(-factor[i * stride + k]);
      for (Index j = 0; j <= k; j += L::size) fma(x, L::load(inverse + k * stride + j), L::load(row + j)).store(row + j);
    }
    row[i] = 1;
    const L scale = L::set(1 / factor[i * stride + i]);
    for (Index j = 0; j <= i; j += L::size) (L::load(row + j) * scale).store(row + j);
  }
}
