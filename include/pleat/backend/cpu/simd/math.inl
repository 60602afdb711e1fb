/// \file  Elementary functions at one instruction set; interface and errors in math.hpp.
/// The polynomials interpolate the functions at Chebyshev nodes (40 digits, rounded to float).

/// c[0] + c[1] x + … + c[Terms-1] x^(Terms-1) by Horner's rule.
template <int Terms, class T> PLEAT_LANE Lanes<T> horner(Lanes<T> x, const T (&c)[Terms]) {
  Lanes<T> sum = Lanes<T>::set(c[Terms - 1]);
#pragma GCC unroll 16
  for (int i = Terms - 2; i >= 0; --i) sum = fma(sum, x, Lanes<T>::set(c[i]));
  return sum;
}

PLEAT_LANE Lanes<float> exp(Lanes<float> x) {
  using L = Lanes<float>;
  x = smaller(L::set(89.0f), larger(L::set(-105.0f), x)); // beyond, the result is inf or 0; NaN stays on the right
  const L n = nearest(x * L::set(1.44269504f));
  const L r = fma(n, L::set(2.12194440e-4f), fma(n, L::set(-0.693359375f), x));
  const L q = horner<5, float>(r, {0.5f, 0.166665734f, 0.0416665501f, 0.00836377387f, 0.00139269266f});
  return scale(fma(r * r, q, r) + L::set(1.0f), n);
}

#if PLEAT_LEVEL == 512
PLEAT_LANE Lanes<float> exponent_of(Lanes<float> x) { return {_mm512_maskz_getexp_ps(all_ps, x.v)}; }
PLEAT_LANE Lanes<float> mantissa_of(Lanes<float> x) {
  return {_mm512_maskz_getmant_ps(all_ps, x.v, _MM_MANT_NORM_1_2, _MM_MANT_SIGN_zero)};
}
#elif PLEAT_LEVEL == 2
PLEAT_LANE Lanes<float> exponent_of(Lanes<float> x) {
  const __m256i biased = _mm256_srli_epi32(_mm256_castps_si256(x.v), 23);
  return {_mm256_cvtepi32_ps(_mm256_sub_epi32(biased, _mm256_set1_epi32(127)))};
}
PLEAT_LANE Lanes<float> mantissa_of(Lanes<float> x) {
  const __m256i low = _mm256_and_si256(_mm256_castps_si256(x.v), _mm256_set1_epi32(0x7fffff));
  return {_mm256_castsi256_ps(_mm256_or_si256(low, _mm256_set1_epi32(0x3f800000)))};
}
#else
PLEAT_LANE Lanes<float> exponent_of(Lanes<float> x) {
  return {__builtin_convertvector((to_bits(x) >> 23) - 127, Raw<float>::Vector)};
}
PLEAT_LANE Lanes<float> mantissa_of(Lanes<float> x) { return from_bits<float>((to_bits(x) & 0x7fffff) | 0x3f800000); }
#endif

PLEAT_LANE Lanes<float> log(Lanes<float> x) {
  using L = Lanes<float>;
  const float infinity = HUGE_VALF;
  const auto tiny = less(x, L::set(1.17549435e-38f)); // subnormal: scaled up by 2^32
  const L y = select(tiny, x * L::set(4294967296.0f), x);
  L exponent = exponent_of(y), m = mantissa_of(y); // y = m 2^exponent, m in [1, 2)
  const auto upper = less(L::set(1.41421356f), m);
  m = select(upper, m * L::set(0.5f), m);
  exponent = select(upper, exponent + L::set(1.0f), exponent);
  exponent = select(tiny, exponent - L::set(32.0f), exponent);
  const L f = m - L::set(1.0f), square = f * f;
  const L p = horner<9, float>(f, {0.333333311f, -0.249999966f, 0.200007305f, -0.16667851f, 0.142485513f, -0.124240377f,
                                   0.116890711f, -0.114945466f, 0.0698070196f});
  L r = fma(square * f, p, exponent * L::set(-2.12194440e-4f));
  r = fma(exponent, L::set(0.693359375f), f + fma(square, L::set(-0.5f), r));
  r = select(less(x, L::set(infinity)), r, x); // inf, NaN
  r = select(equal(x, L::zero()), L::set(-infinity), r);
  return select(less(x, L::zero()), L::set(infinity) - L::set(infinity), r); // NaN
}

/// erfc(z) for z >= 0, given e = exp(-z^2): e t P(t) with t = 1 / (1 + 0.3 z); relative error 1e-7 for z <= 10.2.
PLEAT_LANE Lanes<float> erfc_times(Lanes<float> z, Lanes<float> e) {
  using L = Lanes<float>;
  const L t = L::set(1.0f) / fma(z, L::set(0.3f), L::set(1.0f));
  const L p = horner<9, float>(t, {0.169172808f, 0.170954553f, 0.146750589f, 0.220737311f, -0.107486531f, 0.565285958f,
                                   -0.526856074f, 0.49228653f, -0.130845166f});
  return e * t * p;
}

PLEAT_LANE Lanes<float> erf(Lanes<float> x) {
  using L = Lanes<float>;
  const L z = smaller(L::set(10.0f), absolute(x)), u = z * z;
  const L inner = x * horner<7, float>(u, {1.12837917f, -0.376126267f, 0.112835947f, -0.026854212f, 0.00518908742f,
                                           -0.000801686429f, 7.87587506e-5f});
  const L outer = copy_sign(L::set(1.0f) - erfc_times(z, exp(-u)), x);
  return select(less(z, L::set(1.0f)), inner, outer);
}

