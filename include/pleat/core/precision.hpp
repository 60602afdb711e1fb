#pragma once
/// \file  Precision policies: the element type of each role a number can play.

#include <pleat/version.hpp>

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

/// Everything in double: the precision of finite-difference checks and of reference values.
struct Float64 {
  using Parameter = double;
  using Stream = double;
  using Operand = double;
  using Accumulate = double;
  static constexpr const char* name = "float64";
};

} // namespace pleat::inline v0_1
