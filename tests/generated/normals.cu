// The noise of a pass as its kernel has it, for normals.awk to read.
#include <pleat/backend/cuda/random.hpp>

template __global__ void pleat::cuda::normal_rows<float, 16>(const std::uint32_t*, const pleat::Index*, const std::uint32_t*,
                                                             const pleat::Index*, const pleat::Index*, std::uint32_t, float*,
                                                             const pleat::Index*);
