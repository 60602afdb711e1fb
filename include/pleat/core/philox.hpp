#pragma once
/// \file  Philox4x32-10: random bits as a pure function of key and counter, and a stream of host draws on top of it.
///
/// Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", 2011. Nothing is stored, so the noise of a record
/// is the same alone, in any batch, with any micro-batching, thread count and device. Every value below is made by integer
/// arithmetic, IEEE + - * / sqrt and explicit fused multiply-adds, so that it has the same bits with any compiler and flags.

#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <span>
#include <type_traits>
#include <utility>

#include <pleat/core/host_device.hpp>
#include <pleat/core/index.hpp>

namespace pleat::inline v0_1 {

using PhiloxBlock = std::array<std::uint32_t, 4>;

/// Key of a pass's noise: the run's seed and the optimiser step (0 when there is none).
struct NoiseKey {
  std::uint64_t seed = 0, step = 0;
  friend constexpr bool operator==(const NoiseKey&, const NoiseKey&) = default;
};

/// Counter of a pass's noise: which draw of the pass, which record, which position in it, which group of four channels.
struct NoiseCounter {
  std::uint32_t draw = 0, record = 0, position = 0, channel_group = 0;
};

/// The ten rounds themselves, on the two key words and four counter words of the paper.
constexpr PhiloxBlock philox4x32(std::array<std::uint32_t, 2> key, PhiloxBlock c) {
  for (int round = 0; round < 10; ++round) {
    std::uint64_t first = std::uint64_t{0xD2511F53} * c[0], second = std::uint64_t{0xCD9E8D57} * c[2];
    c = {static_cast<std::uint32_t>(second >> 32) ^ c[1] ^ key[0], static_cast<std::uint32_t>(second),
         static_cast<std::uint32_t>(first >> 32) ^ c[3] ^ key[1], static_cast<std::uint32_t>(first)};
    key[0] += 0x9E3779B9u, key[1] += 0xBB67AE85u;
  }
  return c;
}

namespace detail {
// The finaliser of splitmix64: a bijection of 64 bits.
constexpr std::uint64_t mix64(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
  return x ^ (x >> 31);
}
} // namespace detail

/// The two key words of (seed, step). Philox has 64 key bits and we have 128: for one seed, different steps never collide.
constexpr std::array<std::uint32_t, 2> key_words(NoiseKey key) {
  std::uint64_t x = detail::mix64(detail::mix64(key.seed + 0x9E3779B97F4A7C15u) + key.step);
  return {static_cast<std::uint32_t>(x), static_cast<std::uint32_t>(x >> 32)};
}

/// The four random words of one place of a pass's noise: a pure function.
constexpr PhiloxBlock philox(NoiseKey key, NoiseCounter at) {
  return philox4x32(key_words(key), {at.draw, at.record, at.position, at.channel_group});
}

/// Uniform in (0, 1), never an end: odd multiples of 2^-24.
constexpr float uniform_float(std::uint32_t bits) { return static_cast<float>((bits >> 9) * 2 + 1) * 0x1p-24f; }

/// Uniform in (0, 1), never an end: odd multiples of 2^-53.
constexpr double uniform_double(std::uint32_t low, std::uint32_t high) {
  std::uint64_t bits = (std::uint64_t{high} << 32 | low) >> 12;
  return static_cast<double>(bits * 2 + 1) * 0x1p-53;
}

namespace detail {

// ln(x), x > 0 and normal: exponent, then 2 atanh((m - 1) / (m + 1)) with m in [sqrt(1/2), sqrt(2)).
template <class Real> PLEAT_HOST_DEVICE inline Real portable_log(Real x) {
  constexpr bool wide = sizeof(Real) == 8;
  using Bits = std::conditional_t<wide, std::uint64_t, std::uint32_t>;
  constexpr int fraction = wide ? 52 : 23, bias = wide ? 1023 : 127, terms = wide ? 11 : 5;
  Bits bits = std::bit_cast<Bits>(x);
  int exponent = static_cast<int>(bits >> fraction) - bias;
  Real m = std::bit_cast<Real>((bits & ((Bits{1} << fraction) - 1)) | (Bits{static_cast<unsigned>(bias)} << fraction));
  if (m > static_cast<Real>(1.4142135623730951)) m *= static_cast<Real>(0.5), ++exponent;
  Real q = (m - 1) / (m + 1), q2 = q * q, sum = static_cast<Real>(1) / (2 * terms + 1);
  // So that the divisions become constants.
  PLEAT_UNROLL
  for (int k = terms - 1; k >= 0; --k) sum = std::fma(sum, q2, static_cast<Real>(1) / static_cast<Real>(2 * k + 1));
  return std::fma(static_cast<Real>(exponent), static_cast<Real>(0.69314718055994531), 2 * q * sum);
}

// {cos, sin} of 2 pi u, u in [0, 1]: the nearest quarter turn is taken off exactly, the rest is a Taylor series below pi / 4.
template <class Real> PLEAT_HOST_DEVICE inline std::array<Real, 2> portable_cos_sin_turns(Real u) {
  constexpr int terms = sizeof(Real) == 8 ? 9 : 5;
  int quarter = static_cast<int>(std::fma(u, static_cast<Real>(4), static_cast<Real>(0.5)));
  Real x = std::fma(static_cast<Real>(quarter), static_cast<Real>(-0.25), u) * static_cast<Real>(6.2831853071795865);
  Real x2 = x * x, c = 1, s = 1;
  PLEAT_UNROLL
  for (int k = terms; k >= 1; --k) {
    c = std::fma(c * x2, static_cast<Real>(-1.0 / (2 * k * (2 * k - 1))), static_cast<Real>(1));
    s = std::fma(s * x2, static_cast<Real>(-1.0 / (2 * k * (2 * k + 1))), static_cast<Real>(1));
  }
  s *= x;
  switch (quarter & 3) {
  case 0:
    return {c, s};
  case 1:
    return {-s, c};
  case 2:
    return {-c, -s};
  default:
    return {s, -c};
  }
}

// Box-Muller: two uniforms of (0, 1) to two independent standard normals.
template <class Real> PLEAT_HOST_DEVICE inline std::array<Real, 2> box_muller(Real radius, Real angle) {
  Real r = std::sqrt(static_cast<Real>(-2) * portable_log(radius));
  auto [c, s] = portable_cos_sin_turns(angle);
  return {r * c, r * s};
}

} // namespace detail

/// Four independent standard normals of one block, in float (|x| < 5.8).
PLEAT_HOST_DEVICE inline std::array<float, 4> normals(const PhiloxBlock& block) {
  auto first = detail::box_muller(uniform_float(block[0]), uniform_float(block[1]));
  auto second = detail::box_muller(uniform_float(block[2]), uniform_float(block[3]));
  return {first[0], first[1], second[0], second[1]};
}

/// Standard normals for one row: channel c of the row is number c % 4 of the block with `channel_group` = c / 4. Float32 and
/// Float64 runs see the same values.
template <class Real>
inline void normal_row(NoiseKey key, std::uint32_t draw, std::uint32_t record, std::uint32_t position, std::span<Real> row) {
  const auto words = key_words(key);
  const Index width = static_cast<Index>(row.size());
  for (Index c = 0; c < width; c += 4) {
    auto four = normals(philox4x32(words, {draw, record, position, static_cast<std::uint32_t>(c / 4)}));
    for (Index i = 0; i < 4 && c + i < width; ++i)
      row[static_cast<std::size_t>(c + i)] = static_cast<Real>(four[static_cast<std::size_t>(i)]);
  }
}

/// A stream of draws for the host (batches, crops, initial weights): the same on all platforms, unlike the distributions of
/// the standard library. Its whole state is {seed, stream, position}.
class Philox {
public:
  // The step of its key is one that no run reaches: host draws share no block with the noise of a pass.
  explicit constexpr Philox(std::uint64_t seed, std::uint64_t stream = 0)
      : key_(key_words({seed, ~std::uint64_t{0}})), stream_(stream) {}

