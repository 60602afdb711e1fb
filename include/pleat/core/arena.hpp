#pragma once
/// \file  Activation memory: one block, deterministic first fit with coalescing, exact high-water mark.

#include <cstring>
#include <memory>
#include <new>

#include <pleat/core/error.hpp>
#include <pleat/core/pile.hpp>

namespace pleat::inline v0_1 {

/// Owner of one aligned block of host memory.
class HostMemory {
public:
  explicit HostMemory(Index bytes = 0) { grow(bytes); }
  std::byte* data() const { return data_.get(); }
  Index size() const { return size_; }
  /// Replaces the block by one of at least `bytes`; its content is lost.
  void grow(Index bytes) {
    if (bytes <= size_) return;
    data_.reset();
    size_ = 0; // a failure below leaves an empty block, not a size without one
    void* block = ::operator new (static_cast<std::size_t>(bytes), std::align_val_t{alignment}, std::nothrow);
    if (block == nullptr)
      fail("out of memory: an arena of ", bytes, " bytes could not be allocated; use a smaller token budget.");
    data_.reset(static_cast<std::byte*>(block));
    size_ = bytes;
  }

private:
  struct Free {
    void operator()(std::byte* block) const { ::operator delete (block, std::align_val_t{alignment}); }
  };
  std::unique_ptr<std::byte, Free> data_;
  Index size_ = 0;
};

/// Bookkeeping of one block by byte offsets. Without an address (a plan) it has no capacity limit, and because the same requests
/// give the same offsets, the high-water mark of the plan is the one of the run.
class Arena {
public:
  constexpr Arena() = default;
  constexpr Arena(std::byte* base, Index capacity) : base_(base), capacity_(capacity) {}

  constexpr Index allocate(Index bytes) {
    bytes = round_up(bytes > 0 ? bytes : 1, alignment);
    used_ += bytes;
    for (Index i = 0; i < holes_.size(); ++i) {
      Hole& hole = holes_[i];
      if (hole.bytes < bytes) continue;
      Index offset = hole.offset;
      hole.offset += bytes, hole.bytes -= bytes;
      if (hole.bytes == 0) holes_.erase(i);
      return offset;
    }
    Index offset = top_;
    top_ += bytes;
    if (top_ > high_water_) high_water_ = top_;
    if (base_ != nullptr && top_ > capacity_)
      fail("the activation arena holds ", capacity_, " bytes but this pass needs more; plan the batch before running it.");
    return offset;
  }

  constexpr void release(Index offset, Index bytes) {
    bytes = round_up(bytes > 0 ? bytes : 1, alignment);
    used_ -= bytes;
    if (poison_ && base_ != nullptr) std::memset(base_ + offset, 0xFF, static_cast<std::size_t>(bytes));
    Index i = 0;
    while (i < holes_.size() && holes_[i].offset < offset) ++i;
    const bool joins_left = i > 0 && holes_[i - 1].offset + holes_[i - 1].bytes == offset;
    const bool joins_right = i < holes_.size() && offset + bytes == holes_[i].offset;
    if (joins_left && joins_right) {
      holes_[i - 1].bytes += bytes + holes_[i].bytes;
      holes_.erase(i);
    } else if (joins_left) {
      holes_[i - 1].bytes += bytes;
    } else if (joins_right) {
      holes_[i].offset = offset, holes_[i].bytes += bytes;
    } else {
      holes_.insert(i, {offset, bytes});
    }
    // The last hole returns to the top, so that a finished pass leaves the arena as it found it.
    if (!holes_.empty() && holes_.back().offset + holes_.back().bytes == top_) {
      top_ = holes_.back().offset;
      holes_.pop();
    }
  }

  /// Starts anew on another block (none: a plan), high-water mark included; keeps the memory of its own bookkeeping.
  constexpr void rebase(std::byte* base = nullptr, Index capacity = 0) {
    reset();
    base_ = base, capacity_ = capacity, high_water_ = 0;
  }
  constexpr void reset() { holes_.clear(), top_ = used_ = 0; }
  constexpr std::byte* at(Index offset) const { return base_ + offset; }
  constexpr Index high_water() const { return high_water_; }
  constexpr Index used() const { return used_; }
  /// Fills released blocks with 0xFF (tests).
  constexpr void poison(bool on) { poison_ = on; }

private:
  struct Hole {
    Index offset = 0, bytes = 0;
  };
  Pile<Hole> holes_; // sorted by offset, never adjacent
  std::byte* base_ = nullptr;
  Index capacity_ = 0, top_ = 0, high_water_ = 0, used_ = 0;
  bool poison_ = false;
};

} // namespace pleat::inline v0_1
