#pragma once
/// \file  The CUDA backend, whole: included by the sources that nvcc compiles for each model (docs/cuda.md), never by host
/// programs.

#include <pleat/backend/cuda/activation.hpp>
#include <pleat/backend/cuda/adamw.hpp>
#include <pleat/backend/cuda/adaptive_norm.hpp>
#include <pleat/backend/cuda/add.hpp>
#include <pleat/backend/cuda/angle_bins.hpp>
#include <pleat/backend/cuda/angle_linear.hpp>
#include <pleat/backend/cuda/attention.hpp>
#include <pleat/backend/cuda/batch_norm.hpp>
#include <pleat/backend/cuda/concat.hpp>
#include <pleat/backend/cuda/cross_entropy.hpp>
#include <pleat/backend/cuda/distance.hpp>
#include <pleat/backend/cuda/embedding.hpp>
#include <pleat/backend/cuda/gather_rows.hpp>
#include <pleat/backend/cuda/group_mean.hpp>
#include <pleat/backend/cuda/invariant_to_equivariant.hpp>
#include <pleat/backend/cuda/layer_norm.hpp>
#include <pleat/backend/cuda/linear.hpp>
#include <pleat/backend/cuda/mix.hpp>
#include <pleat/backend/cuda/normalisation_loss.hpp>
#include <pleat/backend/cuda/one_hot.hpp>
#include <pleat/backend/cuda/one_hot_angle_linear.hpp>
#include <pleat/backend/cuda/one_hot_relational.hpp>
#include <pleat/backend/cuda/pair_product.hpp>
#include <pleat/backend/cuda/pooling.hpp>
#include <pleat/backend/cuda/random.hpp>
#include <pleat/backend/cuda/rbf.hpp>
#include <pleat/backend/cuda/relational_sum.hpp>
#include <pleat/backend/cuda/segment_mean.hpp>
#include <pleat/backend/cuda/sigmoid.hpp>
#include <pleat/backend/cuda/squared_error.hpp>
#include <pleat/backend/cuda/standardise.hpp>
#include <pleat/backend/cuda/time_embedding.hpp>
#include <pleat/backend/cuda/token_norm.hpp>
#include <pleat/backend/cuda/vector_gate.hpp>
#include <pleat/backend/cuda/vector_layer_norm.hpp>
#include <pleat/backend/cuda/vector_norm.hpp>
#include <pleat/backend/cuda/weighted_sum.hpp>
#include <pleat/backend/cuda/zero_rows.hpp>

#include <pleat/ops/model_ops.hpp>

namespace pleat::inline v0_1 {

template <> inline constexpr bool available<Cuda> = true;

static_assert(CompleteBackend<Cuda, ModelOps>,
              "pleat: an op has no kernel on CUDA; include its header in pleat/backend/cuda.hpp.");

} // namespace pleat::inline v0_1
