#pragma once
/// \file  What kernels ask of the hardware: where a thread is, shared memory, barriers, shuffles, copies that go on by
/// themselves, matrix units. Each has a body for the GPU and one for tests, which run kernels on the host (`PLEAT_CUDA_EMULATOR`
/// names the header that does so). Nothing else in `backend/cuda` uses an intrinsic.

#include <cstdint>
#include <type_traits>

#include <pleat/core/bfloat16.hpp>
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
/// 2^x, at the speed of the hardware: within 2^-22 of it.
__device__ __forceinline__ float exponential_of_two(float x) {
#if defined(__CUDACC__)
  float y;
  asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
  return y;
#else
  return ::exp2f(x);
#endif
}
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
__device__ __forceinline__ float larger_of(float x, float y) { return PLEAT_ON_GPU(fmaxf(x, y), ::fmaxf(x, y)); }
__device__ __forceinline__ double fused(double a, double b, double c) { return PLEAT_ON_GPU(fma(a, b, c), ::fma(a, b, c)); }
__device__ __forceinline__ float fused(float a, float b, float c) { return PLEAT_ON_GPU(fmaf(a, b, c), ::fmaf(a, b, c)); }

// Rounded where they stand, never fused with what they are added to: for numbers that must be those of the host bit for bit.
__device__ __forceinline__ float rounded_product(float a, float b) { return PLEAT_ON_GPU(__fmul_rn(a, b), a * b); }
__device__ __forceinline__ double rounded_product(double a, double b) { return PLEAT_ON_GPU(__dmul_rn(a, b), a * b); }
__device__ __forceinline__ float rounded_sum(float a, float b) { return PLEAT_ON_GPU(__fadd_rn(a, b), a + b); }
__device__ __forceinline__ double rounded_sum(double a, double b) { return PLEAT_ON_GPU(__dadd_rn(a, b), a + b); }

/// Elements of a 16-byte access.
template <class T> inline constexpr int per_access = 16 / static_cast<int>(sizeof(T));
/// Up to 16 bytes of numbers, moved at once: they stand at a multiple of their bytes.
template <class T, int Count = per_access<T>> struct alignas(Count * sizeof(T)) Pack { T at[Count]; };
template <class T> __device__ __forceinline__ Pack<T> load(const T* from) { return *reinterpret_cast<const Pack<T>*>(from); }
template <int Count, class T> __device__ __forceinline__ Pack<T, Count> load(const T* from) {
  return *reinterpret_cast<const Pack<T, Count>*>(from);
}
template <class T, int Count> __device__ __forceinline__ void store(T* to, const Pack<T, Count>& pack) {
  *reinterpret_cast<Pack<T, Count>*>(to) = pack;
}

// --- copies from global to shared memory that go on by themselves
/// Begins to copy 16 bytes, by way of the cache of the processor that other blocks share; both places are multiples of 16 bytes.
__device__ __forceinline__ void async_copy(void* to_shared, const void* from) {
#if defined(__CUDACC__)
  asm volatile("cp.async.ca.shared.global [%0], [%1], 16;" ::"r"(static_cast<unsigned>(__cvta_generic_to_shared(to_shared))),
               "l"(__cvta_generic_to_global(from))
               : "memory");
#else
  emulator::async_copy(to_shared, from);
#endif
}
/// Ends a group of copies of this thread.
__device__ __forceinline__ void async_commit() {
  PLEAT_ON_GPU(asm volatile("cp.async.commit_group;" ::: "memory"), emulator::async_commit());
}
/// Waits for all groups of this thread but the `Pending` newest; what other threads copied is there after a barrier, too.
template <int Pending = 0> __device__ __forceinline__ void async_wait() {
  PLEAT_ON_GPU(asm volatile("cp.async.wait_group %0;" ::"n"(Pending) : "memory"), emulator::async_wait(Pending));
}

// --- bfloat16: rounded to the nearest, ties to even
/// Two of them in 32 bits, the first in the lower half.
__device__ __forceinline__ std::uint32_t pack(float first, float second) {
#if defined(__CUDACC__)
  std::uint32_t both;
  asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(both) : "f"(second), "f"(first));
  return both;
#else
  return bf16_from_float(first) | static_cast<std::uint32_t>(bf16_from_float(second)) << 16;
