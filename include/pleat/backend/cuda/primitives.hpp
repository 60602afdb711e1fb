#pragma once
/// \file  What kernels ask of the hardware: where a thread is, shared memory, barriers, shuffles. Each has a body for the GPU and
/// one for tests, which run kernels on the host (`PLEAT_CUDA_EMULATOR` names the header that does so). Nothing else in
/// `backend/cuda` uses an intrinsic.

#include <pleat/core/index.hpp>

#if defined(__CUDACC__)
#include <cuda_runtime.h>
#define PLEAT_ON_GPU(device_body, host_body) device_body
#define PLEAT_IN_TESTS(...)
#elif defined(PLEAT_CUDA_EMULATOR)
#include PLEAT_CUDA_EMULATOR
#define PLEAT_ON_GPU(device_body, host_body) host_body
#define PLEAT_IN_TESTS(...) __VA_ARGS__
#else
#error "pleat: <pleat/backend/cuda.hpp> is compiled by nvcc; host programs declare their sessions `extern template` instead."
#endif

namespace pleat::inline v0_1::cuda {

inline constexpr int warp_size = 32;

// --- where a thread is: blocks and grids have one dimension
__device__ __forceinline__ int thread() { return PLEAT_ON_GPU(static_cast<int>(threadIdx.x), emulator::thread()); }
__device__ __forceinline__ int threads() { return PLEAT_ON_GPU(static_cast<int>(blockDim.x), emulator::threads()); }
__device__ __forceinline__ Index block() { return PLEAT_ON_GPU(static_cast<Index>(blockIdx.x), emulator::block()); }
__device__ __forceinline__ Index blocks() { return PLEAT_ON_GPU(static_cast<Index>(gridDim.x), emulator::blocks()); }
__device__ __forceinline__ int lane() { return thread() % warp_size; }
__device__ __forceinline__ int warp() { return thread() / warp_size; }
__device__ __forceinline__ Index global_thread() { return block() * threads() + thread(); }
__device__ __forceinline__ Index all_threads() { return blocks() * threads(); }

/// Shared memory of the block as one T, not initialised: launched with sizeof(T) bytes of it (launch.hpp). One a kernel.
template <class T> __device__ __forceinline__ T& shared_memory() {
  static_assert(alignof(T) <= 16);
#if defined(__CUDACC__)
  extern __shared__ __align__(16) unsigned char pleat_shared_bytes[];
  asm volatile("// shared memory: %0 bytes" ::"n"(sizeof(T))); // no instruction: a note for those who read what nvcc made
  return *reinterpret_cast<T*>(pleat_shared_bytes);
#else
  return *static_cast<T*>(emulator::shared_memory(sizeof(T)));
#endif
}

/// All threads of the block wait for each other, and see what the others wrote.
__device__ __forceinline__ void barrier() { PLEAT_ON_GPU(__syncthreads(), emulator::barrier()); }
/// The same within a warp.
__device__ __forceinline__ void warp_barrier() { PLEAT_ON_GPU(__syncwarp(), emulator::warp_barrier()); }

/// The value of the lane whose number differs by `mask`. All lanes of the warp call it.
template <class T> __device__ __forceinline__ T shuffle_xor(T value, int mask) {
  return PLEAT_ON_GPU(__shfl_xor_sync(0xFFFFFFFFu, value, mask), emulator::shuffle(value, emulator::lane() ^ mask));
}
/// The value of lane `from`.
template <class T> __device__ __forceinline__ T shuffle(T value, int from) {
  return PLEAT_ON_GPU(__shfl_sync(0xFFFFFFFFu, value, from), emulator::shuffle(value, from));
}

/// Sum over groups of `Lanes` neighbouring lanes (a power of two up to 32), the same bits in each of them.
template <int Lanes = warp_size, class T> __device__ __forceinline__ T group_sum(T value) {
#pragma unroll
  for (int mask = Lanes / 2; mask > 0; mask /= 2) value += shuffle_xor(value, mask);
  return value;
}
template <int Lanes = warp_size, class T> __device__ __forceinline__ T group_max(T value) {
#pragma unroll
  for (int mask = Lanes / 2; mask > 0; mask /= 2) {
    const T other = shuffle_xor(value, mask);
    value = other > value ? other : value;
  }
  return value;
}

/// Sum over all threads of the block, the same bits in each of them; `scratch` has a place for each warp. Ends with a barrier.
template <class T> __device__ __forceinline__ T block_sum(T value, T* scratch) {
  value = group_sum(value);
  if (lane() == 0) scratch[warp()] = value;
  barrier();
  T sum = 0;
  for (int w = 0; w < threads() / warp_size; ++w) sum += scratch[w];
  barrier();
  return sum;
}

// --- functions of numbers. Those of double are the reference that kernels are tested in.
__device__ __forceinline__ float exponential(float x) { return PLEAT_ON_GPU(expf(x), ::expf(x)); }
__device__ __forceinline__ double exponential(double x) { return PLEAT_ON_GPU(exp(x), ::exp(x)); }
__device__ __forceinline__ float logarithm(float x) { return PLEAT_ON_GPU(logf(x), ::logf(x)); }
__device__ __forceinline__ double logarithm(double x) { return PLEAT_ON_GPU(log(x), ::log(x)); }
__device__ __forceinline__ float square_root(float x) { return PLEAT_ON_GPU(sqrtf(x), ::sqrtf(x)); }
__device__ __forceinline__ double square_root(double x) { return PLEAT_ON_GPU(sqrt(x), ::sqrt(x)); }
__device__ __forceinline__ float error_function(float x) { return PLEAT_ON_GPU(erff(x), ::erff(x)); }
__device__ __forceinline__ double error_function(double x) { return PLEAT_ON_GPU(erf(x), ::erf(x)); }
__device__ __forceinline__ float hyperbolic_tangent(float x) { return PLEAT_ON_GPU(tanhf(x), ::tanhf(x)); }
__device__ __forceinline__ double hyperbolic_tangent(double x) { return PLEAT_ON_GPU(tanh(x), ::tanh(x)); }
__device__ __forceinline__ float power(float x, float y) { return PLEAT_ON_GPU(powf(x, y), ::powf(x, y)); }
__device__ __forceinline__ double power(double x, double y) { return PLEAT_ON_GPU(pow(x, y), ::pow(x, y)); }
__device__ __forceinline__ void sine_cosine(double x, double* s, double* c) {
  PLEAT_ON_GPU(sincos(x, s, c), (*s = ::sin(x), *c = ::cos(x)));
}
__device__ __forceinline__ double fused(double a, double b, double c) { return PLEAT_ON_GPU(fma(a, b, c), ::fma(a, b, c)); }
__device__ __forceinline__ float fused(float a, float b, float c) { return PLEAT_ON_GPU(fmaf(a, b, c), ::fmaf(a, b, c)); }

// Rounded where they stand, never fused with what they are added to: for numbers that must be those of the host bit for bit.
__device__ __forceinline__ float rounded_product(float a, float b) { return PLEAT_ON_GPU(__fmul_rn(a, b), a * b); }
__device__ __forceinline__ double rounded_product(double a, double b) { return PLEAT_ON_GPU(__dmul_rn(a, b), a * b); }
__device__ __forceinline__ float rounded_sum(float a, float b) { return PLEAT_ON_GPU(__fadd_rn(a, b), a + b); }
__device__ __forceinline__ double rounded_sum(double a, double b) { return PLEAT_ON_GPU(__dadd_rn(a, b), a + b); }

/// Elements of a 16-byte access.
template <class T> inline constexpr int per_access = 16 / static_cast<int>(sizeof(T));
/// Numbers that are moved at once, 16 bytes of them or fewer.
template <class T, int Count = per_access<T>> struct alignas(sizeof(T) * Count) Pack { T at[Count]; };
template <class T> __device__ __forceinline__ Pack<T> load(const T* from) { return *reinterpret_cast<const Pack<T>*>(from); }
template <class T, int Count> __device__ __forceinline__ void store(T* to, const Pack<T, Count>& pack) {
  *reinterpret_cast<Pack<T, Count>*>(to) = pack;
}

} // namespace pleat::inline v0_1::cuda
