#pragma once
/// \file  A thread that makes the items of coming steps while the current one is used.

#include <condition_variable>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <pleat/core/error.hpp>
#include <pleat/core/index.hpp>
#include <thread>
#include <utility>

namespace pleat::inline v0_1 {

/// Hands out make(first), make(first + 1), ... in order; at most `depth` items wait. `make` runs on one other thread and must
/// depend on the step only (as `BatchPlan::batch` does), then results do not depend on timing. What it throws comes out of
/// `next`.
template <class Item> class Prefetch {
public:
  explicit Prefetch(std::function<Item(Index)> make, Index first = 0, Index depth = 2) : make_(std::move(make)), depth_(depth) {
    require(depth > 0, "A prefetch queue holds at least one item.");
    restart(first);
  }
  Prefetch(const Prefetch&) = delete;
  Prefetch& operator=(const Prefetch&) = delete;
  ~Prefetch() { stop(); }

  /// The step that `next` will give.
  Index step() const { return step_; }

  Item next() {
    std::unique_lock lock(mutex_);
    filled_.wait(lock, [this] { return !ready_.empty() || error_; });
    if (ready_.empty()) std::rethrow_exception(error_);
    Item item = std::move(ready_.front());
    ready_.pop_front();
    ++step_;
    lock.unlock();
    taken_.notify_one();
    return item;
  }

  /// Drops what waits and continues at `step`.
  void restart(Index step) {
    stop();
    ready_.clear();
    error_ = nullptr;
    stopping_ = false;
    step_ = step;
    worker_ = std::thread([this, step] { run(step); });
  }

private:
  void run(Index step) {
    try {
      for (;; ++step) {
        {
          std::unique_lock lock(mutex_);
          taken_.wait(lock, [this] { return stopping_ || static_cast<Index>(ready_.size()) < depth_; });
          if (stopping_) return;
        }
        Item item = make_(step);
        const std::scoped_lock lock(mutex_);
        ready_.push_back(std::move(item));
        filled_.notify_one();
      }
    } catch (...) {
      const std::scoped_lock lock(mutex_);
      error_ = std::current_exception();
      filled_.notify_one();
    }
  }
  void stop() {
    {
      const std::scoped_lock lock(mutex_);
      stopping_ = true;
    }
    taken_.notify_one();
    if (worker_.joinable()) worker_.join();
  }

  std::function<Item(Index)> make_;
  Index depth_;
  Index step_ = 0;
  std::mutex mutex_;
  std::condition_variable filled_, taken_;
  std::deque<Item> ready_;
  std::exception_ptr error_;
  bool stopping_ = false;
  std::thread worker_;
};

} // namespace pleat::inline v0_1
