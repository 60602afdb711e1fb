/// \file  The three implementations of `Lanes<T>`; the interface is described in lanes.hpp.

template <class T> struct Lanes;

#if PLEAT_LEVEL == 512

// The zero-masked forms with all lanes on compile to the plain instructions; the plain intrinsics make g++ 12 warn about the
// undefined vector inside its own header.
inline constexpr __mmask16 all_ps = 0xffff;
inline constexpr __mmask8 all_pd = 0xff;

template <> struct Lanes<float> {
  using Mask = __mmask16;
  static constexpr Index size = 16;
  __m512 v;

  static PLEAT_LANE Mask first(Index n) { return n >= 16 ? Mask(0xffff) : Mask((1u << n) - 1u); }
  static PLEAT_LANE Lanes load(const float* p) { return {_mm512_loadu_ps(p)}; }
  static PLEAT_LANE Lanes load_first(const float* p, Index n) { return {_mm512_maskz_loadu_ps(first(n), p)}; }
  static PLEAT_LANE Lanes set(float x) { return {_mm512_set1_ps(x)}; }
  static PLEAT_LANE Lanes zero() { return {_mm512_setzero_ps()}; }
  PLEAT_LANE void store(float* p) const { _mm512_storeu_ps(p, v); }
  PLEAT_LANE void store_first(float* p, Index n) const { _mm512_mask_storeu_ps(p, first(n), v); }
};

PLEAT_LANE Lanes<float> operator+(Lanes<float> a, Lanes<float> b) { return {_mm512_add_ps(a.v, b.v)}; }
PLEAT_LANE Lanes<float> operator-(Lanes<float> a, Lanes<float> b) { return {_mm512_sub_ps(a.v, b.v)}; }
PLEAT_LANE Lanes<float> operator*(Lanes<float> a, Lanes<float> b) { return {_mm512_mul_ps(a.v, b.v)}; }
PLEAT_LANE Lanes<float> operator/(Lanes<float> a, Lanes<float> b) { return {_mm512_div_ps(a.v, b.v)}; }
PLEAT_LANE Lanes<float> operator-(Lanes<float> a) { return {_mm512_xor_ps(a.v, _mm512_set1_ps(-0.0f))}; }
PLEAT_LANE Lanes<float> fma(Lanes<float> a, Lanes<float> b, Lanes<float> c) { return {_mm512_fmadd_ps(a.v, b.v, c.v)}; }
PLEAT_LANE Lanes<float> larger(Lanes<float> a, Lanes<float> b) { return {_mm512_maskz_max_ps(all_ps, a.v, b.v)}; }
PLEAT_LANE Lanes<float> smaller(Lanes<float> a, Lanes<float> b) { return {_mm512_maskz_min_ps(all_ps, a.v, b.v)}; }
PLEAT_LANE Lanes<float> absolute(Lanes<float> a) { return {_mm512_andnot_ps(_mm512_set1_ps(-0.0f), a.v)}; }
PLEAT_LANE Lanes<float> square_root(Lanes<float> a) { return {_mm512_maskz_sqrt_ps(all_ps, a.v)}; }
PLEAT_LANE Lanes<float> nearest(Lanes<float> a) { return {_mm512_maskz_roundscale_ps(all_ps, a.v, 8)}; }
PLEAT_LANE __mmask16 less(Lanes<float> a, Lanes<float> b) { return _mm512_cmp_ps_mask(a.v, b.v, _CMP_LT_OQ); }
PLEAT_LANE __mmask16 equal(Lanes<float> a, Lanes<float> b) { return _mm512_cmp_ps_mask(a.v, b.v, _CMP_EQ_OQ); }
PLEAT_LANE Lanes<float> select(__mmask16 m, Lanes<float> a, Lanes<float> b) { return {_mm512_mask_blend_ps(m, b.v, a.v)}; }
PLEAT_LANE Lanes<float> copy_sign(Lanes<float> a, Lanes<float> b) {
  return {_mm512_or_ps(_mm512_andnot_ps(_mm512_set1_ps(-0.0f), a.v), _mm512_and_ps(_mm512_set1_ps(-0.0f), b.v))};
}
PLEAT_LANE Lanes<float> scale(Lanes<float> a, Lanes<float> n) { return {_mm512_maskz_scalef_ps(all_ps, a.v, n.v)}; }
PLEAT_LANE float sum_of(Lanes<float> a) {
  __m256 b = _mm256_add_ps(_mm512_maskz_extractf32x8_ps(0xff, a.v, 0), _mm512_maskz_extractf32x8_ps(0xff, a.v, 1));
  __m128 c = _mm_add_ps(_mm256_castps256_ps128(b), _mm256_extractf128_ps(b, 1));
  c = _mm_add_ps(c, _mm_movehl_ps(c, c));
  return _mm_cvtss_f32(_mm_add_ss(c, _mm_shuffle_ps(c, c, 1)));
}
PLEAT_LANE float largest_of(Lanes<float> a) {
  __m256 b = _mm256_max_ps(_mm512_maskz_extractf32x8_ps(0xff, a.v, 0), _mm512_maskz_extractf32x8_ps(0xff, a.v, 1));
  __m128 c = _mm_max_ps(_mm256_castps256_ps128(b), _mm256_extractf128_ps(b, 1));
  c = _mm_max_ps(c, _mm_movehl_ps(c, c));
  return _mm_cvtss_f32(_mm_max_ss(c, _mm_shuffle_ps(c, c, 1)));
}

