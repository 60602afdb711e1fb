#pragma once
/// \file  Rows: the handle of an activation, its width and the kind of its rows part of its type.

#include <type_traits>

#include <pleat/core/segments.hpp>

namespace pleat::inline v0_1 {

/// Reference-counted handle of a block of activations (count, Width), rows `stride_of(Width)` apart, tails zero. When the last
/// handle of an inference pass goes, its block returns to the arena; in training the tape holds handles of what backward reads.
/// Not thread-safe: a pass belongs to one thread. A default-constructed handle is empty.
template <class Context, Index Width, class Space = Token> class Rows {
public:
  using Element = typename Context::Stream;
  static constexpr Index width = Width;
  static constexpr Index stride = stride_of(Width);

  constexpr Rows() = default;
  /// Adopts one reference to value number `value` of `run` (ops only).
  constexpr Rows(Context& run, int value, Index count) : run_(&run), value_(value), count_(count) {}
  constexpr Rows(const Rows& other) : run_(other.run_), value_(other.value_), count_(other.count_) {
    if (run_ != nullptr) run_->hold(value_);
  }
  constexpr Rows(Rows&& other) noexcept : run_(other.run_), value_(other.value_), count_(other.count_) { other.run_ = nullptr; }
  constexpr Rows& operator=(Rows other) noexcept {
    Context* run = run_;
    const int value = value_;
    const Index count = count_;
    run_ = other.run_, value_ = other.value_, count_ = other.count_;
    other.run_ = run, other.value_ = value, other.count_ = count;
    return *this;
  }
  constexpr ~Rows() {
    if (run_ != nullptr) run_->drop(value_);
  }

  constexpr explicit operator bool() const { return run_ != nullptr; }
  constexpr Index count() const { return count_; }
  constexpr int value() const { return value_; }
  constexpr Context& run() const { return *run_; }
  /// (count, stride) elements; null in a plan.
  Element* data() const { return static_cast<Element*>(run_->address(value_)); }
  Element* row(Index i) const { return data() + i * stride; }
  /// Whether a gradient of these rows is wanted (always false outside training).
  constexpr bool wants_gradient() const { return run_ != nullptr && run_->wants(value_); }
  /// The same rows under the name of another space, where an op's meaning changes and the memory does not.
  template <class Other> constexpr Rows<Context, Width, Other> as() const {
    run_->hold(value_);
    return Rows<Context, Width, Other>(*run_, value_, count_);
  }

private:
  Context* run_ = nullptr;
  int value_ = -1;
  Index count_ = 0;
};

namespace detail {
// What ops say to rows that do not belong together, instead of a list of overloads that do not fit.
template <class SpaceA, class SpaceB> constexpr void refuse_mixed_spaces() {
  static_assert(std::is_same_v<SpaceA, SpaceB>,
                "pleat: rows of different kinds (residues, sequences, one number a batch) cannot be "
                "combined row by row; pool or spread one of them first.");
}
template <Index Got, Index Needed> constexpr void refuse_width() {
  static_assert(Got == Needed,
                "pleat: a layer was called with rows of another width than it was made for; check the widths of the model.");
}
} // namespace detail

/// One number of the batch (a loss), differentiable.
template <class Context> using Scalar = Rows<Context, 1, Batch>;

/// What a tape entry stores of a handle: trivially copyable, holds one reference, re-formed once by `run.take`.
template <Index Width, class Space> struct Kept {
  int value = -1;
  Index count = 0;
};

} // namespace pleat::inline v0_1
