#pragma once
/// \file  Results that own their memory: rows of many sequences, and one vector per sequence.

#include <span>
#include <vector>

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

} // namespace pleat::inline v0_1