#endif
}
/// A number as matrix units read it.
template <class To, class From> __device__ __forceinline__ To rounded(From value) {
  if constexpr (std::is_same_v<To, Bfloat16>) {
    static_assert(std::is_same_v<From, float>);
    Bfloat16 one;
    one.bits = static_cast<std::uint16_t>(pack(value, 0.0f));
    return one;
  } else {
    return static_cast<To>(value);
  }
}
/// Rounds and stores up to four numbers at once.
template <int Count> __device__ __forceinline__ void store_rounded(Bfloat16* to, const Pack<float, Count>& values) {
  static_assert(Count == 1 || Count == 2 || Count == 4);
#if defined(__CUDACC__)
  if constexpr (Count == 4)
    *reinterpret_cast<uint2*>(to) = {pack(values.at[0], values.at[1]), pack(values.at[2], values.at[3])};
  else if constexpr (Count == 2)
    *reinterpret_cast<std::uint32_t*>(to) = pack(values.at[0], values.at[1]);
  else
    *to = rounded<Bfloat16>(values.at[0]);
#else
  for (int i = 0; i < Count; ++i) to[i] = rounded<Bfloat16>(values.at[i]);
#endif
}

// --- matrix units. A warp holds matrices of 8 x 8 bfloat16, each lane two neighbours of a row: lane l has (l / 4, 2 (l % 4)) and
// (l / 4, 2 (l % 4) + 1), the first in the lower half. What is larger is made of these.
template <int Count> struct Matrices { std::uint32_t at[Count]; };
/// A (16, 16): upper left, lower left, upper right, lower right.
using FragmentA = Matrices<4>;
/// B (16, 8), transposed: the upper half, the lower half.
using FragmentB = Matrices<2>;
/// C (16, 8): lane l has (l / 4, 2 (l % 4) + {0, 1}), then the same of row l / 4 + 8.
struct FragmentC {
  float at[4];
};

/// c += a b. All lanes of the warp call it.
__device__ __forceinline__ void mma(FragmentC& c, const FragmentA& a, const FragmentB& b) {
#if defined(__CUDACC__)
  asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
               : "+f"(c.at[0]), "+f"(c.at[1]), "+f"(c.at[2]), "+f"(c.at[3])
               : "r"(a.at[0]), "r"(a.at[1]), "r"(a.at[2]), "r"(a.at[3]), "r"(b.at[0]), "r"(b.at[1]));
#else
  emulator::mma(c.at, a.at, b.at);
#endif
}

/// Matrices of 8 x 8 in shared memory, two or four: lane l has the address of row l % 8 of matrix l / 8, a multiple of 16 bytes
/// (of two matrices, the first 16 lanes). They come as they stand, or each transposed.
template <int Count, bool Transposed = false> __device__ __forceinline__ Matrices<Count> load_matrices(const Bfloat16* row) {
  static_assert(Count == 2 || Count == 4);
  Matrices<Count> m;
#if defined(__CUDACC__)
  const auto from = static_cast<unsigned>(__cvta_generic_to_shared(row));
  if constexpr (Count == 4 && Transposed)
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0,%1,%2,%3}, [%4];"
                 : "=r"(m.at[0]), "=r"(m.at[1]), "=r"(m.at[2]), "=r"(m.at[3])
                 : "r"(from)
                 : "memory");
  else if constexpr (Count == 4)
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];"
                 : "=r"(m.at[0]), "=r"(m.at[1]), "=r"(m.at[2]), "=r"(m.at[3])
                 : "r"(from)
                 : "memory");
  else if constexpr (Transposed)
    asm volatile("ldmatrix.sync.aligned.m8n8.x2.trans.shared.b16 {%0,%1}, [%2];"
                 : "=r"(m.at[0]), "=r"(m.at[1])
                 : "r"(from)
                 : "memory");
  else
    asm volatile("ldmatrix.sync.aligned.m8n8.x2.shared.b16 {%0,%1}, [%2];" : "=r"(m.at[0]), "=r"(m.at[1]) : "r"(from) : "memory");
#else
  emulator::load_matrices(m.at, row, Transposed);
#endif
  return m;
}

} // namespace pleat::inline v0_1::cuda
