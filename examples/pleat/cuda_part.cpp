/// \file  The part for NVIDIA GPUs of a tool that was built without it. With PLEAT_TOOL_CUDA, cuda_part.cpp.in stands here.

#include "cuda_part.hpp"

namespace tool {

const CudaPart& cuda_part() {
  static const CudaPart none;
  return none;
}

} // namespace tool