template <> struct Lanes<double> {
  using Mask = __mmask8;
  static constexpr Index size = 8;
  __m512d v;

  static PLEAT_LANE Mask first(Index n) { return n >= 8 ? Mask(0xff) : Mask((1u << n) - 1u); }
  static PLEAT_LANE Lanes load(const double* p) { return {_mm512_loadu_pd(p)}; }
  static PLEAT_LANE Lanes load_first(const double* p, Index n) { return {_mm512_maskz_loadu_pd(first(n), p)}; }
  static PLEAT_LANE Lanes set(double x) { return {_mm512_set1_pd(x)}; }
  static PLEAT_LANE Lanes zero() { return {_mm512_setzero_pd()}; }
  PLEAT_LANE void store(double* p) const { _mm512_storeu_pd(p, v); }
  PLEAT_LANE void store_first(double* p, Index n) const { _mm512_mask_storeu_pd(p, first(n), v); }
};

PLEAT_LANE Lanes<double> operator+(Lanes<double> a, Lanes<double> b) { return {_mm512_add_pd(a.v, b.v)}; }
PLEAT_LANE Lanes<double> operator-(Lanes<double> a, Lanes<double> b) { return {_mm512_sub_pd(a.v, b.v)}; }
PLEAT_LANE Lanes<double> operator*(Lanes<double> a, Lanes<double> b) { return {_mm512_mul_pd(a.v, b.v)}; }
PLEAT_LANE Lanes<double> operator/(Lanes<double> a, Lanes<double> b) { return {_mm512_div_pd(a.v, b.v)}; }
PLEAT_LANE Lanes<double> operator-(Lanes<double> a) { return {_mm512_xor_pd(a.v, _mm512_set1_pd(-0.0))}; }
PLEAT_LANE Lanes<double> fma(Lanes<double> a, Lanes<double> b, Lanes<double> c) { return {_mm512_fmadd_pd(a.v, b.v, c.v)}; }
PLEAT_LANE Lanes<double> larger(Lanes<double> a, Lanes<double> b) { return {_mm512_maskz_max_pd(all_pd, a.v, b.v)}; }
PLEAT_LANE Lanes<double> smaller(Lanes<double> a, Lanes<double> b) { return {_mm512_maskz_min_pd(all_pd, a.v, b.v)}; }
PLEAT_LANE Lanes<double> absolute(Lanes<double> a) { return {_mm512_andnot_pd(_mm512_set1_pd(-0.0), a.v)}; }
PLEAT_LANE Lanes<double> square_root(Lanes<double> a) { return {_mm512_maskz_sqrt_pd(all_pd, a.v)}; }
PLEAT_LANE Lanes<double> nearest(Lanes<double> a) { return {_mm512_maskz_roundscale_pd(all_pd, a.v, 8)}; }
PLEAT_LANE __mmask8 less(Lanes<double> a, Lanes<double> b) { return _mm512_cmp_pd_mask(a.v, b.v, _CMP_LT_OQ); }
PLEAT_LANE __mmask8 equal(Lanes<double> a, Lanes<double> b) { return _mm512_cmp_pd_mask(a.v, b.v, _CMP_EQ_OQ); }
PLEAT_LANE Lanes<double> select(__mmask8 m, Lanes<double> a, Lanes<double> b) { return {_mm512_mask_blend_pd(m, b.v, a.v)}; }
PLEAT_LANE Lanes<double> copy_sign(Lanes<double> a, Lanes<double> b) {
  return {_mm512_or_pd(_mm512_andnot_pd(_mm512_set1_pd(-0.0), a.v), _mm512_and_pd(_mm512_set1_pd(-0.0), b.v))};
}
PLEAT_LANE Lanes<double> scale(Lanes<double> a, Lanes<double> n) { return {_mm512_maskz_scalef_pd(all_pd, a.v, n.v)}; }
PLEAT_LANE double sum_of(Lanes<double> a) {
  __m256d b = _mm256_add_pd(_mm512_maskz_extractf64x4_pd(0xf, a.v, 0), _mm512_maskz_extractf64x4_pd(0xf, a.v, 1));
  __m128d c = _mm_add_pd(_mm256_castpd256_pd128(b), _mm256_extractf128_pd(b, 1));
  return _mm_cvtsd_f64(_mm_add_sd(c, _mm_unpackhi_pd(c, c)));
}
PLEAT_LANE double largest_of(Lanes<double> a) {
  __m256d b = _mm256_max_pd(_mm512_maskz_extractf64x4_pd(0xf, a.v, 0), _mm512_maskz_extractf64x4_pd(0xf, a.v, 1));
  __m128d c = _mm_max_pd(_mm256_castpd256_pd128(b), _mm256_extractf128_pd(b, 1));
  return _mm_cvtsd_f64(_mm_max_sd(c, _mm_unpackhi_pd(c, c)));
}

