/// \file  Statistics of 16 channels [c, c + 16): two passes over the rows in order, the second about the mean.

template <class T>
PLEAT_TARGET inline void group_moments_of_block(const T* x, const std::uint8_t* tokens, Index rows, Index stride, Index groups,
                                                Index c, double* mean, double* variance, const double* counts) {
  for (Index g = 0; g < groups; ++g)
    for (Index i = 0; i < 16; ++i) mean[g * stride + c + i] = variance[g * stride + c + i] = 0;
  for (Index r = 0; r < rows; ++r) {
    const Index g = tokens != nullptr ? residue_type(tokens[r]) : 0;
    if (g < 0) continue;
    double* m = mean + g * stride + c;
    const T* z = x + r * stride + c;
    for (Index i = 0; i < 16; ++i) m[i] += double(z[i]);
  }
  for (Index g = 0; g < groups; ++g)
    for (Index i = 0; i < 16; ++i)
      if (counts[g] > 0) mean[g * stride + c + i] /= counts[g];
  for (Index r = 0; r < rows; ++r) {
    const Index g = tokens != nullptr ? residue_type(tokens[r]) : 0;
    if (g < 0) continue;
    const double* m = mean + g * stride + c;
    double* v = variance + g * stride + c;
    const T* z = x + r * stride + c;
    for (Index i = 0; i < 16; ++i) {
      const double d = double(z[i]) - m[i];
      v[i] += d * d;
    }
  }
  for (Index g = 0; g < groups; ++g)
    for (Index i = 0; i < 16; ++i)
      if (counts[g] > 0) variance[g * stride + c + i] /= counts[g];
}
