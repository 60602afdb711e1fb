#pragma once
/// \file  The memory of inference passes, one for each thread and one that uses them all, and how jobs are shared out to them.

#include <exception>
#include <memory>
#include <vector>

#include <pleat/core/arena.hpp>
#include <pleat/core/pass.hpp>
#include <pleat/core/threads.hpp>

namespace pleat::inline v0_1 {

/// Inference passes over the same values, each in memory that is planned before it runs. Threads are those of the device.
template <class Device, class Precision = Float32> class Workers {
public:
  class Worker {
  public:
    std::vector<float> dense, more; ///< rows without strides

    /// body(run): on a plan, then for real in the memory that the plan asked for.
    template <class Body> void pass(NoiseKey key, Body&& body) {
      paper_.rebase();
      plan_.restart(key);
      body(plan_);
      memory_.grow(paper_.high_water());
      arena_.rebase(memory_.data(), memory_.size());
      run_.restart(key);
      body(run_);
    }

    /// On all threads of the device, or on one of its own.
    Worker(Device device, const Values<Precision>& values, bool own_pool)
        : pool_(1), memory_(memory_of(device)), plan_(own_pool ? paper_of(device, 1) : paper_of(device), paper_, Values<Precision>{}),
          run_(own_pool ? with_pool(device, pool_) : device, arena_, values) {}

  private:
    static Device with_pool(Device device, [[maybe_unused]] ThreadPool& pool) {
      if constexpr (requires { device.pool; }) device.pool = &pool;
      return device;
    }
    ThreadPool pool_;
    Arena paper_, arena_;
    DeviceBlock<MemoryOf<Device>> memory_;
    Plan<Precision> plan_;
    Inference<Device, Precision> run_;
  };

  /// `values` must outlive this object.
  Workers(Device device, const Values<Precision>& values) : device_(device), values_(values) {}

  /// The one that uses all threads.
  Worker& whole() {
    if (!whole_) whole_ = std::make_unique<Worker>(device_, values_, false);
    return *whole_;
  }
  /// body(worker, job) for jobs 0 ... jobs - 1, each by one thread. After an error a thread takes no more jobs; the error of the
  /// first job that failed is thrown.
  template <class Body> void share(Index jobs, Body&& body) {
    if constexpr (has_own_memory<Device>) { // one stream of work
      for (Index job = 0; job < jobs; ++job) body(whole(), job);
      return;
    } else {
      share_among_threads(jobs, body);
    }
  }

private:
  template <class Body> void share_among_threads(Index jobs, Body& body) {
    const auto threads = static_cast<std::size_t>(device_.threads());
    while (single_.size() < threads) single_.push_back(std::make_unique<Worker>(device_, values_, true));
    std::vector<std::exception_ptr> errors(threads);
    std::vector<Index> failed(threads, jobs);
    device_.pool->parallel_for_with_thread(jobs, [&](Index job, int thread) {
      const auto t = static_cast<std::size_t>(thread);
      if (errors[t]) return;
      try {
        body(*single_[t], job);
      } catch (...) {
        errors[t] = std::current_exception(), failed[t] = job;
      }
    });
    std::size_t first = 0;
    for (std::size_t t = 1; t < threads; ++t)
      if (failed[t] < failed[first]) first = t;
    if (errors[first]) std::rethrow_exception(errors[first]);
  }

  Device device_;
  Values<Precision> values_;
  std::vector<std::unique_ptr<Worker>> single_; // one per thread
  std::unique_ptr<Worker> whole_;
};

} // namespace pleat::inline v0_1
