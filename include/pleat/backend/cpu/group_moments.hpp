#pragma once
/// \file  Means and variances per channel of the rows of each group (all rows, or the residue types), in double.

#include <pleat/backend/cpu/device.hpp>
#include <pleat/backend/cpu/simd/lanes.hpp>
#include <pleat/core/tokens.hpp>

#define PLEAT_BODY <pleat/backend/cpu/body/group_moments.inl>
#include <pleat/backend/cpu/simd/for_each_level.inl>

namespace pleat::inline v0_1::cpu {

/// `mean` and `variance` (groups, stride_of(width)), biased, about the mean; zero where a group is empty. `counts` (groups).
template <class T>
void group_moments(const Cpu& cpu, const T* x, const std::uint8_t* tokens, Index rows, Index width, Index groups, double* mean,
                   double* variance, double* counts) {
  for (Index g = 0; g < groups; ++g) counts[g] = 0;
  for (Index r = 0; r < rows; ++r) {
    const Index g = tokens != nullptr ? residue_type(tokens[r]) : 0;
    if (g >= 0) counts[g] += 1;
  }
  cpu.parallel_for(stride_of(width) / 16, [&](Index block) {
    PLEAT_AT_LEVEL(group_moments_of_block<T>(x, tokens, rows, stride_of(width), groups, 16 * block, mean, variance, counts));
  });
}

} // namespace pleat::inline v0_1::cpu
