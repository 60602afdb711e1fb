#pragma once
// Arrays in device memory, for tests that call kernels themselves.

#include <vector>

#include <pleat/backend/cuda/stream.hpp>

template <class T> class OnDevice {
public:
  explicit OnDevice(const pleat::Cuda& device, std::size_t count)
      : device_(device), count_(count),
        data_(reinterpret_cast<T*>(Memory::allocate(device, static_cast<pleat::Index>((count + 1) * sizeof(T))))) {}
  OnDevice(const pleat::Cuda& device, const std::vector<T>& values) : OnDevice(device, values.size()) { write(values); }
  OnDevice(const OnDevice&) = delete;
  OnDevice& operator=(const OnDevice&) = delete;
  ~OnDevice() { Memory::release(device_, reinterpret_cast<std::byte*>(data_)); }

  T* data() const { return data_; }
  void write(const std::vector<T>& values) {
    if (!values.empty()) Memory::to_device(device_, data_, values.data(), static_cast<pleat::Index>(values.size() * sizeof(T)));
  }
  std::vector<T> read() const {
    std::vector<T> values(count_);
    if (count_ > 0) Memory::to_host(device_, values.data(), data_, static_cast<pleat::Index>(count_ * sizeof(T)));
    return values;
  }

private:
  using Memory = pleat::kernel<pleat::memory_op, pleat::Cuda>;
  pleat::Cuda device_;
  std::size_t count_;
  T* data_;
};
