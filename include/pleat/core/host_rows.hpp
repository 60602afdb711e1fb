#pragma once
/// \file  Numbers of a pass as the host reads them: in place where memory is shared, else a copy.

#include <vector>

#include <pleat/core/index.hpp>

namespace pleat::inline v0_1 {

/// What the host reads of a pass (`Pass::read`).
template <class T> struct HostNumbers {
  const T* shared = nullptr;
  std::vector<T> copy; ///< where memory is not shared
  const T* data() const { return shared != nullptr ? shared : copy.data(); }
  const T& operator[](Index i) const { return data()[i]; }
};
/// The same of rows, with their strides.
template <class T, Index Width> struct HostRows : HostNumbers<T> {
  static constexpr Index width = Width, stride = stride_of(Width);
  Index count = 0;
  const T* row(Index i) const { return this->data() + i * stride; }
};

} // namespace pleat::inline v0_1