PLEAT_LANE Lanes<float> tanh(Lanes<float> x) {
  using L = Lanes<float>;
  const L z = absolute(x), u = x * x;
  const L inner =
      fma(x * u, horner<5, float>(u, {-0.333333284f, 0.133327188f, -0.0538432632f, 0.0209613291f, -0.0060451651f}), x);
  const L outer = copy_sign(L::set(1.0f) - L::set(2.0f) / (exp(z + z) + L::set(1.0f)), x);
  return select(less(z, L::set(0.625f)), inner, outer);
}

PLEAT_LANE void sin_cos_turns(Lanes<float> turns, Lanes<float>& sine, Lanes<float>& cosine) {
  using L = Lanes<float>;
  const L u = turns - nearest(turns);          // exact, in [-1/2, 1/2]
  const L quarter = nearest(u * L::set(4.0f)); // -2 … 2
  const L r = fma(quarter, L::set(-0.25f), u) * L::set(6.28318531f), square = r * r;
  const L s = fma(r * square, horner<3, float>(square, {-0.166666646f, 0.00833273656f, -0.000195853732f}), r);
  const L c = fma(square * square, horner<3, float>(square, {0.0416666646f, -0.00138882913f, 2.45454191e-5f}),
                  fma(square, L::set(-0.5f), L::set(1.0f)));
  const auto odd = equal(absolute(quarter), L::set(1.0f)), half = equal(absolute(quarter), L::set(2.0f));
  const L sign = select(half, L::set(-1.0f), L::set(1.0f));
  sine = select(odd, quarter * c, sign * s);
  cosine = select(odd, -quarter * s, sign * c);
}

/// Applies a function of the C library to each lane.
#define PLEAT_LANEWISE(name)                                                                                                     \
  PLEAT_LANE Lanes<double> name(Lanes<double> x) {                                                                               \
    double lane[Lanes<double>::size];                                                                                            \
    x.store(lane);                                                                                                               \
    for (Index i = 0; i < Lanes<double>::size; ++i) lane[i] = ::std::name(lane[i]);                                              \
    return Lanes<double>::load(lane);                                                                                            \
  }
PLEAT_LANEWISE(exp)
PLEAT_LANEWISE(log)
PLEAT_LANEWISE(erf)
PLEAT_LANEWISE(erfc)
PLEAT_LANEWISE(tanh)
PLEAT_LANEWISE(sin)
PLEAT_LANEWISE(cos)
#undef PLEAT_LANEWISE

PLEAT_LANE void sin_cos_turns(Lanes<double> turns, Lanes<double>& sine, Lanes<double>& cosine) {
  const Lanes<double> angle = (turns - nearest(turns)) * Lanes<double>::set(6.283185307179586477);
  sine = sin(angle), cosine = cos(angle);
}

/// Phi(-|x|), the smaller tail of the normal distribution, and its density phi(x).
PLEAT_LANE Lanes<float> normal_tail(Lanes<float> x, Lanes<float>& density) {
  using L = Lanes<float>;
  const L z = smaller(L::set(14.0f), absolute(x)); // the tail underflows before
  const L e = exp(z * z * L::set(-0.5f));
  density = e * L::set(0.398942280f);
  return L::set(0.5f) * erfc_times(z * L::set(0.707106781f), e);
}
PLEAT_LANE Lanes<double> normal_tail(Lanes<double> x, Lanes<double>& density) {
  using L = Lanes<double>;
  density = exp(x * x * L::set(-0.5)) * L::set(0.398942280401432678);
  return L::set(0.5) * erfc(absolute(x) * L::set(0.707106781186547524));
}

template <class T> PLEAT_LANE Lanes<T> gelu(Lanes<T> x) {
  using L = Lanes<T>;
  L density;
  const L tail = normal_tail(x, density);
  return larger(L::zero(), x) - smaller(L::set(T(40)), absolute(x)) * tail; // beyond 40 the tail is 0: no inf times 0
}
template <class T> PLEAT_LANE Lanes<T> gelu_derivative(Lanes<T> x) {
  using L = Lanes<T>;
  L density;
  const L tail = normal_tail(x, density);
  const L bounded = larger(L::set(T(-40)), smaller(L::set(T(40)), x));
  return fma(bounded, density, select(less(x, L::zero()), tail, L::set(T(1)) - tail));
}

template <class T> PLEAT_LANE Lanes<T> sigmoid(Lanes<T> x) {
  using L = Lanes<T>;
  return L::set(T(1)) / (L::set(T(1)) + exp(-x));
}
template <class T> PLEAT_LANE Lanes<T> silu(Lanes<T> x) { return x * sigmoid(x); }
template <class T> PLEAT_LANE Lanes<T> silu_derivative(Lanes<T> x) {
  using L = Lanes<T>;
  const L bounded = larger(L::set(T(-80)), smaller(L::set(T(80)), x)); // beyond, it is 0 or 1 to 32 digits
  const L e = exp(-bounded), s = L::set(T(1)) / (L::set(T(1)) + e);
  return s * fma(bounded * e, s, L::set(T(1)));
}
template <class T> PLEAT_LANE Lanes<T> relu(Lanes<T> x) { return larger(Lanes<T>::zero(), x); }