#elif PLEAT_LEVEL == 2

template <> struct Lanes<float> {
  using Mask = Lanes<float>; // all bits of a lane
  static constexpr Index size = 8;
  __m256 v;

  static PLEAT_LANE __m256i first(Index n) {
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(int(n < 8 ? n : 8)), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
  }
  static PLEAT_LANE Lanes load(const float* p) { return {_mm256_loadu_ps(p)}; }
  static PLEAT_LANE Lanes load_first(const float* p, Index n) { return {_mm256_maskload_ps(p, first(n))}; }
  static PLEAT_LANE Lanes set(float x) { return {_mm256_set1_ps(x)}; }
  static PLEAT_LANE Lanes zero() { return {_mm256_setzero_ps()}; }
  PLEAT_LANE void store(float* p) const { _mm256_storeu_ps(p, v); }
  PLEAT_LANE void store_first(float* p, Index n) const { _mm256_maskstore_ps(p, first(n), v); }
};

PLEAT_LANE Lanes<float> operator+(Lanes<float> a, Lanes<float> b) { return {_mm256_add_ps(a.v, b.v)}; }
PLEAT_LANE Lanes<float> operator-(Lanes<float> a, Lanes<float> b) { return {_mm256_sub_ps(a.v, b.v)}; }
PLEAT_LANE Lanes<float> operator*(Lanes<float> a, Lanes<float> b) { return {_mm256_mul_ps(a.v, b.v)}; }
PLEAT_LANE Lanes<float> operator/(Lanes<float> a, Lanes<float> b) { return {_mm256_div_ps(a.v, b.v)}; }
PLEAT_LANE Lanes<float> operator-(Lanes<float> a) { return {_mm256_xor_ps(a.v, _mm256_set1_ps(-0.0f))}; }
PLEAT_LANE Lanes<float> fma(Lanes<float> a, Lanes<float> b, Lanes<float> c) { return {_mm256_fmadd_ps(a.v, b.v, c.v)}; }
PLEAT_LANE Lanes<float> larger(Lanes<float> a, Lanes<float> b) { return {_mm256_max_ps(a.v, b.v)}; }
PLEAT_LANE Lanes<float> smaller(Lanes<float> a, Lanes<float> b) { return {_mm256_min_ps(a.v, b.v)}; }
PLEAT_LANE Lanes<float> absolute(Lanes<float> a) { return {_mm256_andnot_ps(_mm256_set1_ps(-0.0f), a.v)}; }
PLEAT_LANE Lanes<float> square_root(Lanes<float> a) { return {_mm256_sqrt_ps(a.v)}; }
PLEAT_LANE Lanes<float> nearest(Lanes<float> a) { return {_mm256_round_ps(a.v, 8)}; }
PLEAT_LANE Lanes<float> less(Lanes<float> a, Lanes<float> b) { return {_mm256_cmp_ps(a.v, b.v, _CMP_LT_OQ)}; }
PLEAT_LANE Lanes<float> equal(Lanes<float> a, Lanes<float> b) { return {_mm256_cmp_ps(a.v, b.v, _CMP_EQ_OQ)}; }
PLEAT_LANE Lanes<float> select(Lanes<float> m, Lanes<float> a, Lanes<float> b) { return {_mm256_blendv_ps(b.v, a.v, m.v)}; }
PLEAT_LANE Lanes<float> copy_sign(Lanes<float> a, Lanes<float> b) {
  return {_mm256_or_ps(_mm256_andnot_ps(_mm256_set1_ps(-0.0f), a.v), _mm256_and_ps(_mm256_set1_ps(-0.0f), b.v))};
}
PLEAT_LANE Lanes<float> scale(Lanes<float> a, Lanes<float> n) {
  __m256i whole = _mm256_cvtps_epi32(n.v), half = _mm256_srai_epi32(whole, 1), bias = _mm256_set1_epi32(127);
  __m256i one = _mm256_slli_epi32(_mm256_add_epi32(half, bias), 23);
  __m256i two = _mm256_slli_epi32(_mm256_add_epi32(_mm256_sub_epi32(whole, half), bias), 23);
  return {_mm256_mul_ps(_mm256_mul_ps(a.v, _mm256_castsi256_ps(one)), _mm256_castsi256_ps(two))};
}
PLEAT_LANE float sum_of(Lanes<float> a) {
  __m128 c = _mm_add_ps(_mm256_castps256_ps128(a.v), _mm256_extractf128_ps(a.v, 1));
  c = _mm_add_ps(c, _mm_movehl_ps(c, c));
  return _mm_cvtss_f32(_mm_add_ss(c, _mm_shuffle_ps(c, c, 1)));
}
PLEAT_LANE float largest_of(Lanes<float> a) {
  __m128 c = _mm_max_ps(_mm256_castps256_ps128(a.v), _mm256_extractf128_ps(a.v, 1));
  c = _mm_max_ps(c, _mm_movehl_ps(c, c));
  return _mm_cvtss_f32(_mm_max_ss(c, _mm_shuffle_ps(c, c, 1)));
}

