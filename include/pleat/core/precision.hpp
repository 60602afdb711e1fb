#pragma once
/// \file  Precision policies: the element type of each role a number can play.

#include <pleat/core/bfloat16.hpp>

namespace pleat::inline v0_1 {

/// Everything in float. The four roles are spelled out because mixed precisions give them different types:
/// `Parameter` (master values, gradients, optimiser), `Stream` (residual stream, norms, losses), `Operand` (what a matrix
/// product reads), `Accumulate` (what it sums in).
struct Float32 {
  using Parameter = float;
  using Stream = float;
  using Operand = float;
  using Accumulate = float;
  static constexpr const char* name = "float32";
};

/// Matrix products and attention of bfloat16 on tensor cores, summed in float; values, gradients, the residual stream, norms and
/// losses are float. On CUDA.
struct Bf16 {
  using Parameter = float;
  using Stream = float;
  using Operand = Bfloat16;
  using Accumulate = float;
  static constexpr const char* name = "bf16";
};

/// Everything in float, of which matrix products read 10 bits of fraction. On CUDA.
struct Tf32 {
  using Parameter = float;
  using Stream = float;
  using Operand = Tensorfloat32;
  using Accumulate = float;
  static constexpr const char* name = "tf32";
};

/// Everything in double: the precision of finite-difference checks and of reference values.
struct Float64 {
  using Parameter = double;
  using Stream = double;
  using Operand = double;
  using Accumulate = double;
  static constexpr const char* name = "float64";
};

/// The largest relative error of an operand: half a unit in its last place.
template <class Precision> inline constexpr double operand_rounding = 0x1p-24;
template <> inline constexpr double operand_rounding<Bf16> = 0x1p-9;
template <> inline constexpr double operand_rounding<Tf32> = 0x1p-11;
template <> inline constexpr double operand_rounding<Float64> = 0x1p-53;

/// Whether a device multiplies the operands of a precision; it says so where it is declared.
template <class Device, class Precision> inline constexpr bool multiplies = true;

namespace detail {
template <class Device, class Precision> constexpr bool require_precision() {
  static_assert(multiplies<Device, Precision>, "pleat: the CPU multiplies numbers as they are stored; choose Float32 or Float64 "
                                               "there. Bf16 and Tf32 are precisions of CUDA.");
  return true;
}
} // namespace detail

/// Whether products read rounded copies of rows and weights, which are apart from them.
template <class Precision>
inline constexpr bool rounds_operands = sizeof(typename Precision::Operand) < sizeof(typename Precision::Stream);

} // namespace pleat::inline v0_1
