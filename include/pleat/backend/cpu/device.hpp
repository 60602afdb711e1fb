#pragma once
/// \file  The CPU as a device: a thread pool.

#include <pleat/core/threads.hpp>

namespace pleat::inline v0_1 {

/// Device policy: kernels of `backend/cpu`, run on the threads of one pool.
struct Cpu {
  static constexpr const char* name = "cpu";
  ThreadPool* pool = nullptr; ///< never null once a session runs; not owned

  int threads() const { return pool->size(); }
  template <class Body> void parallel_for(Index tasks, Body&& body) const { pool->parallel_for(tasks, body); }
};

} // namespace pleat::inline v0_1
