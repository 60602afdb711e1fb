/// \file  Blocks of core/philox.hpp, several channel groups at once; bit for bit the scalar text.
///
/// Every float operation below is that of the scalar text, in its order: + - * / sqrt and explicit fused multiply-adds, so that
/// no compiler flag and no instruction set changes a bit. The portable level has no fused Lanes and takes the scalar text itself.

#if PLEAT_LEVEL == 0
inline constexpr Index philox_groups = 4; ///< channel groups of one call below

PLEAT_LANE void philox_words(const std::uint32_t* key, const std::uint32_t* at, std::uint32_t group, std::uint32_t* words) {
  for (Index g = 0; g < philox_groups; ++g) {
    const PhiloxBlock block = philox4x32({key[0], key[1]}, {at[0], at[1], at[2], group + static_cast<std::uint32_t>(g)});
    for (Index k = 0; k < 4; ++k) words[k * philox_groups + g] = block[static_cast<std::size_t>(k)];
  }
}

PLEAT_LANE void normal_words(const std::uint32_t* key, const std::uint32_t* at, std::uint32_t group, float* values) {
  for (Index g = 0; g < philox_groups; ++g) {
    const auto four = normals(philox4x32({key[0], key[1]}, {at[0], at[1], at[2], group + static_cast<std::uint32_t>(g)}));
    for (Index k = 0; k < 4; ++k) values[k * philox_groups + g] = four[static_cast<std::size_t>(k)];
  }
}

#else

#if PLEAT_LEVEL == 512
struct Words { // 16 words; masked forms with all lanes on, as in lanes.inl
  __m512i v;
};
PLEAT_LANE Words words_of(std::uint32_t x) { return {_mm512_set1_epi32(static_cast<int>(x))}; }
PLEAT_LANE Words ramp() { return {_mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)}; }
PLEAT_LANE Words operator+(Words a, Words b) { return {_mm512_add_epi32(a.v, b.v)}; }
PLEAT_LANE Words operator-(Words a, Words b) { return {_mm512_sub_epi32(a.v, b.v)}; }
PLEAT_LANE Words operator^(Words a, Words b) { return {_mm512_xor_si512(a.v, b.v)}; }
PLEAT_LANE Words operator&(Words a, Words b) { return {_mm512_and_si512(a.v, b.v)}; }
PLEAT_LANE Words operator|(Words a, Words b) { return {_mm512_or_si512(a.v, b.v)}; }
template <int bits> PLEAT_LANE Words up(Words a) { return {_mm512_maskz_slli_epi32(all_ps, a.v, bits)}; }
template <int bits> PLEAT_LANE Words down(Words a) { return {_mm512_maskz_srli_epi32(all_ps, a.v, bits)}; }
PLEAT_LANE void store(Words a, std::uint32_t* p) { _mm512_storeu_si512(p, a.v); }
PLEAT_LANE Words bits_of(Lanes<float> x) { return {_mm512_castps_si512(x.v)}; }
PLEAT_LANE Lanes<float> float_of_bits(Words a) { return {_mm512_castsi512_ps(a.v)}; }
PLEAT_LANE Lanes<float> to_float(Words a) { return {_mm512_maskz_cvtepi32_ps(all_ps, a.v)}; }
PLEAT_LANE Words truncated(Lanes<float> x) { return {_mm512_maskz_cvttps_epi32(all_ps, x.v)}; }
PLEAT_LANE Lanes<float> select_odd(Words a, Lanes<float> odd, Lanes<float> even) {
  return {_mm512_mask_blend_ps(_mm512_test_epi32_mask(a.v, _mm512_set1_epi32(1)), even.v, odd.v)};
}
PLEAT_LANE void wide_product(Words a, std::uint32_t factor, Words& high, Words& low) {
  const __m512i f = _mm512_set1_epi32(static_cast<int>(factor));
  const __m512i even = _mm512_maskz_mul_epu32(all_pd, a.v, f);
  const __m512i odd = _mm512_maskz_mul_epu32(all_pd, _mm512_maskz_srli_epi64(all_pd, a.v, 32), f);
  high = {_mm512_mask_blend_epi32(__mmask16(0xaaaa), _mm512_maskz_srli_epi64(all_pd, even, 32), odd)};
  low = {_mm512_mask_blend_epi32(__mmask16(0xaaaa), even, _mm512_maskz_slli_epi64(all_pd, odd, 32))};
}
#else
struct Words { // 8 words
  __m256i v;
};
PLEAT_LANE Words words_of(std::uint32_t x) { return {_mm256_set1_epi32(static_cast<int>(x))}; }
PLEAT_LANE Words ramp() { return {_mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7)}; }
PLEAT_LANE Words operator+(Words a, Words b) { return {_mm256_add_epi32(a.v, b.v)}; }
PLEAT_LANE Words operator-(Words a, Words b) { return {_mm256_sub_epi32(a.v, b.v)}; }
PLEAT_LANE Words operator^(Words a, Words b) { return {_mm256_xor_si256(a.v, b.v)}; }
PLEAT_LANE Words operator&(Words a, Words b) { return {_mm256_and_si256(a.v, b.v)}; }
PLEAT_LANE Words operator|(Words a, Words b) { return {_mm256_or_si256(a.v, b.v)}; }
template <int bits> PLEAT_LANE Words up(Words a) { return {_mm256_slli_epi32(a.v, bits)}; }
template <int bits> PLEAT_LANE Words down(Words a) { return {_mm256_srli_epi32(a.v, bits)}; }
PLEAT_LANE void store(Words a, std::uint32_t* p) { _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), a.v); }
PLEAT_LANE Words bits_of(Lanes<float> x) { return {_mm256_castps_si256(x.v)}; }
PLEAT_LANE Lanes<float> float_of_bits(Words a) { return {_mm256_castsi256_ps(a.v)}; }
PLEAT_LANE Lanes<float> to_float(Words a) { return {_mm256_cvtepi32_ps(a.v)}; }
PLEAT_LANE Words truncated(Lanes<float> x) { return {_mm256_cvttps_epi32(x.v)}; }
PLEAT_LANE Lanes<float> select_odd(Words a, Lanes<float> odd, Lanes<float> even) {
  return {_mm256_blendv_ps(even.v, odd.v, _mm256_castsi256_ps(_mm256_slli_epi32(a.v, 31)))};
}
PLEAT_LANE void wide_product(Words a, std::uint32_t factor, Words& high, Words& low) {
  const __m256i f = _mm256_set1_epi32(static_cast<int>(factor));
  const __m256i even = _mm256_mul_epu32(a.v, f), odd = _mm256_mul_epu32(_mm256_srli_epi64(a.v, 32), f);
  high = {_mm256_blend_epi32(_mm256_srli_epi64(even, 32), odd, 0xaa)};
  low = {_mm256_blend_epi32(even, _mm256_slli_epi64(odd, 32), 0xaa)};
}
#endif

