#pragma once
/// \file  The CPU backend, whole: include it once beside pleat.hpp to run models on the CPU.

#include <pleat/backend/cpu/cross_entropy.hpp>
#include <pleat/backend/cpu/device.hpp>
#include <pleat/backend/cpu/layer_norm.hpp>
#include <pleat/backend/cpu/linear.hpp>
#include <pleat/backend/cpu/normalisation_loss.hpp>
#include <pleat/backend/cpu/pooling.hpp>
#include <pleat/backend/cpu/squared_error.hpp>
#include <pleat/backend/cpu/token_norm.hpp>
#include <pleat/backend/cpu/weighted_sum.hpp>

namespace pleat::inline v0_1 {

template <> inline constexpr bool available<Cpu> = true;

} // namespace pleat::inline v0_1
