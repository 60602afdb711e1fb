#pragma once
/// \file  The CPU as a device: a thread pool.

#include <pleat/core/precision.hpp>
#include <pleat/core/threads.hpp>

namespace pleat::inline v0_1 {

/// Device policy: kernels of `backend/cpu`, run on the threads of one pool.
struct Cpu {
  static constexpr const char* name = "cpu";
  ThreadPool* pool = nullptr; ///< never null once a session runs; not owned

  int threads() const { return pool->size(); }
  template <class Body> void parallel_for(Index tasks, Body&& body) const { pool->parallel_for(tasks, body); }
};

// Matrix units of processors are not used.
template <> inline constexpr bool multiplies<Cpu, Bf16> = false;
template <> inline constexpr bool multiplies<Cpu, Tf32> = false;

} // namespace pleat::inline v0_1