inline constexpr Index philox_groups = Lanes<float>::size;

// philox4x32 of the counters (at[0], at[1], at[2], group + lane).
PLEAT_LANE void philox_lanes(const std::uint32_t* key, const std::uint32_t* at, std::uint32_t group, Words* c) {
  std::uint32_t k0 = key[0], k1 = key[1];
  c[0] = words_of(at[0]), c[1] = words_of(at[1]), c[2] = words_of(at[2]), c[3] = words_of(group) + ramp();
  for (int round = 0; round < 10; ++round) {
    Words high, low, high2, low2;
    wide_product(c[0], 0xD2511F53u, high, low);
    wide_product(c[2], 0xCD9E8D57u, high2, low2);
    c[0] = high2 ^ c[1] ^ words_of(k0), c[1] = low2, c[2] = high ^ c[3] ^ words_of(k1), c[3] = low;
    k0 += 0x9E3779B9u, k1 += 0xBB67AE85u;
  }
}

PLEAT_LANE void philox_words(const std::uint32_t* key, const std::uint32_t* at, std::uint32_t group, std::uint32_t* words) {
  Words c[4];
  philox_lanes(key, at, group, c);
  for (Index k = 0; k < 4; ++k) store(c[k], words + k * philox_groups);
}

// uniform_float.
PLEAT_LANE Lanes<float> uniform_lanes(Words bits) {
  return to_float(up<1>(down<9>(bits)) | words_of(1)) * Lanes<float>::set(0x1p-24f);
}

