#pragma once
/// \file  The CUDA backend, whole: included by the sources that nvcc compiles for each model (docs/cuda.md), never by host
/// programs.

#include <pleat/backend/cuda/activation.hpp>
#include <pleat/backend/cuda/adamw.hpp>
#include <pleat/backend/cuda/adaptive_norm.hpp>
#include <pleat/backend/cuda/add.hpp>
#include <pleat/backend/cuda/angle_linear.hpp>
#include <pleat/backend/cuda/attention.hpp>
#include <pleat/backend/cuda/cross_entropy.hpp>
#include <pleat/backend/cuda/embedding.hpp>
#include <pleat/backend/cuda/layer_norm.hpp>
#include <pleat/backend/cuda/linear.hpp>
#include <pleat/backend/cuda/mix.hpp>
#include <pleat/backend/cuda/normalisation_loss.hpp>
#include <pleat/backend/cuda/one_hot_angle_linear.hpp>
#include <pleat/backend/cuda/one_hot_relational.hpp>
#include <pleat/backend/cuda/random.hpp>
#include <pleat/backend/cuda/squared_error.hpp>
#include <pleat/backend/cuda/standardise.hpp>
#include <pleat/backend/cuda/time_embedding.hpp>
#include <pleat/backend/cuda/token_norm.hpp>
#include <pleat/backend/cuda/weighted_sum.hpp>
#include <pleat/backend/cuda/zero_rows.hpp>

namespace pleat::inline v0_1 {
template <> inline constexpr bool available<Cuda> = true;
} // namespace pleat::inline v0_1
