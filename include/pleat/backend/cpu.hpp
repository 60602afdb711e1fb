#pragma once
/// \file  The CPU backend, whole: include it once beside pleat.hpp to run models on the CPU.

#include <pleat/backend/cpu/activation.hpp>
#include <pleat/backend/cpu/adamw.hpp>
#include <pleat/backend/cpu/adaptive_norm.hpp>
#include <pleat/backend/cpu/add.hpp>
#include <pleat/backend/cpu/angle_bins.hpp>
#include <pleat/backend/cpu/angle_linear.hpp>
#include <pleat/backend/cpu/attention.hpp>
#include <pleat/backend/cpu/batch_norm.hpp>
#include <pleat/backend/cpu/concat.hpp>
#include <pleat/backend/cpu/cross_entropy.hpp>
#include <pleat/backend/cpu/device.hpp>
#include <pleat/backend/cpu/distance.hpp>
#include <pleat/backend/cpu/embedding.hpp>
#include <pleat/backend/cpu/gather_rows.hpp>
#include <pleat/backend/cpu/group_mean.hpp>
#include <pleat/backend/cpu/invariant_to_equivariant.hpp>
#include <pleat/backend/cpu/layer_norm.hpp>
#include <pleat/backend/cpu/linear.hpp>
#include <pleat/backend/cpu/mix.hpp>
#include <pleat/backend/cpu/normalisation_loss.hpp>
#include <pleat/backend/cpu/one_hot.hpp>
#include <pleat/backend/cpu/one_hot_angle_linear.hpp>
#include <pleat/backend/cpu/one_hot_relational.hpp>
#include <pleat/backend/cpu/pair_product.hpp>
#include <pleat/backend/cpu/pooling.hpp>
#include <pleat/backend/cpu/random.hpp>
#include <pleat/backend/cpu/rbf.hpp>
#include <pleat/backend/cpu/relational_sum.hpp>
#include <pleat/backend/cpu/segment_mean.hpp>
#include <pleat/backend/cpu/sigmoid.hpp>
#include <pleat/backend/cpu/squared_error.hpp>
#include <pleat/backend/cpu/standardise.hpp>
#include <pleat/backend/cpu/time_embedding.hpp>
#include <pleat/backend/cpu/token_norm.hpp>
#include <pleat/backend/cpu/vector_gate.hpp>
#include <pleat/backend/cpu/vector_layer_norm.hpp>
#include <pleat/backend/cpu/vector_norm.hpp>
#include <pleat/backend/cpu/weighted_sum.hpp>
#include <pleat/backend/cpu/zero_rows.hpp>
#include <pleat/ops/model_ops.hpp>

namespace pleat::inline v0_1 {

template <> inline constexpr bool available<Cpu> = true;

static_assert(CompleteBackend<Cpu, ModelOps>,
              "pleat: an op has no kernel on the CPU; include its header in pleat/backend/cpu.hpp.");

} // namespace pleat::inline v0_1
