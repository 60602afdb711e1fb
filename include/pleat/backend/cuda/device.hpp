#pragma once
/// \file  An NVIDIA GPU as a device. This header names no CUDA type: programs that only use sessions include nothing else of it.

#include <memory>
#include <string>

#include <pleat/core/bfloat16.hpp>
#include <pleat/core/mirrored.hpp>

namespace pleat::inline v0_1 {

struct prepare_op; // core/parameters.hpp
namespace cuda {
class Stream;
}

/// Device policy: kernels of `backend/cuda` on one GPU. `Cuda{1}` is the second GPU of the machine. Nothing of the GPU is touched
/// before a session opens it.
struct Cuda {
  static constexpr const char* name = "cuda";
  static constexpr bool own_memory = true;
  int gpu = 0;
  std::shared_ptr<cuda::Stream> stream{}; ///< opened by a session; copies share it

  /// Scratch of the kind that ops keep for each thread of the host: none.
  constexpr int threads() const { return 0; }
  /// Blocks and grids are those of a bucket of counts, so that steps of one bucket are one graph; true counts lie in device
  /// memory.
  static constexpr Index capacity(Index count) { return capacity_of(count); }
  /// Loops of the host, before a run.
  template <class Body> void parallel_for(Index tasks, Body&& body) const {
    for (Index task = 0; task < tasks; ++task) body(task);
  }
};

/// Memory of a GPU: what programs that are compiled without CUDA call of it, when they read values and let go of sessions. The
/// bodies are in the sources that nvcc compiles (stream.hpp).
template <> struct kernel<memory_op, Cuda> {
  static Cuda open(const Cuda& device);
  static std::byte* allocate(const Cuda& device, Index bytes);
  static void release(const Cuda& device, std::byte* block);
  static void zero(const Cuda& device, std::byte* block, Index bytes);
  static void to_device(const Cuda& device, void* to, const void* from, Index bytes);
  static void to_host(const Cuda& device, void* to, const void* from, Index bytes);
  static void begin_pass(const Cuda& device);
};

/// Prepared forms of matrices: none. Products read the values themselves or a rounded copy of them, which is made anew for
/// programs that change values; the body is in linear.hpp.
template <> struct kernel<prepare_op, Cuda> {
  template <class T> static constexpr Index size(Index, Index) { return 0; }
  template <class T, class Parameter> static void run(const Cuda&, T*, const Parameter*, Index, Index, bool) {}
  static void round(const Cuda& device, Bfloat16* to, const float* values, Index count);
};

namespace cuda {

/// Scratch of kernels, and that of cuBLASLt. What the host sends has a block that begins as large as this and doubles where it
/// must.
inline constexpr Index workspace_bytes = Index(64) << 20, product_workspace_bytes = Index(64) << 20,
                       first_staging_bytes = Index(1) << 20;
/// Bytes of a GPU that a stream holds whatever it computes, beside the context of CUDA and the code of kernels.
inline constexpr Index stream_bytes = workspace_bytes + product_workspace_bytes + first_staging_bytes;

/// A GPU as its driver describes it.
struct GpuFacts {
  std::string refusal;         ///< why it cannot be used, one sentence; empty: it can
  std::string name;            ///< "NVIDIA H100 80GB HBM3"
  int capability = 0;          ///< 90 is 9.0
  Index memory = 0;            ///< bytes, all of it
  int driver = 0, runtime = 0; ///< CUDA versions, 13000 is 13.0; 0: none
};
/// Asking opens nothing: the GPU has no context and no memory of this process afterwards. Compiled where sessions are.
GpuFacts gpu_facts(int gpu);
/// Bytes that are free on a GPU, which this opens. \throws Error
Index free_memory(int gpu);

} // namespace cuda

} // namespace pleat::inline v0_1