template <> struct Lanes<double> {
  using Mask = Lanes<double>;
  static constexpr Index size = 4;
  __m256d v;

  static PLEAT_LANE __m256i first(Index n) {
    return _mm256_cmpgt_epi64(_mm256_set1_epi64x(n < 4 ? n : 4), _mm256_setr_epi64x(0, 1, 2, 3));
  }
  static PLEAT_LANE Lanes load(const double* p) { return {_mm256_loadu_pd(p)}; }
  static PLEAT_LANE Lanes load_first(const double* p, Index n) { return {_mm256_maskload_pd(p, first(n))}; }
  static PLEAT_LANE Lanes set(double x) { return {_mm256_set1_pd(x)}; }
  static PLEAT_LANE Lanes zero() { return {_mm256_setzero_pd()}; }
  PLEAT_LANE void store(double* p) const { _mm256_storeu_pd(p, v); }
  PLEAT_LANE void store_first(double* p, Index n) const { _mm256_maskstore_pd(p, first(n), v); }
};

PLEAT_LANE Lanes<double> operator+(Lanes<double> a, Lanes<double> b) { return {_mm256_add_pd(a.v, b.v)}; }
PLEAT_LANE Lanes<double> operator-(Lanes<double> a, Lanes<double> b) { return {_mm256_sub_pd(a.v, b.v)}; }
PLEAT_LANE Lanes<double> operator*(Lanes<double> a, Lanes<double> b) { return {_mm256_mul_pd(a.v, b.v)}; }
PLEAT_LANE Lanes<double> operator/(Lanes<double> a, Lanes<double> b) { return {_mm256_div_pd(a.v, b.v)}; }
PLEAT_LANE Lanes<double> operator-(Lanes<double> a) { return {_mm256_xor_pd(a.v, _mm256_set1_pd(-0.0))}; }
PLEAT_LANE Lanes<double> fma(Lanes<double> a, Lanes<double> b, Lanes<double> c) { return {_mm256_fmadd_pd(a.v, b.v, c.v)}; }
PLEAT_LANE Lanes<double> larger(Lanes<double> a, Lanes<double> b) { return {_mm256_max_pd(a.v, b.v)}; }
PLEAT_LANE Lanes<double> smaller(Lanes<double> a, Lanes<double> b) { return {_mm256_min_pd(a.v, b.v)}; }
PLEAT_LANE Lanes<double> absolute(Lanes<double> a) { return {_mm256_andnot_pd(_mm256_set1_pd(-0.0), a.v)}; }
PLEAT_LANE Lanes<double> square_root(Lanes<double> a) { return {_mm256_sqrt_pd(a.v)}; }
PLEAT_LANE Lanes<double> nearest(Lanes<double> a) { return {_mm256_round_pd(a.v, 8)}; }
PLEAT_LANE Lanes<double> less(Lanes<double> a, Lanes<double> b) { return {_mm256_cmp_pd(a.v, b.v, _CMP_LT_OQ)}; }
PLEAT_LANE Lanes<double> equal(Lanes<double> a, Lanes<double> b) { return {_mm256_cmp_pd(a.v, b.v, _CMP_EQ_OQ)}; }
PLEAT_LANE Lanes<double> select(Lanes<double> m, Lanes<double> a, Lanes<double> b) { return {_mm256_blendv_pd(b.v, a.v, m.v)}; }
PLEAT_LANE Lanes<double> copy_sign(Lanes<double> a, Lanes<double> b) {
  return {_mm256_or_pd(_mm256_andnot_pd(_mm256_set1_pd(-0.0), a.v), _mm256_and_pd(_mm256_set1_pd(-0.0), b.v))};
}
PLEAT_LANE Lanes<double> scale(Lanes<double> a, Lanes<double> n) {
  __m256i whole = _mm256_cvtepi32_epi64(_mm256_cvtpd_epi32(n.v)), bias = _mm256_set1_epi64x(1023);
  __m256i half = _mm256_cvtepi32_epi64(_mm_srai_epi32(_mm256_cvtpd_epi32(n.v), 1));
  __m256i one = _mm256_slli_epi64(_mm256_add_epi64(half, bias), 52);
  __m256i two = _mm256_slli_epi64(_mm256_add_epi64(_mm256_sub_epi64(whole, half), bias), 52);
  return {_mm256_mul_pd(_mm256_mul_pd(a.v, _mm256_castsi256_pd(one)), _mm256_castsi256_pd(two))};
}
PLEAT_LANE double sum_of(Lanes<double> a) {
  __m128d c = _mm_add_pd(_mm256_castpd256_pd128(a.v), _mm256_extractf128_pd(a.v, 1));
  return _mm_cvtsd_f64(_mm_add_sd(c, _mm_unpackhi_pd(c, c)));
}
PLEAT_LANE double largest_of(Lanes<double> a) {
  __m128d c = _mm_max_pd(_mm256_castpd256_pd128(a.v), _mm256_extractf128_pd(a.v, 1));
  return _mm_cvtsd_f64(_mm_max_sd(c, _mm_unpackhi_pd(c, c)));
}

