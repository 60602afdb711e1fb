#pragma once
/// \file  Standard normal noise for the rows of a pass, the values of `normal_row` (core/philox.hpp) at the speed of the device.

#include <cstdint>

#include <pleat/core/index.hpp>
#include <pleat/core/kernel.hpp>
#include <pleat/core/philox.hpp>

namespace pleat::inline v0_1 {

struct normals_op;

/// Which noise: row r is `normal_row(key, draw, record[r], position[r])`.
struct NoiseRows {
  NoiseKey key;
  std::uint32_t draw = 0;
  Index rows = 0, width = 0, stride = 0;   ///< elements between rows of the output; elements beyond `width` are not written
  const std::uint32_t* record = nullptr;   ///< (rows)
  const std::uint32_t* position = nullptr; ///< (rows)
};

/// Fills `out` (rows, width); the same bits on any number of threads, at any instruction level and in float and double.
template <class Real, class Device> void normals(const Device& device, const NoiseRows& noise, Real* out) {
  kernel<normals_op, Device>::run(device, noise, out);
}

} // namespace pleat::inline v0_1
