#pragma once
/// \file  Arrays that a device computes with and the host reads and writes: values, gradients, moments.

#include <cstring>
#include <type_traits>
#include <utility>
#include <vector>

#include <pleat/core/arena.hpp>
#include <pleat/core/kernel.hpp>

namespace pleat::inline v0_1 {

/// Kernel seam of a device's memory, for devices with memory of their own: open(device), which gives a device that can be used;
/// allocate(device, bytes), release(device, block), zero(device, block, bytes), to_device(device, to, from, bytes),
/// to_host(device, to, from, bytes), which waits for the device; begin_pass(device), after which arrays of the last pass are no
/// longer read.
struct memory_op {};

/// Where arrays of a device live whose memory is the host's.
struct SharedMemory {};

/// Whether the host cannot read what the device computes without copying it.
template <class Device> inline constexpr bool has_own_memory = requires { requires Device::own_memory; };
/// What owns the arrays of a device: SharedMemory, or the device itself.
template <class Device> using MemoryOf = std::conditional_t<has_own_memory<Device>, Device, SharedMemory>;
template <class Device> MemoryOf<Device> memory_of(const Device& device) {
  if constexpr (has_own_memory<Device>)
    return device;
  else
    return {};
}

/// The device as sessions use it: one with memory of its own is opened by the first that needs it.
template <class Device> Device open_device(const Device& device) {
  if constexpr (has_own_memory<Device>)
    return kernel<memory_op, Device>::open(device);
  else
    return device;
}

/// Kernel seam of devices that do again what they were told once: run(device, text).
struct replay_op {};

/// Runs `text`, a sequence of kernels with which the host does not interfere. A device may have it told again, with the same
/// effect on the host's variables, and does it once.
template <class Device, class Text> void on_device(const Device& device, Text&& text) {
  if constexpr (has_own_memory<Device>)
    kernel<replay_op, Device>::run(device, text);
  else
    text();
}

/// One block of memory that the device computes in.
template <class Memory> class DeviceBlock {
public:
  explicit DeviceBlock(Memory memory = {}) : memory_(std::move(memory)) {}
  DeviceBlock(DeviceBlock&& other) noexcept
      : memory_(other.memory_), data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  DeviceBlock& operator=(DeviceBlock&&) = delete;
  ~DeviceBlock() { release(); }

  std::byte* data() const { return data_; }
  Index size() const { return size_; }
  /// Replaces the block by one of at least `bytes`; its content is lost.
  void grow(Index bytes) {
    if (bytes <= size_) return;
    release();
    data_ = kernel<memory_op, Memory>::allocate(memory_, bytes);
    size_ = bytes;
  }
  void zero() {
    if (size_ > 0) kernel<memory_op, Memory>::zero(memory_, data_, size_);
  }
  void write(const void* from, Index bytes) { kernel<memory_op, Memory>::to_device(memory_, data_, from, bytes); }
  void read(void* to, Index bytes) const { kernel<memory_op, Memory>::to_host(memory_, to, data_, bytes); }

private:
  void release() {
    if (data_ != nullptr) kernel<memory_op, Memory>::release(memory_, data_);
    data_ = nullptr, size_ = 0;
  }
  Memory memory_;
  std::byte* data_ = nullptr;
  Index size_ = 0;
};
template <> class DeviceBlock<SharedMemory> : public HostMemory {
public:
  explicit DeviceBlock(SharedMemory = {}) {}
  void zero() {
    if (size() > 0) std::memset(data(), 0, static_cast<std::size_t>(size()));
  }
};

/// An array on a device with a copy of the host's own, which is brought up to date when asked for. Where memory is shared the two
/// are one. Numbers are zero at first.
template <class T, class Memory> class Mirrored {
public:
  explicit Mirrored(Index count = 0, Memory memory = {}) : block_(std::move(memory)) { resize(count); }
  /// `count` zeros; what was there is lost.
  void resize(Index count) {
    count_ = count;
    block_.grow(round_up(bytes(), alignment));
    zero();
  }
  Index size() const { return count_; }
  T* device() { return reinterpret_cast<T*>(block_.data()); }
  const T* device() const { return reinterpret_cast<const T*>(block_.data()); }

  /// What the device has, for the host: after writing there call `host_changed`.
  T* host() {
    if (host_is_old_) {
      copy_.resize(static_cast<std::size_t>(count_));
      block_.read(copy_.data(), bytes());
      host_is_old_ = false;
    }
    return copy_.data();
  }
  const T* host() const { return const_cast<Mirrored*>(this)->host(); }
  /// The host wrote its copy.
  void host_changed() {
    if (!host_is_old_) block_.write(copy_.data(), bytes());
  }
  /// The device computed new numbers.
  void device_changed() { host_is_old_ = true; }
  void zero() {
    block_.zero();
    host_is_old_ = true;
  }

private:
  Index bytes() const { return count_ * static_cast<Index>(sizeof(T)); }
  DeviceBlock<Memory> block_;
  Index count_ = 0;
  std::vector<T> copy_;
  bool host_is_old_ = true;
};
template <class T> class Mirrored<T, SharedMemory> {
public:
  explicit Mirrored(Index count = 0, SharedMemory = {}) { resize(count); }
  void resize(Index count) {
    count_ = count;
    block_.grow(round_up(count * static_cast<Index>(sizeof(T)), alignment));
    block_.zero();
  }
  Index size() const { return count_; }
  T* device() { return reinterpret_cast<T*>(block_.data()); }
  const T* device() const { return reinterpret_cast<const T*>(block_.data()); }
  T* host() { return device(); }
  const T* host() const { return device(); }
  void host_changed() {}
  void device_changed() {}
  void zero() { block_.zero(); }

private:
  DeviceBlock<SharedMemory> block_;
  Index count_ = 0;
};

} // namespace pleat::inline v0_1
