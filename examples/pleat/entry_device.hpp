#pragma once
/// \file  Devices as the entries of the registries use them: what is compiled per model.

#include <pleat/backend/cpu/device.hpp>
#include <pleat/backend/cuda/device.hpp>
#include <pleat/core/parameters.hpp>

#include "device_choice.hpp"

namespace tool {

/// A device that was chosen, and what it needs while sessions use it.
template <class Device> class ChosenDevice;
template <> class ChosenDevice<pleat::Cpu> {
public:
  explicit ChosenDevice(const DeviceChoice& choice) : pool_(choice.threads) {}
  pleat::Cpu operator*() { return {&pool_}; }
  int threads() const { return pool_.size(); }

private:
  pleat::ThreadPool pool_;
};
template <> class ChosenDevice<pleat::Cuda> {
public:
  explicit ChosenDevice(const DeviceChoice& choice) : gpu_(pleat::open_device(pleat::Cuda{choice.gpu})) {}
  pleat::Cuda operator*() { return gpu_; }
  int threads() const { return 1; }

private:
  pleat::Cuda gpu_;
};

/// What a pass on the device is planned with.
template <class Device> pleat::Paper paper_of_choice(int threads) {
  if constexpr (pleat::has_own_memory<Device>)
    return pleat::paper_of(Device{});
  else
    return pleat::Paper{threads};
}

} // namespace tool
