#pragma once
/// \file  A growable array that also works in constant expressions (std::vector does not under clang 14).

#include <pleat/core/index.hpp>

namespace pleat::inline v0_1 {

/// Grows by doubling and never shrinks: after warm-up `push` does not allocate. T is trivially copyable.
template <class T> class Pile {
public:
  constexpr Pile() = default;
  constexpr Pile(const Pile&) = delete;
  constexpr Pile& operator=(const Pile&) = delete;
  constexpr Pile(Pile&& other) noexcept : data_(other.data_), size_(other.size_), capacity_(other.capacity_) {
    other.data_ = nullptr, other.size_ = other.capacity_ = 0;
  }
  constexpr Pile& operator=(Pile&& other) noexcept {
    T* data = data_;
    Index size = size_, capacity = capacity_;
    data_ = other.data_, size_ = other.size_, capacity_ = other.capacity_;
    other.data_ = data, other.size_ = size, other.capacity_ = capacity;
    return *this;
  }
  constexpr ~Pile() { delete[] data_; }

  constexpr Index size() const { return size_; }
  constexpr bool empty() const { return size_ == 0; }
  constexpr void clear() { size_ = 0; }
  constexpr T& operator[](Index i) { return data_[i]; }
  constexpr const T& operator[](Index i) const { return data_[i]; }
  constexpr T* data() { return data_; }
  constexpr const T* data() const { return data_; }
  constexpr T& back() { return data_[size_ - 1]; }

  constexpr void push(const T& value) {
    resize(size_ + 1);
    data_[size_ - 1] = value;
  }
  constexpr void pop() { --size_; }

  /// Keeps the first elements; new ones are value-initialised only when the storage is new.
  constexpr void resize(Index size) {
    if (size > capacity_) grow(size);
    size_ = size;
  }
  constexpr void insert(Index at, const T& value) {
    resize(size_ + 1);
    for (Index i = size_ - 1; i > at; --i) data_[i] = data_[i - 1];
    data_[at] = value;
  }
  constexpr void erase(Index at) {
    for (Index i = at; i + 1 < size_; ++i) data_[i] = data_[i + 1];
    --size_;
  }

private:
  constexpr void grow(Index size) {
    Index capacity = capacity_ < 16 ? 16 : capacity_;
    while (capacity < size) capacity *= 2;
    T* data = new T[static_cast<std::size_t>(capacity)]{};
    for (Index i = 0; i < size_; ++i) data[i] = data_[i];
    delete[] data_;
    data_ = data, capacity_ = capacity;
  }

  T* data_ = nullptr;
  Index size_ = 0, capacity_ = 0;
};

} // namespace pleat::inline v0_1