// box_muller with portable_log and portable_cos_sin_turns inlined.
PLEAT_LANE void box_muller_lanes(Words first, Words second, Lanes<float>& x, Lanes<float>& y) {
  using L = Lanes<float>;
  const L one = L::set(1.0f);
  const Words bits = bits_of(uniform_lanes(first));
  L exponent = to_float(down<23>(bits) - words_of(127));
  L m = float_of_bits((bits & words_of(0x7fffff)) | words_of(0x3f800000));
  const auto upper = less(L::set(static_cast<float>(1.4142135623730951)), m);
  m = select(upper, m * L::set(0.5f), m), exponent = select(upper, exponent + one, exponent);
  const L q = (m - one) / (m + one), q2 = q * q;
  L sum = L::set(1.0f / 11);
  for (int k = 4; k >= 0; --k) sum = fma(sum, q2, L::set(1.0f / static_cast<float>(2 * k + 1)));
  const L logarithm = fma(exponent, L::set(static_cast<float>(0.69314718055994531)), L::set(2.0f) * q * sum);
  const L radius = square_root(L::set(-2.0f) * logarithm);

  const L u = uniform_lanes(second);
  const Words quarter = truncated(fma(u, L::set(4.0f), L::set(0.5f)));
  const L turn = fma(to_float(quarter), L::set(-0.25f), u) * L::set(static_cast<float>(6.2831853071795865)), turn2 = turn * turn;
  L c = one, s = one;
  for (int k = 5; k >= 1; --k) {
    c = fma(c * turn2, L::set(static_cast<float>(-1.0 / (2 * k * (2 * k - 1)))), one);
    s = fma(s * turn2, L::set(static_cast<float>(-1.0 / (2 * k * (2 * k + 1)))), one);
  }
  s = s * turn;
  // Quarters 1 and 3 swap the two; the cosine is negative in 1 and 2, the sine in 2 and 3.
  const Words two = words_of(2);
  const L cosine = float_of_bits(bits_of(select_odd(quarter, s, c)) ^ up<30>((quarter + words_of(1)) & two));
  const L sine = float_of_bits(bits_of(select_odd(quarter, c, s)) ^ up<30>(quarter & two));
  x = radius * cosine, y = radius * sine;
}

PLEAT_LANE void normal_words(const std::uint32_t* key, const std::uint32_t* at, std::uint32_t group, float* values) {
  Words c[4];
  philox_lanes(key, at, group, c);
  Lanes<float> x, y, z, w;
  box_muller_lanes(c[0], c[1], x, y);
  box_muller_lanes(c[2], c[3], z, w);
  x.store(values), y.store(values + philox_groups), z.store(values + 2 * philox_groups), w.store(values + 3 * philox_groups);
}

#endif

// One row of normals; `at` is {draw, record, position}.
template <class T>
PLEAT_TARGET inline void normal_row_at(const std::uint32_t* key, const std::uint32_t* at, T* row, Index width) {
  float values[4 * philox_groups];
  for (Index c = 0; c < width; c += 4 * philox_groups) {
    normal_words(key, at, static_cast<std::uint32_t>(c / 4), values);
    const Index left = width - c < 4 * philox_groups ? width - c : 4 * philox_groups;
    if (left == 4 * philox_groups) {
      for (Index g = 0; g < philox_groups; ++g)
        for (Index k = 0; k < 4; ++k) row[c + 4 * g + k] = static_cast<T>(values[k * philox_groups + g]);
    } else {
      for (Index i = 0; i < left; ++i) row[c + i] = static_cast<T>(values[i % 4 * philox_groups + i / 4]);
    }
  }
  for (Index c = width; c < stride_of(width); ++c) row[c] = T(0);
}

// y (+)= x / (1 - rate) where the channel's uniform is not below the rate, else 0: word >> 9 is what `uniform_float` reads.
template <class T>
PLEAT_TARGET inline void dropout_row_at(const std::uint32_t* key, const std::uint32_t* at, std::uint32_t threshold, T factor,
                                        const T* x, T* y, Index width, bool accumulate) {
  std::uint32_t words[4 * philox_groups];
  for (Index c = 0; c < width; c += 4 * philox_groups) {
    philox_words(key, at, static_cast<std::uint32_t>(c / 4), words);
    const Index left = width - c < 4 * philox_groups ? width - c : 4 * philox_groups;
    for (Index i = 0; i < left; ++i) {
      const T kept = words[i % 4 * philox_groups + i / 4] >> 9 < threshold ? T(0) : x[c + i] * factor;
      y[c + i] = accumulate ? y[c + i] + kept : kept;
    }
  }
  for (Index c = width; c < stride_of(width); ++c) y[c] = T(0);
}
