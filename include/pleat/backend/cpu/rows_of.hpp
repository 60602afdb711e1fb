#pragma once
/// \file  How kernels of the CPU cut their rows into tasks.

#include <pleat/backend/cpu/device.hpp>
#include <pleat/core/segments.hpp>

namespace pleat::inline v0_1::cpu {

/// Rows of one task; a constant, so that partial sums over rows have the same chunks for any thread count.
inline constexpr Index rows_of_task = 256;

constexpr Index tasks_of(Index rows) { return (rows + rows_of_task - 1) / rows_of_task; }
constexpr Index first_row(Index task) { return task * rows_of_task; }
constexpr Index last_row(Index task, Index rows) { return (task + 1) * rows_of_task < rows ? (task + 1) * rows_of_task : rows; }

/// Which sequence a row belongs to, for a task that walks its rows upwards.
class SequenceWalk {
public:
  SequenceWalk(const Segments& segments, Index first_row) : segments_(&segments) {
    Index low = 0, high = segments.sequences(); // the last sequence that begins at or before the row; empty ones before it pass
    while (high - low > 1) {
      const Index middle = (low + high) / 2;
      (segments.begin(middle) <= first_row ? low : high) = middle;
    }
    sequence_ = low;
  }
  Index sequence_of(Index row) {
    while (segments_->end(sequence_) <= row) ++sequence_;
    return sequence_;
  }

private:
  const Segments* segments_;
  Index sequence_ = 0;
};

} // namespace pleat::inline v0_1::cpu
