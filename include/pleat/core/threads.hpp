#pragma once
/// \file  A small fixed pool of std::threads behind `parallel_for`, with partitions that depend on nothing but the counts.

#include <atomic>
#include <condition_variable>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include <pleat/core/index.hpp>

namespace pleat::inline v0_1 {

/// Runs tasks 0 … n-1, each exactly once, on `size()` threads (the caller is one of them). Which thread runs a task is
/// unspecified; results must not depend on it, so reductions write one partial per task and are folded in task order.
class ThreadPool {
public:
  /// `threads` = 0: one per hardware thread. Where the system gives fewer, the pool has those: results do not depend on it.
  explicit ThreadPool(int threads = 0) {
    int n = threads > 0 ? threads : static_cast<int>(std::thread::hardware_concurrency());
    try {
      for (int i = 1; i < n; ++i) workers_.emplace_back([this, i] { work(i); });
    } catch (const std::exception&) { // no more threads, or no memory for one: those that run stay
    }
  }
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;
  ~ThreadPool() {
    {
      std::lock_guard lock(mutex_);
      stop_ = true;
    }
    wake_.notify_all();
    for (auto& worker : workers_) worker.join();
  }

  int size() const { return static_cast<int>(workers_.size()) + 1; }

  /// Calls `body(task)` for every task in [0, tasks). `body` must not throw and must not call the pool again.
  template <class Body> void parallel_for(Index tasks, Body&& body) {
    if (tasks <= 1 || workers_.empty()) {
      for (Index task = 0; task < tasks; ++task) body(task);
      return;
    }
    auto call = [](void* state, Index task) { (*static_cast<std::remove_reference_t<Body>*>(state))(task); };
    run(tasks, call, const_cast<void*>(static_cast<const void*>(&body)));
  }

  /// As above, and `body(task, thread)` also learns which of the `size()` threads it runs on (for private workspaces).
  template <class Body> void parallel_for_with_thread(Index tasks, Body&& body) {
    // A thread of another pool that calls this one is thread 0 here.
    auto with_thread = [this, &body](Index task) { body(task, current().pool == this ? current().number : 0); };
    parallel_for(tasks, with_thread);
  }

private:
  using Call = void (*)(void*, Index);

  struct Current {
    const ThreadPool* pool = nullptr;
    int number = 0;
  };
  static Current& current() {
    thread_local Current current;
    return current;
  }

  // A generation counter announces a job; spinning briefly before sleeping keeps the cost of a small op below ~2 us.
  void run(Index tasks, Call call, void* state) {
    call_ = call, state_ = state, tasks_ = tasks;
    next_.store(0, std::memory_order_relaxed);
    busy_.store(static_cast<int>(workers_.size()), std::memory_order_relaxed);
    {
      std::lock_guard lock(mutex_);
      generation_.fetch_add(1, std::memory_order_release);
    }
    wake_.notify_all();
    drain();
    for (int spin = 0; busy_.load(std::memory_order_acquire) != 0; ++spin) spin < 2000 ? pause() : std::this_thread::yield();
  }

  void drain() {
    for (Index task; (task = next_.fetch_add(1, std::memory_order_relaxed)) < tasks_;) call_(state_, task);
  }

  void work(int number) {
    current() = {this, number};
    for (unsigned seen = 0;;) {
      for (int spin = 0; spin < 2000 && generation_.load(std::memory_order_acquire) == seen; ++spin) pause();
      if (generation_.load(std::memory_order_acquire) == seen) {
        std::unique_lock lock(mutex_);
        wake_.wait(lock, [&] { return stop_ || generation_.load(std::memory_order_relaxed) != seen; });
        if (stop_) return;
      }
      seen = generation_.load(std::memory_order_acquire);
      drain();
      busy_.fetch_sub(1, std::memory_order_release);
    }
  }

  static void pause() {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#endif
  }

  std::vector<std::thread> workers_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::atomic<unsigned> generation_{0};
  std::atomic<Index> next_{0};
  std::atomic<int> busy_{0};
  Index tasks_ = 0;
  Call call_ = nullptr;
  void* state_ = nullptr;
  bool stop_ = false;
};

} // namespace pleat::inline v0_1
