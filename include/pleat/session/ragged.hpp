#pragma once
/// \file  Results that own their memory: rows of many sequences, and one vector per sequence.

#include <span>
#include <type_traits>
#include <vector>

#include <pleat/core/host_rows.hpp>
#include <pleat/core/index.hpp>

namespace pleat::inline v0_1 {

/// Rows of all sequences one after another, without strides.
struct Ragged {
  Index width = 0;
  std::vector<Index> offsets{0}; ///< (sequences + 1), in rows
  std::vector<float> rows;       ///< (offsets.back(), width)

  Index sequences() const { return static_cast<Index>(offsets.size()) - 1; }
  Index length(Index s) const { return offsets[static_cast<std::size_t>(s) + 1] - offsets[static_cast<std::size_t>(s)]; }
  /// (length(s), width)
  std::span<const float> operator[](Index s) const {
    return std::span<const float>(rows).subspan(static_cast<std::size_t>(offsets[static_cast<std::size_t>(s)] * width),
                                                static_cast<std::size_t>(length(s) * width));
  }
};

/// One vector per sequence.
struct Pooled {
  Index width = 0;
  std::vector<float> rows; ///< (sequences, width)

  Index sequences() const { return width > 0 ? static_cast<Index>(rows.size()) / width : 0; }
  std::span<const float> operator[](Index s) const {
    return std::span<const float>(rows).subspan(static_cast<std::size_t>(s * width), static_cast<std::size_t>(width));
  }
};

namespace detail {
/// `count` rows from `begin` without strides: in place where they have none, else copied to `to`.
template <class T, Index Width>
std::span<const float> dense_rows(const HostRows<T, Width>& rows, Index begin, Index count, std::vector<float>& to) {
  using R = HostRows<T, Width>;
  const auto size = static_cast<std::size_t>(count * R::width);
  if constexpr (R::stride == R::width && std::is_same_v<T, float>) {
    return {rows.data() + begin * R::stride, size};
  } else {
    to.resize(size);
    float* at = to.data();
    for (Index r = 0; r < count; ++r, at += R::width)
      for (Index c = 0; c < R::width; ++c) at[c] = static_cast<float>(rows.row(begin + r)[c]);
    return to;
  }
}
} // namespace detail

} // namespace pleat::inline v0_1
