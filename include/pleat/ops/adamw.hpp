#pragma once
/// \file  The kernels of an optimiser step over flat buffers: AdamW, exponential moving average, squared norm.

#include <span>

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

/// One AdamW step: g = gradient * gradient_scale;  m = beta1 m + (1 - beta1) g;  v = beta2 v + (1 - beta2) g^2;
/// p = p * (1 - rate * decay) - rate / (1 - beta1^k) * m / (sqrt(v) / sqrt(1 - beta2^k) + epsilon).
/// An element that is zero in all four arrays stays zero.
template <class Real> struct AdamWStep {
  Real *parameters = nullptr, *first = nullptr, *second = nullptr; ///< updated
  const Real* gradients = nullptr;
  double gradient_scale = 1, beta1 = 0.9, beta2 = 0.98, epsilon = 1e-8;
  double keep = 1;              ///< 1 - rate * decay, applied in pieces with decay
  double rate = 0;              ///< rate / (1 - beta1^k)
  double second_correction = 1; ///< 1 / sqrt(1 - beta2^k)
};

template <class Real, class Device>
void adamw(const Device& device, const AdamWStep<Real>& step, std::span<const OptimiserPiece> pieces) {
  kernel<adamw_op, Device>::run(device, step, pieces);
}

/// average = average + share * (values - average), over `size` elements.
template <class Real, class Device> void ema(const Device& device, Index size, Real* average, const Real* values, double share) {
  kernel<ema_op, Device>::run(device, size, average, values, share);
}

/// Sum of squares of `values`, accumulated in double over fixed chunks in a fixed order; `partials` is scratch for
/// ceil(size / optimiser_chunk) numbers.
template <class Real, class Device>
double squared_norm(const Device& device, Index size, const Real* values, std::span<double> partials) {
  return kernel<squared_norm_op, Device>::run(device, size, values, partials);
}

} // namespace pleat::inline v0_1
