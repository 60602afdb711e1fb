#pragma once
// What a program that sees no CUDA asks of an opened GPU; compiled by nvcc.
#include <cstddef>

#include <pleat/backend/cuda/device.hpp>

namespace gpu {
std::size_t graphs_of(const pleat::Cuda& device);
}