#else // the compiler's own vectors of 16 bytes

template <class T> struct Raw;
template <> struct Raw<float> {
  typedef float Vector __attribute__((vector_size(16)));
  typedef std::int32_t Bits __attribute__((vector_size(16)));
  static constexpr Bits sign = {INT32_MIN, INT32_MIN, INT32_MIN, INT32_MIN};
  static constexpr float shifter = 0x1.8p23f; // adding it rounds to an integer
  static constexpr int bias = 127, shift = 23;
};
template <> struct Raw<double> {
  typedef double Vector __attribute__((vector_size(16)));
  typedef std::int64_t Bits __attribute__((vector_size(16)));
  static constexpr Bits sign = {INT64_MIN, INT64_MIN};
  static constexpr double shifter = 0x1.8p52;
  static constexpr int bias = 1023, shift = 52;
};

template <class T> struct Lanes {
  using Vector = typename Raw<T>::Vector;
  using Mask = typename Raw<T>::Bits;
  static constexpr Index size = 16 / Index(sizeof(T));
  Vector v;

  static PLEAT_LANE Lanes load(const T* p) {
    Lanes r;
    std::memcpy(&r.v, p, sizeof r.v);
    return r;
  }
  static PLEAT_LANE Lanes load_first(const T* p, Index n) {
    Lanes r = zero();
    for (Index i = 0; i < size; ++i)
      if (i < n) r.v[i] = p[i];
    return r;
  }
  static PLEAT_LANE Lanes set(T x) { return {x - Vector{}}; }
  static PLEAT_LANE Lanes zero() { return {Vector{}}; }
  PLEAT_LANE void store(T* p) const { std::memcpy(p, &v, sizeof v); }
  PLEAT_LANE void store_first(T* p, Index n) const {
    for (Index i = 0; i < size; ++i)
      if (i < n) p[i] = v[i];
  }
};

