#pragma once
/// \file  Whether a device has a kernel for every op of a list: asserted at the end of `backend/<device>.hpp`.

#include <pleat/core/kernel.hpp>

namespace pleat::inline v0_1 {

template <class... Ops> struct OpList {};

namespace detail {
template <class Op, class Device>
concept HasKernel = requires {
  sizeof(kernel<Op, Device>);
};
template <class Device, class... Ops> constexpr bool all_kernels(OpList<Ops...>) { return (HasKernel<Ops, Device> && ...); }
} // namespace detail

/// True where `kernel<Op, Device>` is defined for every op of `List`.
template <class Device, class List>
concept CompleteBackend = detail::all_kernels<Device>(List{});

} // namespace pleat::inline v0_1
