#pragma once
/// \file  The device seam: an open set of kernels, one specialisation per op and device.

#include <pleat/version.hpp>

namespace pleat::inline v0_1 {

/// Declared here, never defined: an op header `ops/x.hpp` has a tag `x_op` and the plain argument structs of its kernels;
/// `backend/<device>/x.hpp` specialises `kernel<x_op, Device>` with static functions over raw pointers. A device whose kernels
/// are compiled for the widths of a call has them in a member template `At<widths...>` of the specialisation, in the order in
/// which the op names them.
template <class Op, class Device> struct kernel;

/// True where the headers of `Device` have been included: `backend/<device>.hpp` specialises it.
template <class Device> inline constexpr bool available = false;

/// True for a session that is compiled elsewhere, with its kernels: `pleat_add_models` specialises it beside an explicit instantiation.
template <class Session> inline constexpr bool generated = false;

namespace detail {
template <class Session, class Device> constexpr bool require_session() {
  static_assert(available<Device> || generated<Session>,
                "pleat: this session has no kernels for its device. Add its model to MODELS, its session to SESSIONS and its device to "
                "DEVICES of pleat_add_models in CMakeLists.txt and include the header it makes; or, to compile it right here, include "
                "<pleat/backend/cpu.hpp>.");
  return true;
}
template <class Kernel, auto... Widths> struct KernelAt { using type = Kernel; };
template <class Kernel, auto... Widths>
requires requires { typename Kernel::template At<Widths...>; }
struct KernelAt<Kernel, Widths...> {
  using type = typename Kernel::template At<Widths...>;
};
} // namespace detail

} // namespace pleat::inline v0_1
