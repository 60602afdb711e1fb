#pragma once
/// \file  The key of a pass's random numbers.

#include <cstdint>
#include <pleat/version.hpp>

namespace pleat::inline v0_1 {

/// Counter-based noise has the key (seed, step) and the counter (draw number in the pass, record, position, channel): a record's
/// noise is the same alone, in any batch, with any micro-batching, thread count and device.
struct NoiseKey {
  std::uint64_t seed = 0, step = 0;
};

} // namespace pleat::inline v0_1
