#pragma once
/// \file  The gate by which kernels reach the GPU.

#include <type_traits>

#include <pleat/backend/cuda/stream.hpp>

namespace pleat::inline v0_1::cuda {

/// Blocks, threads of a block, bytes of shared memory of a block.
struct Grid {
  Index blocks = 1;
  int threads = 256;
  Index shared_bytes = 0;
};
/// Blocks of `threads` for `items` items of `each` threads.
constexpr Grid grid_for(Index items, int each = 1, int threads = 256) {
  const Index per_block = threads / each;
  return {(items + per_block - 1) / per_block, threads, 0};
}

/// The same for a count of a pass: blocks for all counts of its bucket; the kernel is given the true one (`Stream::count`).
constexpr Grid bucket_grid(Index count, Index each = 1, int threads = 256) {
  return grid_for(capacity_of(count) * each, 1, threads);
}

/// Lets blocks of a kernel have so many bytes of shared memory, which from 48 KiB on has to be asked for. \throws Error
inline void allow_shared_memory(const Stream& stream, const void* kernel, Index bytes) {
  if (bytes <= 48 * 1024) return;
  int most = 0;
  check(cudaDeviceGetAttribute(&most, cudaDevAttrMaxSharedMemoryPerBlockOptin, stream.gpu()), stream.gpu(), "asking what it is");
  require(bytes <= most, "GPU ", stream.gpu(), " has ", most,
          " bytes of shared memory for a block and a kernel of this model needs ", bytes,
          "; choose narrower heads, Bf16, or the CPU.");
  check(cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, static_cast<int>(bytes)), stream.gpu(),
        "asking for ", bytes, " bytes of shared memory");
}

/// kernel<<<grid>>>(arguments...), now or when its graph runs. Nothing to do for an empty grid. Arguments are converted to the
/// kernel's parameters, which are pointers and numbers.
template <class... Parameters, class... Arguments>
void launch(const Cuda& device, const Grid& grid, void (*kernel)(Parameters...), const Arguments&... arguments) {
  static_assert(sizeof...(Parameters) == sizeof...(Arguments));
  static_assert((std::is_scalar_v<Parameters> && ...), "kernels take pointers and numbers: a struct has bytes that nobody wrote");
  if (grid.blocks == 0) return;
  Stream& stream = *device.stream;
  stream.fold(kernel, grid.blocks, grid.threads, grid.shared_bytes, static_cast<Parameters>(arguments)...);
  if (!stream.launches()) return;
  allow_shared_memory(stream, reinterpret_cast<const void*>(kernel), grid.shared_bytes);
#if defined(__CUDACC__)
  [&](Parameters... values) {
    void* pointers[] = {&values...};
    check(cudaLaunchKernel(reinterpret_cast<const void*>(kernel), dim3(static_cast<unsigned>(grid.blocks)),
                           dim3(static_cast<unsigned>(grid.threads)), pointers, static_cast<std::size_t>(grid.shared_bytes),
                           stream.handle()),
          stream.gpu(), "launching a kernel");
  }(static_cast<Parameters>(arguments)...);
#else
  emulator::enqueue(stream.handle(), [=, values = std::tuple<Parameters...>(static_cast<Parameters>(arguments)...)] {
    const std::function<void()> body = [&] { std::apply(kernel, values); };
    emulator::run(grid.blocks, grid.threads, static_cast<std::size_t>(grid.shared_bytes), body);
  });
#endif
}

} // namespace pleat::inline v0_1::cuda
