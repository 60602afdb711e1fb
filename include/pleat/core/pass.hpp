#pragma once
/// \file  The contexts of a forward pass: Inference computes, Training also records a tape, a Plan only counts.

#include <cstring>
#include <memory>
#include <type_traits>

#include <pleat/core/arena.hpp>
#include <pleat/core/host_rows.hpp>
#include <pleat/core/kernel.hpp>
#include <pleat/core/layout.hpp>
#include <pleat/core/mirrored.hpp>
#include <pleat/core/philox.hpp>
#include <pleat/core/precision.hpp>
#include <pleat/core/rows.hpp>

namespace pleat::inline v0_1 {

/// Kernel seam of numbers that come from the host: run(device, to, from, count); `from` need not outlive the call.
struct upload_op {};

/// The device of a plan: nothing is computed, no memory has an address.
struct Paper {
  static constexpr const char* name = "paper";
  int thread_count = 1; ///< of the device that is planned for: scratch memory of some ops is per thread
  bool shares = false;  ///< whether blocks have the capacity of their counts there
  constexpr int threads() const { return thread_count; }
  constexpr Index capacity(Index count) const { return shares ? capacity_of(count) : count; }
};
/// The plan of a device.
template <class Device> constexpr Paper paper_of(const Device& device, int threads) {
  return {threads, requires {device.capacity(Index(1));
}
};
}
template <class Device> constexpr Paper paper_of(const Device& device) { return paper_of(device, device.threads()); }
template <> inline constexpr bool available<Paper> = true;

/// What a pass costs, counted by a plan.
struct Cost {
  double flops = 0; ///< multiplications and additions
  double bytes = 0; ///< read and written by ops
};

/// Where the values of a model are during a pass; no ownership.
template <class Precision> struct Values {
  using Parameter = typename Precision::Parameter;
  const Parameter* store[store_count] = {};                      ///< trained, frozen, state
  const typename Precision::Operand* operands[store_count] = {}; ///< what products read of them: the same, or rounded copies
  Parameter* gradient = nullptr;                                 ///< of the trained store; ops add to it
  void* owner = nullptr;                                         ///< the Parameters object, for prepared forms
  const void* (*prepare)(void* owner, int product, bool transposed) = nullptr;
};

/// A proposed new value of a state tensor, committed by the trainer after the step.
struct Proposal {
  Index state = 0; ///< offset in the state store
  Index size = 0;  ///< elements
  int value = -1;  ///< where the new value is
};

/// One forward pass (and its backward). Device, precision and mode are types, so the model text below them is the same.
template <class DevicePolicy, class PrecisionPolicy, bool Records> class Pass {
public:
  static_assert(detail::require_precision<DevicePolicy, PrecisionPolicy>());
  using Device = DevicePolicy;
  using Precision = PrecisionPolicy;
  using Parameter = typename Precision::Parameter;
  using Stream = typename Precision::Stream;
  static constexpr bool computes = !std::is_same_v<Device, Paper>;
  static constexpr bool records = Records;

  constexpr Pass(Device device, Arena& arena, const Values<Precision>& values, NoiseKey key = {})
      : device_(device), arena_(&arena), values_(values), key_(key) {}
  Pass(const Pass&) = delete;
  Pass& operator=(const Pass&) = delete;

  /// Starts a new pass on the same memory; handles of the last one must be gone.
  constexpr void restart(NoiseKey key) {
    if constexpr (has_own_memory<Device>) kernel<memory_op, Device>::begin_pass(device_);
    arena_->reset();
    table_.clear(), vacant_.clear(), entries_.clear(), proposals_.clear();
    payload_.clear();
    key_ = key, draws_ = 0, cost_ = {};
  }

  // --- values
  // -------------------------------------------------------------------------------------------------------------------
  /// New rows, not initialised.
  template <Index Width, class Space = Token> constexpr Rows<Pass, Width, Space> rows(Index count) {
    return Rows<Pass, Width, Space>(*this, allocate(count, stride_of(Width) * static_cast<Index>(sizeof(Stream))), count);
  }
  /// Scratch or saved numbers of any type, `each` for each of `count`: rows of bytes that are no activation (no gradient).
  template <class T> constexpr Rows<Pass, 1, T> buffer(Index count, Index each = 1) {
    return Rows<Pass, 1, T>(*this, allocate(count, each * static_cast<Index>(sizeof(T))), count * each);
  }

  // Holders of a value; for handles. The block of a value without holders returns to the arena.
  constexpr void hold(int value) { ++table_[value].holders; }
  constexpr void drop(int value) {
    Value& v = table_[value];
    if (--v.holders > 0) return;
    const int operands = v.operands;
    arena_->release(v.offset, v.bytes);
    v.offset = -1;
    if constexpr (!Records) vacant_.push(value);
    if (operands >= 0) drop(operands);
  }
  /// The copy that products read in the place of a value (ops/operands.hpp), -1: none yet. It lives as long as the value does.
  constexpr int operands(int value) const { return table_[value].operands; }
  constexpr void set_operands(int value, int copy) {
    hold(copy);
    table_[value].operands = copy;
  }
  void* address(int value) const { return arena_->at(table_[value].offset); }
  template <class T> T* data(const Rows<Pass, 1, T>& buffer) const { return static_cast<T*>(address(buffer.value())); }

  // --- parameters
  // ---------------------------------------------------------------------------------------------------------------
  /// First element of a tensor: rows `stride_of(columns)` apart.
  template <class Handle> const Parameter* data(const Handle& handle) const {
    return values_.store[static_cast<int>(handle.store)] + handle.offset;
  }
  /// The same as products read it that need no prepared form.
  template <class Handle> const typename Precision::Operand* operand(const Handle& handle) const {
    return values_.operands[static_cast<int>(handle.store)] + handle.offset;
  }
  /// The form of a matrix that products read; made once per version of the parameters.
  template <Index Out, Index In>
  const typename Precision::Operand* prepared(const Matrix<Out, In>& weight, bool transposed) const {
    if constexpr (rounds_operands<Precision>)
      return operand(weight);
    else
      return static_cast<const typename Precision::Operand*>(values_.prepare(values_.owner, weight.product, transposed));
  }
  /// Where the gradient of a trained tensor is summed.
  template <class Handle> Parameter* gradient(const Handle& handle) const { return values_.gradient + handle.offset; }
  /// Whether a gradient of this tensor is wanted.
  template <class Handle> constexpr bool trains(const Handle& handle) const {
    return Records && untaped_ == 0 && handle.store == Store::Trained;
  }

  // --- tape
  // ---------------------------------------------------------------------------------------------------------------------
  constexpr bool recording() const { return Records && untaped_ == 0; }

  /// While this object lives, nothing is recorded (frozen models inside a training pass).
  class Untaped {
  public:
    constexpr explicit Untaped(Pass& run) : run_(&run) { ++run_->untaped_; }
    Untaped(const Untaped&) = delete;
    Untaped& operator=(const Untaped&) = delete;
    constexpr ~Untaped() { --run_->untaped_; }

  private:
    Pass* run_;
  };

  template <Index Width, class Space> constexpr Kept<Width, Space> keep(const Rows<Pass, Width, Space>& rows) {
    hold(rows.value());
    return {rows.value(), rows.count()};
  }
  template <Index Width, class Space> Rows<Pass, Width, Space> take(const Kept<Width, Space>& kept) {
    return Rows<Pass, Width, Space>(*this, kept.value, kept.count);
  }
  constexpr bool wants(int value) const { return Records && table_[value].wants; }
  /// Declares that a gradient of these rows is wanted (outputs of recorded ops; inputs under a gradient check).
  template <Index Width, class Space> constexpr void want(const Rows<Pass, Width, Space>& rows) {
    if constexpr (Records) table_[rows.value()].wants = true;
  }

  /// Records `backward`, a trivially copyable function object called as backward(run) when the tape unwinds.
  template <class Backward> void record(const Backward& backward) {
    static_assert(std::is_trivially_copyable_v<Backward>,
                  "pleat: what a tape entry stores must be trivially copyable; keep handles with run.keep and spans by pointer.");
    const Index at = round_up(payload_.size(), static_cast<Index>(alignof(std::max_align_t)));
    payload_.resize(at + static_cast<Index>(sizeof(Backward)));
    std::memcpy(payload_.data() + at, &backward, sizeof(Backward));
    entries_.push({[](Pass& run, const std::byte* payload) {
                     alignas(Backward) std::byte copy[sizeof(Backward)];
                     std::memcpy(copy, payload, sizeof(Backward));
                     (*std::launder(reinterpret_cast<const Backward*>(copy)))(run);
                   },
                   at});
  }

  /// Gradient of an op's own output, to be read once by its backward; empty when nothing depends on the output. The block is
  /// released when the handle goes.
  template <Index Width, class Space> Rows<Pass, Width, Space> take_gradient(int value, Index count) {
    const int gradient = table_[value].gradient;
    table_[value].gradient = -1;
    if (gradient < 0) return {};
    (void)count;
    return Rows<Pass, Width, Space>(*this, gradient, count);
  }
  /// Where an op writes its contribution to the gradient of one of its inputs. The first one overwrites, later ones add.
  struct Contribution {
    Stream* data = nullptr;
    bool accumulate = false;
    explicit operator bool() const { return wanted; }
    bool wanted = false;
  };
  /// The contribution of this entry to the gradient of rows `value` (count, Width); false where nobody wants one.
  template <Index Width> Contribution contribute(int value, Index count) {
    if (!wants(value)) return {};
    const bool first = table_[value].gradient < 0;
    if (first) {
      const int gradient = allocate(count, stride_of(Width) * static_cast<Index>(sizeof(Stream)));
      table_[value].gradient = gradient;
    }
    return {computes ? static_cast<Stream*>(address(table_[value].gradient)) : nullptr, !first, true};
  }
  /// Hands a whole gradient on to `value` without copying where it is the first contribution; returns false where the caller
  /// must add it itself (or nobody wants it).
  template <Index Width, class Space> bool hand_on(Rows<Pass, Width, Space>& gradient, int value) {
    if (!wants(value)) return true;
    if (table_[value].gradient >= 0) return false;
    hold(gradient.value());
    table_[value].gradient = gradient.value();
    gradient = {};
    return true;
  }

  /// Unwinds the tape from d loss / d loss = `scale`. Gradients of parameters are added to the gradient store.
  template <class Space> void backward(const Rows<Pass, 1, Space>& loss, double scale = 1) {
    static_assert(Records, "pleat: backward needs a Training pass; this is an Inference pass.");
    if (wants(loss.value())) {
      auto seed = contribute<1>(loss.value(), 1);
      if constexpr (computes) {
        double numbers[stride_of(1)] = {scale};
        kernel<upload_op, Device>::run(device_, seed.data, numbers, stride_of(1));
      }
    }
    backward();
  }
  /// Unwinds the tape from gradients that were seeded with `contribute` (tests).
  void backward() {
    while (!entries_.empty()) {
      const Entry entry = entries_.back();
      entries_.pop();
      entry.call(*this, payload_.data() + entry.payload);
    }
  }
  /// Gradient of an input after backward; empty when it has none.
  template <Index Width, class Space> Rows<Pass, Width, Space> gradient_of(const Rows<Pass, Width, Space>& rows) {
    return take_gradient<Width, Space>(rows.value(), rows.count());
  }

  // --- state
  // --------------------------------------------------------------------------------------------------------------------
  /// Proposes a new value of a state tensor; `fresh` holds it in the tensor's own layout. Read again only after the commit.
  template <Index R, Index W, class Space> void propose(const Matrix<R, W>& state, const Rows<Pass, W, Space>& fresh) {
    hold(fresh.value());
    proposals_.push(Proposal{state.offset, R * stride_of(W), fresh.value()}); // named: nvcc loses the braces of a bare list
  }
  /// What the next proposal for a state tensor builds on: the last one of this pass where there is one, so that two calls in one
  /// pass chain like two steps, else the committed value.
  template <Index R, Index W> const Stream* latest(const Matrix<R, W>& state) const {
    static_assert(std::is_same_v<Parameter, Stream>);
    for (Index i = proposals_.size() - 1; i >= 0; --i)
      if (proposals_[i].state == state.offset) return static_cast<const Stream*>(address(proposals_[i].value));
    return data(state);
  }
  /// Calls commit(offset, size, data) for each proposal in call order and forgets them.
  template <class Commit> void commit(Commit&& commit) {
    for (Index i = 0; i < proposals_.size(); ++i) {
      if constexpr (computes)
        commit(proposals_[i].state, proposals_[i].size, static_cast<const Stream*>(address(proposals_[i].value)));
      drop(proposals_[i].value);
    }
    proposals_.clear();
  }

  // --- reading
  // -----------------------------------------------------------------------------------------------------------------
  /// Numbers of this pass for the host, valid while the handle of the rows lives: the block itself where memory is shared, else a
  /// copy, for which the host waits. Never within what a device may replay (`replayed`).
  template <class T>
  requires std::is_arithmetic_v<T> HostNumbers<T> read(const Rows<Pass, 1, T>& buffer)
  const { return read(static_cast<const T*>(data(buffer)), buffer.count()); }
  template <Index Width, class Space> HostRows<Stream, Width> read(const Rows<Pass, Width, Space>& rows) const {
    return {read(static_cast<const Stream*>(rows.data()), rows.count() * stride_of(Width)), rows.count()};
  }
  double read_number(const Rows<Pass, 1, Batch>& scalar) const { return static_cast<double>(read(scalar)[0]); }

  // --- the rest
  // -----------------------------------------------------------------------------------------------------------------
  constexpr const Device& device() const { return device_; }
  constexpr NoiseKey noise() const { return key_; }
  /// Number of the next random draw of this pass: looped layers and repeated calls differ.
  constexpr std::uint32_t next_draw() { return draws_++; }
  /// Counts draws from the start again, so that what follows has the same noise whatever was drawn before it.
  constexpr void rewind_draws() { draws_ = 0; }
  constexpr void count(double flops, double bytes) {
    if constexpr (!computes) cost_.flops += flops, cost_.bytes += bytes;
  }
  constexpr Cost cost() const { return cost_; }
  constexpr Arena& arena() { return *arena_; }

private:
  template <class T> HostNumbers<T> read(const T* from, Index count) const {
    if constexpr (has_own_memory<Device>) {
      HostNumbers<T> numbers{nullptr, std::vector<T>(static_cast<std::size_t>(count))};
      kernel<memory_op, Device>::to_host(device_, numbers.copy.data(), from, count * static_cast<Index>(sizeof(T)));
      return numbers;
    } else {
      return {from, {}};
    }
  }

  struct Value {
    Index offset = -1, bytes = 0;
    int holders = 0;
    int gradient = -1; ///< value number of its gradient, -1: none yet
    int operands = -1; ///< value number of what products read instead, -1: none yet
    bool wants = false;
  };
  struct Entry {
    void (*call)(Pass&, const std::byte*) = nullptr;
    Index payload = 0;
  };

  // A block of `count` times `each` bytes; where a device does steps again, of as many as any count of its bucket needs.
  constexpr int allocate(Index count, Index each) {
    Index bytes = count * each;
    if constexpr (requires { device_.capacity(count); }) bytes = device_.capacity(count) * each;
    int value;
    if (!Records && !vacant_.empty()) {
      value = vacant_.back();
      vacant_.pop();
    } else {
      value = static_cast<int>(table_.size());
      table_.push({});
    }
    table_[value] = {arena_->allocate(bytes), bytes, 1, -1, -1, false};
    return value;
  }

  Device device_;
  Arena* arena_;
  Values<Precision> values_;
  NoiseKey key_;
  Pile<Value> table_;
  Pile<int> vacant_; // numbers to reuse; in training a number names its value until the pass ends
  Pile<Entry> entries_;
  Pile<std::byte> payload_;
  Pile<Proposal> proposals_;
  Cost cost_;
  std::uint32_t draws_ = 0;
  int untaped_ = 0;
};

/// Computes; a block is released with its last handle.
template <class Device, class Precision = Float32> using Inference = Pass<Device, Precision, false>;
/// Computes and records; `backward` unwinds the tape.
template <class Device, class Precision = Float32> using Training = Pass<Device, Precision, true>;
/// Counts what Inference would compute, move and hold; also in constant expressions.
template <class Precision = Float32> using Plan = Pass<Paper, Precision, false>;
/// Counts a training pass, backward included.
template <class Precision = Float32> using TrainingPlan = Pass<Paper, Precision, true>;

/// The kernel of an op on the device of a pass; the one place that says which header is missing.
template <class Op, class Context> struct kernel_on {
  static_assert(available<typename Context::Device>,
                "pleat: no kernels for this device; include <pleat/backend/cpu.hpp> (or the header of your device) as well.");
  using type = kernel<Op, typename Context::Device>;
};
/// `KernelOf<x_op, Context, Width>::forward(run.device(), arguments)` is how an op reaches its kernel, on devices that want it
/// the one compiled for its widths.
template <class Op, class Context, auto... Widths>
using KernelOf = typename detail::KernelAt<typename kernel_on<Op, Context>::type, Widths...>::type;

} // namespace pleat::inline v0_1
