#pragma once
/// \file  How kernels of the CPU cut their rows into tasks.

#include <pleat/backend/cpu/device.hpp>

namespace pleat::inline v0_1::cpu {

/// Rows of one task; a constant, so that partial sums over rows have the same chunks for any thread count.
inline constexpr Index rows_of_task = 256;

constexpr Index tasks_of(Index rows) { return (rows + rows_of_task - 1) / rows_of_task; }
constexpr Index first_row(Index task) { return task * rows_of_task; }
constexpr Index last_row(Index task, Index rows) { return (task + 1) * rows_of_task < rows ? (task + 1) * rows_of_task : rows; }

} // namespace pleat::inline v0_1::cpu
