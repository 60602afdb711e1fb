#pragma once
/// \file  Errors of the CUDA runtime as one sentence: the call, the GPU, and what to do.

#include <pleat/backend/cuda/primitives.hpp>
#include <pleat/core/error.hpp>

namespace pleat::inline v0_1::cuda {

/// Compute capabilities below this have no asynchronous copies and no bf16 tensor cores.
inline constexpr int least_capability = 80;

/// What a user can do about an error.
inline const char* remedy(cudaError_t error) {
  switch (error) {
  case cudaErrorNoDevice:
    return "there is no NVIDIA GPU that this process may use; run on the CPU, or look at CUDA_VISIBLE_DEVICES";
  case cudaErrorInsufficientDriver:
    return "the driver is older than the CUDA version this program was built with; update the driver";
  case cudaErrorMemoryAllocation:
    return "its memory does not suffice; use a smaller token budget, or free memory that others hold";
  case cudaErrorNoKernelImageForDevice:
    return "this program holds no code for it; build with its architecture in ARCHITECTURES of pleat_add_models";
  case cudaErrorInvalidDevice:
    return "there is no GPU of this number; give a smaller one";
  default:
    return "this is a fault of pleat or of the GPU; please report it with the command that led to it";
  }
}

template <class... What> void check(cudaError_t error, int gpu, const What&... what) {
  if (error == cudaSuccess) [[likely]]
    return;
  cudaGetLastError(); // a later call must not report this one
  int driver = 0;     // where none is installed, the runtime calls it too old
  if (error == cudaErrorInsufficientDriver && cudaDriverGetVersion(&driver) == cudaSuccess && driver == 0)
    error = cudaErrorNoDevice;
  fail("GPU ", gpu, ": ", what..., " failed (", cudaGetErrorString(error), "): ", remedy(error), ".");
}

} // namespace pleat::inline v0_1::cuda
