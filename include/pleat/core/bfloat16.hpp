#pragma once
/// \file  bfloat16: the upper half of a float, what matrix units read.

#include <bit>
#include <cstdint>

#include <pleat/version.hpp>

namespace pleat::inline v0_1 {

constexpr float float_from_bf16(std::uint16_t bits) { return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16); }

/// Round to nearest even; NaN stays NaN.
constexpr std::uint16_t bf16_from_float(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  if ((bits & 0x7fffffffu) > 0x7f800000u) return static_cast<std::uint16_t>((bits >> 16) | 0x40u);
  return static_cast<std::uint16_t>((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16);
}

/// A number of 8 bits of precision and the range of a float: stored and multiplied, never summed.
struct Bfloat16 {
  std::uint16_t bits;
  Bfloat16() = default; ///< not initialised, as a float
  constexpr explicit Bfloat16(float value) : bits(bf16_from_float(value)) {}
  constexpr explicit operator float() const { return float_from_bf16(bits); }
  constexpr explicit operator double() const { return static_cast<double>(float_from_bf16(bits)); }
};

/// A float of which matrix units read the upper 19 bits (10 bits of fraction): a type of its own, so that a product of floats
/// never becomes one of these unasked.
struct Tensorfloat32 {
  float value;
  Tensorfloat32() = default;
  constexpr explicit Tensorfloat32(float number) : value(number) {}
  constexpr explicit operator float() const { return value; }
};

} // namespace pleat::inline v0_1