template <class T> PLEAT_LANE Lanes<T> operator+(Lanes<T> a, Lanes<T> b) { return {a.v + b.v}; }
template <class T> PLEAT_LANE Lanes<T> operator-(Lanes<T> a, Lanes<T> b) { return {a.v - b.v}; }
template <class T> PLEAT_LANE Lanes<T> operator*(Lanes<T> a, Lanes<T> b) { return {a.v * b.v}; }
template <class T> PLEAT_LANE Lanes<T> operator/(Lanes<T> a, Lanes<T> b) { return {a.v / b.v}; }
template <class T> PLEAT_LANE Lanes<T> operator-(Lanes<T> a) { return {-a.v}; }
template <class T> PLEAT_LANE Lanes<T> fma(Lanes<T> a, Lanes<T> b, Lanes<T> c) { return {a.v * b.v + c.v}; }
template <class T> PLEAT_LANE typename Raw<T>::Bits less(Lanes<T> a, Lanes<T> b) { return a.v < b.v; }
template <class T> PLEAT_LANE typename Raw<T>::Bits equal(Lanes<T> a, Lanes<T> b) { return a.v == b.v; }
template <class T> PLEAT_LANE Lanes<T> from_bits(typename Raw<T>::Bits bits) { return {typename Raw<T>::Vector(bits)}; }
template <class T> PLEAT_LANE typename Raw<T>::Bits to_bits(Lanes<T> a) { return typename Raw<T>::Bits(a.v); }
PLEAT_LANE Lanes<float> select(Raw<float>::Bits m, Lanes<float> a, Lanes<float> b) {
  return from_bits<float>((m & to_bits(a)) | (~m & to_bits(b)));
}
PLEAT_LANE Lanes<double> select(Raw<double>::Bits m, Lanes<double> a, Lanes<double> b) {
  return from_bits<double>((m & to_bits(a)) | (~m & to_bits(b)));
}
template <class T> PLEAT_LANE Lanes<T> larger(Lanes<T> a, Lanes<T> b) { return select(less(b, a), a, b); }
template <class T> PLEAT_LANE Lanes<T> smaller(Lanes<T> a, Lanes<T> b) { return select(less(a, b), a, b); }
template <class T> PLEAT_LANE Lanes<T> absolute(Lanes<T> a) { return from_bits<T>(to_bits(a) & ~Raw<T>::sign); }
template <class T> PLEAT_LANE Lanes<T> copy_sign(Lanes<T> a, Lanes<T> b) {
  return from_bits<T>((to_bits(a) & ~Raw<T>::sign) | (to_bits(b) & Raw<T>::sign));
}
template <class T> PLEAT_LANE Lanes<T> square_root(Lanes<T> a) {
  for (Index i = 0; i < Lanes<T>::size; ++i) a.v[i] = std::sqrt(T(a.v[i]));
  return a;
}
template <class T> PLEAT_LANE Lanes<T> nearest(Lanes<T> a) {
  const Lanes<T> shifter = Lanes<T>::set(Raw<T>::shifter);
  return (a + shifter) - shifter;
}
template <class T> PLEAT_LANE Lanes<T> scale(Lanes<T> a, Lanes<T> n) {
  // Adding the shifter leaves n in the low bits; two factors keep both exponents in range.
  const Lanes<T> shifter = Lanes<T>::set(Raw<T>::shifter);
  const auto whole = to_bits(n + shifter) - to_bits(shifter), half = whole >> 1;
  const auto one = (half + Raw<T>::bias) << Raw<T>::shift, two = (whole - half + Raw<T>::bias) << Raw<T>::shift;
  return a * from_bits<T>(one) * from_bits<T>(two);
}
template <class T> PLEAT_LANE T sum_of(Lanes<T> a) {
  if constexpr (Lanes<T>::size == 4)
    return (a.v[0] + a.v[2]) + (a.v[1] + a.v[3]);
  else
    return a.v[0] + a.v[1];
}
template <class T> PLEAT_LANE T largest_of(Lanes<T> a) {
  T most = a.v[0];
  for (Index i = 1; i < Lanes<T>::size; ++i) most = most > a.v[i] ? most : a.v[i];
  return most;
}

#endif

template <class T> PLEAT_LANE Lanes<T>& operator+=(Lanes<T>& a, Lanes<T> b) { return a = a + b; }
template <class T> PLEAT_LANE Lanes<T>& operator*=(Lanes<T>& a, Lanes<T> b) { return a = a * b; }
