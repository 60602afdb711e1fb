#pragma once
/// \file  Batch norm with its own tensors.

#include <pleat/ops/batch_norm.hpp>

namespace pleat::inline v0_1 {

/// Tensors `weight` (Width, starts at 1), `bias` (Width, 0), and as state `running_mean` (0), `running_var` (1),
/// `num_batches_tracked` (0); epsilon 1e-5, momentum 0.1.
template <Index Width> struct BatchNorm {
  BatchNormTensors<Width> tensors;

  constexpr explicit BatchNorm(Layout at)
      : tensors{at.vector<Width>("weight", init::one), at.vector<Width>("bias", init::zero),
                at.state<1, Width>("running_mean", init::zero), at.state<1, Width>("running_var", init::one),
                at.state<1, 1>("num_batches_tracked", init::zero)} {}

  template <class Context, class Space>
  constexpr Rows<Context, Width, Space> operator()(Context& run, const Rows<Context, Width, Space>& x,
                                                   const Segments& groups = {}) const {
    return batch_norm(run, tensors, x, groups);
  }
  /// ReLU(batch norm of x), and `residual` added where there is one.
  template <class Context, class Space>
  constexpr Rows<Context, Width, Space> relu(Context& run, const Rows<Context, Width, Space>& x, const Segments& groups = {},
                                             const Rows<Context, Width, Space>* residual = nullptr) const {
    return batch_norm(run, tensors, x, groups, true, residual);
  }
};

} // namespace pleat::inline v0_1
