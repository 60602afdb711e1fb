#pragma once
/// \file  Marks of functions that kernels of a GPU call as well; they say nothing to other compilers.

/// PLEAT_HOST_DEVICE before a function that is not constexpr; PLEAT_UNROLL before a short loop of a constant count, which nvcc
/// unrolls without being asked.
#if defined(__CUDACC__)
#define PLEAT_HOST_DEVICE __host__ __device__
#define PLEAT_UNROLL
#else
#define PLEAT_HOST_DEVICE
#define PLEAT_UNROLL _Pragma("GCC unroll 16")
#endif
