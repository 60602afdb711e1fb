#pragma once
/// \file  The kernels of an optimiser step over flat buffers: AdamW, exponential moving average, squared norm.

#include <pleat/core/index.hpp>
#include <pleat/core/kernel.hpp>

namespace pleat::inline v0_1 {

struct adamw_op;
struct ema_op;
struct squared_norm_op;

/// Elements that one task of these kernels works on. Partitions depend on sizes only, so results do not depend on threads.
inline constexpr Index optimiser_chunk = 4096;

/// A stretch of at most `optimiser_chunk` elements of the flat buffers, with or without weight decay.
struct OptimiserPiece {
  Index offset = 0, size = 0;
  bool decay = true;
};

/// What follows the parameters in the same pass over them: their moving average, average += share (values - average), and what
/// products read instead of them where operands are narrower. Null: nothing.
template <class Real, class Operand = Real> struct Followers {
  Real* average = nullptr;
  double share = 0; ///< 1 copies the values
  Operand* rounded = nullptr;
};

/// One AdamW step: g = gradient * scale;  m = beta1 m + (1 - beta1) g;  v = beta2 v + (1 - beta2) g^2;
/// p = p * (1 - rate * decay) - rate / (1 - beta1^k) * m / (sqrt(v) / sqrt(1 - beta2^k) + epsilon), where scale clips the norm of
/// all gradients. An element that is zero in all four arrays stays zero; where the norm is not finite nothing is changed.
template <class Real, class Operand = Real> struct AdamWStep {
  Real *parameters = nullptr, *first = nullptr, *second = nullptr; ///< updated
  const Real* gradients = nullptr;
  const double* squared_norm = nullptr; ///< of the gradients
  double clip = 0;                      ///< largest norm; 0: no clipping
  double beta1 = 0.9, beta2 = 0.98, epsilon = 1e-8;
  double keep = 1;              ///< 1 - rate * decay, applied in pieces with decay
  double rate = 0;              ///< rate / (1 - beta1^k)
  double second_correction = 1; ///< 1 / sqrt(1 - beta2^k)
  Followers<Real, Operand> followers = {};
};

namespace detail {
// What gradients are multiplied by. The 1e-6 is that of the common implementation: a norm of exactly `clip` is scaled a little,
// too.
template <class Real, class Operand> double clip_scale(const AdamWStep<Real, Operand>& step, double norm) {
  return step.clip > 0 && step.clip < norm + 1e-6 ? step.clip / (norm + 1e-6) : 1.0;
}
} // namespace detail

/// `pieces` lie where the device computes, and so does all that the step points at.
template <class Real, class Operand, class Device>
void adamw(const Device& device, const AdamWStep<Real, Operand>& step, const OptimiserPiece* pieces, Index count) {
  kernel<adamw_op, Device>::run(device, step, pieces, count);
}

/// average = average + share * (values - average), over `size` elements; a share of 1 copies them. Where `squared_norm` is given
/// and not finite, nothing is changed.
template <class Real, class Device>
void ema(const Device& device, Index size, Real* average, const Real* values, double share,
         const double* squared_norm = nullptr) {
  kernel<ema_op, Device>::run(device, size, average, values, share, squared_norm);
}

/// Sum of squares of `values`, accumulated in double over fixed chunks in a fixed order, into `result` on the device; `partials`
/// is scratch for ceil(size / optimiser_chunk) numbers.
template <class Real, class Device>
void squared_norm(const Device& device, Index size, const Real* values, double* partials, double* result) {
  kernel<squared_norm_op, Device>::run(device, size, values, partials, result);
}

} // namespace pleat::inline v0_1
