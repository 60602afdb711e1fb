#pragma once
/// \file  The ops that models and training are made of: what a device must have kernels for.

#include <pleat/core/complete_backend.hpp>
#include <pleat/core/parameters.hpp>
#include <pleat/ops/activation.hpp>
#include <pleat/ops/adamw.hpp>
#include <pleat/ops/adaptive_norm.hpp>
#include <pleat/ops/add.hpp>
#include <pleat/ops/angle_bins.hpp>
#include <pleat/ops/angle_linear.hpp>
#include <pleat/ops/attention.hpp>
#include <pleat/ops/batch_norm.hpp>
#include <pleat/ops/concat.hpp>
#include <pleat/ops/cross_entropy.hpp>
#include <pleat/ops/distance.hpp>
#include <pleat/ops/dropout.hpp>
#include <pleat/ops/embedding.hpp>
#include <pleat/ops/gather_rows.hpp>
#include <pleat/ops/group_mean.hpp>
#include <pleat/ops/invariant_to_equivariant.hpp>
#include <pleat/ops/layer_norm.hpp>
#include <pleat/ops/linear.hpp>
#include <pleat/ops/mix.hpp>
#include <pleat/ops/normalisation_loss.hpp>
#include <pleat/ops/one_hot.hpp>
#include <pleat/ops/one_hot_angle_linear.hpp>
#include <pleat/ops/one_hot_relational.hpp>
#include <pleat/ops/pair_product.hpp>
#include <pleat/ops/pooling.hpp>
#include <pleat/ops/random.hpp>
#include <pleat/ops/rbf.hpp>
#include <pleat/ops/relational_sum.hpp>
#include <pleat/ops/segment_mean.hpp>
#include <pleat/ops/sigmoid.hpp>
#include <pleat/ops/squared_error.hpp>
#include <pleat/ops/standardise.hpp>
#include <pleat/ops/time_embedding.hpp>
#include <pleat/ops/token_norm.hpp>
#include <pleat/ops/vector_gate.hpp>
#include <pleat/ops/vector_layer_norm.hpp>
#include <pleat/ops/vector_norm.hpp>
#include <pleat/ops/weighted_sum.hpp>
#include <pleat/ops/zero_rows.hpp>

namespace pleat::inline v0_1 {

/// Add an op here when it gets its header; the dense algebra of `eval` (ops/dense_algebra.hpp) is apart, since it may come from a
/// library.
using ModelOps = OpList<activation_op, adamw_op, adaptive_norm_op, add_op, angle_bins_op, angle_linear_op, attention_op,
                        batch_norm_op, concat_op, coordinates_op, cross_entropy_op, distance_op, dropout_op, ema_op, embedding_op,
                        gated_add_op, gather_rows_op, group_mean_op, invariant_to_equivariant_op, layer_norm_op, linear_op,
                        mix_op, multivariate_kl_op, one_hot_angle_op, one_hot_op, one_hot_relational_op, pair_product_op,
                        pooling_op, prepare_op, random_op, rbf_op, relational_sum_op, segment_sum_op, sigmoid_op,
                        squared_error_op, squared_norm_op, standardise_op, time_embedding_op, token_norm_op, univariate_kl_op,
                        upload_op, vector_gate_op, vector_layer_norm_op, vector_norm_op, weighted_sum_op, zero_rows_op>;

} // namespace pleat::inline v0_1
