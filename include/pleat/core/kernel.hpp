#pragma once
/// \file  The device seam: an open set of kernels, one specialisation per op and device.

#include <pleat/version.hpp>

namespace pleat::inline v0_1 {

/// Declared here, never defined: an op header `ops/x.hpp` has a tag `x_op` and the plain argument structs of its kernels;
/// `backend/<device>/x.hpp` specialises `kernel<x_op, Device>` with static functions over raw pointers.
template <class Op, class Device> struct kernel;

/// True where the headers of `Device` have been included: `backend/<device>.hpp` specialises it.
template <class Device> inline constexpr bool available = false;

} // namespace pleat::inline v0_1
