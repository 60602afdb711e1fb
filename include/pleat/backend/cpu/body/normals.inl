/// \file  Box-Muller on vectors: operation by operation the scalar `normals` of core/philox.hpp, so that the bits are the same.
/// (Not used at level portable, where fma of Lanes rounds twice.)

// radius (u of the length: mantissa in [1, 2) or halved, exponent), turn (rest after the nearest quarter), quarter in {0, 1, 2, 3}.
PLEAT_TARGET inline void box_muller_lanes(const float* mantissa, const float* exponent, const float* turn, const float* quarter,
                                          Index count, float* first, float* second) {
  using L = Lanes<float>;
  const L one = L::set(1.0f);
  for (Index i = 0; i < count; i += L::size) {
    const L m = L::load(mantissa + i);
    const L q = (m - one) / (m + one), q2 = q * q;
    L sum = L::set(1.0f / 11);
    for (int k = 4; k >= 0; --k) sum = fma(sum, q2, L::set(1.0f / static_cast<float>(2 * k + 1)));
    const L log = fma(L::load(exponent + i), L::set(static_cast<float>(0.69314718055994531)), L::set(2.0f) * q * sum);
    const L radius = square_root(L::set(-2.0f) * log);
    const L x = L::load(turn + i) * L::set(static_cast<float>(6.2831853071795865)), x2 = x * x;
    L c = one, s = one;
    for (int k = 5; k >= 1; --k) {
      c = fma(c * x2, L::set(static_cast<float>(-1.0 / (2 * k * (2 * k - 1)))), one);
      s = fma(s * x2, L::set(static_cast<float>(-1.0 / (2 * k * (2 * k + 1)))), one);
    }
    s = s * x;
    const L at = L::load(quarter + i);
    const auto is_one = equal(at, one), is_two = equal(at, L::set(2.0f)), is_three = equal(at, L::set(3.0f));
    const L cosine = select(is_one, -s, select(is_two, -c, select(is_three, s, c)));
    const L sine = select(is_one, c, select(is_two, -s, select(is_three, -c, s)));
    (radius * cosine).store(first + i);
    (radius * sine).store(second + i);
  }
}

template <class Real>
PLEAT_TARGET inline void normals_row(std::array<std::uint32_t, 2> words, std::uint32_t draw, std::uint32_t record,
                                     std::uint32_t position, Real* row, Index width) {
  constexpr Index group = 16; // blocks at a time: two pairs each, whole vectors at every level
  float mantissa[2 * group], exponent[2 * group], turn[2 * group], quarter[2 * group], first[2 * group], second[2 * group];
  for (Index start = 0; start < width; start += 4 * group) {
    const Index blocks = (width - start + 3) / 4 < group ? (width - start + 3) / 4 : group;
    for (Index b = 0; b < blocks; ++b) {
      const PhiloxBlock block = philox4x32(words, {draw, record, position, static_cast<std::uint32_t>(start / 4 + b)});
      for (int half = 0; half < 2; ++half) {
        const Index j = 2 * b + half;
        const std::uint32_t bits = std::bit_cast<std::uint32_t>(uniform_float(block[static_cast<std::size_t>(2 * half)]));
        const std::uint32_t fraction = bits & 0x7fffffu;
        const bool large = fraction > 0x3504f3u; // mantissa above sqrt(2)
        mantissa[j] = std::bit_cast<float>(fraction | (large ? 0x3f000000u : 0x3f800000u));
        exponent[j] = static_cast<float>(static_cast<int>(bits >> 23) - (large ? 126 : 127));
        const std::uint32_t odd = (block[static_cast<std::size_t>(2 * half + 1)] >> 9) * 2 + 1; // the angle is odd * 2^-24 turns
        const std::uint32_t nearest = (4 * odd + (1u << 23)) >> 24;
        turn[j] = static_cast<float>(static_cast<int>(odd) - static_cast<int>(nearest << 22)) * 0x1p-24f;
        quarter[j] = static_cast<float>(nearest & 3u);
      }
    }
    for (Index j = 2 * blocks; j < 2 * group; ++j) mantissa[j] = exponent[j] = turn[j] = quarter[j] = 0.5f;
    box_muller_lanes(mantissa, exponent, turn, quarter, 2 * blocks, first, second);
    const Index pairs = width - start < 4 * group ? (width - start) / 2 : 2 * group;
    for (Index j = 0; j < pairs; ++j) {
      row[start + 2 * j] = static_cast<Real>(first[j]);
      row[start + 2 * j + 1] = static_cast<Real>(second[j]);
    }
    if (start + 2 * pairs < width && pairs < 2 * group) row[start + 2 * pairs] = static_cast<Real>(first[pairs]);
  }
}