  /// 32-bit words drawn so far; `seek` returns to any such place in constant time.
  constexpr std::uint64_t position() const { return position_; }
  constexpr void seek(std::uint64_t position) {
    position_ = position;
    if (position_ % 4 != 0) refill();
  }

  constexpr std::uint32_t bits32() {
    if (position_ % 4 == 0) refill();
    return block_[position_++ % 4];
  }
  constexpr std::uint64_t bits64() {
    std::uint64_t low = bits32();
    return std::uint64_t{bits32()} << 32 | low;
  }

  /// Uniform in (0, 1).
  constexpr double uniform() {
    std::uint32_t low = bits32();
    return uniform_double(low, bits32());
  }

  /// Uniform in 0 … n-1 without bias; n > 0.
  constexpr Index index(Index n) {
    const auto range = static_cast<std::uint64_t>(n);
    const std::uint64_t skip = (0 - range) % range; // 2^64 mod n: the draws below it would be one too many
    std::uint64_t x = bits64();
    while (x < skip) x = bits64();
    return static_cast<Index>(x % range);
  }

  /// Standard normal; always takes four words, so that positions do not depend on values.
  double normal() {
    double radius = uniform();
    return detail::box_muller(radius, uniform())[0];
  }

  /// Fisher-Yates; the same order on all platforms (std::shuffle is not).
  template <class T> constexpr void shuffle(std::span<T> values) {
    for (std::size_t i = values.size(); i > 1; --i)
      std::swap(values[i - 1], values[static_cast<std::size_t>(index(static_cast<Index>(i)))]);
  }

private:
  constexpr void refill() {
    std::uint64_t n = position_ / 4;
    block_ = philox4x32(key_, {static_cast<std::uint32_t>(n), static_cast<std::uint32_t>(n >> 32),
                               static_cast<std::uint32_t>(stream_), static_cast<std::uint32_t>(stream_ >> 32)});
  }

  std::array<std::uint32_t, 2> key_;
  PhiloxBlock block_{};
  std::uint64_t stream_, position_ = 0;
};

} // namespace pleat::inline v0_1
