#include "gpu/device.hpp"

#include <pleat/backend/cuda/stream.hpp>

std::size_t gpu::graphs_of(const pleat::Cuda& device) { return device.stream->graphs(); }
