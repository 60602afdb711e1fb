#pragma once
/// \file  Element types of tensors in files, and the conversions between them.

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <type_traits>

#include <pleat/core/bfloat16.hpp>
#include <pleat/core/error.hpp>
#include <pleat/core/index.hpp>

namespace pleat::inline v0_1 {

static_assert(std::endian::native == std::endian::little,
              "pleat reads and writes little-endian files by plain copies; this machine is big-endian.");

enum class Dtype : std::uint8_t { Bool, U8, I16, I32, I64, F16, BF16, F32, F64 };

namespace detail {
struct DtypeRow {
  Dtype type;
  std::string_view name;
  Index bytes;
};
inline constexpr DtypeRow dtypes[] = {{Dtype::Bool, "BOOL", 1}, {Dtype::U8, "U8", 1},   {Dtype::I16, "I16", 2},
                                      {Dtype::I32, "I32", 4},   {Dtype::I64, "I64", 8}, {Dtype::F16, "F16", 2},
                                      {Dtype::BF16, "BF16", 2}, {Dtype::F32, "F32", 4}, {Dtype::F64, "F64", 8}};
} // namespace detail

/// Bytes of one element.
constexpr Index dtype_bytes(Dtype type) { return detail::dtypes[static_cast<int>(type)].bytes; }
/// Name as safetensors files write it: "F32".
constexpr std::string_view dtype_name(Dtype type) { return detail::dtypes[static_cast<int>(type)].name; }
constexpr bool is_floating(Dtype type) { return type >= Dtype::F16; }

/// The file type of a C++ type. Half precisions have no C++ type here.
template <class T> constexpr Dtype dtype_of() {
  if constexpr (std::is_same_v<T, bool>)
    return Dtype::Bool;
  else if constexpr (std::is_same_v<T, std::uint8_t>)
    return Dtype::U8;
  else if constexpr (std::is_same_v<T, std::int16_t>)
    return Dtype::I16;
  else if constexpr (std::is_same_v<T, std::int32_t>)
    return Dtype::I32;
  else if constexpr (std::is_integral_v<T> && std::is_signed_v<T> && sizeof(T) == 8)
    return Dtype::I64;
  else if constexpr (std::is_same_v<T, float>)
    return Dtype::F32;
  else {
    static_assert(std::is_same_v<T, double>, "This element type has no counterpart in safetensors files: use bool, uint8_t, "
                                             "int16_t, int32_t, int64_t, float or double.");
    return Dtype::F64;
  }
}

constexpr float float_from_f16(std::uint16_t bits) {
  const std::uint32_t sign = static_cast<std::uint32_t>(bits & 0x8000u) << 16, exponent = (bits >> 10) & 31u,
                      fraction = bits & 0x3ffu;
  if (exponent == 31) return std::bit_cast<float>(sign | 0x7f800000u | (fraction << 13));
  if (exponent == 0) { // zero or subnormal: fraction * 2^-24, exact in float32
    const float magnitude = static_cast<float>(fraction) * 0x1p-24f;
    return sign != 0 ? -magnitude : magnitude;
  }
  return std::bit_cast<float>(sign | ((exponent + 112u) << 23) | (fraction << 13));
}

/// Round to nearest even; what is too large becomes infinite, NaN stays NaN.
constexpr std::uint16_t f16_from_float(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const std::uint32_t sign = (bits >> 16) & 0x8000u, magnitude = bits & 0x7fffffffu;
  if (magnitude > 0x7f800000u) return static_cast<std::uint16_t>(sign | 0x7e00u);
  if (magnitude >= 0x477ff000u) return static_cast<std::uint16_t>(sign | 0x7c00u); // 65520 and above
  if (magnitude < 0x38800000u) { // below 2^-14: adding 0.5 lets the hardware round at 2^-24
    const float shifted = std::bit_cast<float>(magnitude) + 0.5f;
    return static_cast<std::uint16_t>(sign | (std::bit_cast<std::uint32_t>(shifted) - 0x3f000000u));
  }
  return static_cast<std::uint16_t>(sign | ((magnitude - 0x38000000u + 0xfffu + ((magnitude >> 13) & 1u)) >> 13));
}

namespace detail {
template <class To, class From, class Map> void convert_elements(const std::byte* from, Index count, To* to, Map map) {
  for (Index i = 0; i < count; ++i) { // memcpy: file data need not be aligned
    From value;
    std::memcpy(&value, from + i * static_cast<Index>(sizeof(From)), sizeof(From));
    to[i] = static_cast<To>(map(value));
  }
}
} // namespace detail

/// Converts `count` elements of a file to `To`. The caller checks that a floating type is not read into an integer type.
template <class To> void convert_from(Dtype type, const std::byte* from, Index count, To* to) {
  const auto same = [](auto value) { return value; };
  switch (type) {
  case Dtype::Bool:
    return detail::convert_elements<To, std::uint8_t>(from, count, to, [](std::uint8_t v) { return v != 0; });
  case Dtype::U8:
    return detail::convert_elements<To, std::uint8_t>(from, count, to, same);
  case Dtype::I16:
    return detail::convert_elements<To, std::int16_t>(from, count, to, same);
  case Dtype::I32:
    return detail::convert_elements<To, std::int32_t>(from, count, to, same);
  case Dtype::I64:
    return detail::convert_elements<To, std::int64_t>(from, count, to, same);
  case Dtype::F16:
    return detail::convert_elements<To, std::uint16_t>(from, count, to, float_from_f16);
  case Dtype::BF16:
    return detail::convert_elements<To, std::uint16_t>(from, count, to, float_from_bf16);
  case Dtype::F32:
    if constexpr (std::is_same_v<To, float>) {
      if (count > 0) std::memcpy(to, from, static_cast<std::size_t>(count) * sizeof(float));
      return;
    }
    return detail::convert_elements<To, float>(from, count, to, same);
  case Dtype::F64:
    return detail::convert_elements<To, double>(from, count, to, same);
  }
}

} // namespace pleat::inline v0_1
