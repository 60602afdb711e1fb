#pragma once
/// \file  What is chosen by the compute capability of a GPU: one table, and how the host finds a kernel by it.

#include <cstddef>
#include <iterator>
#include <utility>

#include <pleat/core/index.hpp>

namespace pleat::inline v0_1::cuda {

/// Sizes of attention for heads up to `width` wide: rows of a block, rows that pass by at a time, and blocks that share a
/// processor, for which its registers are shared out (1: as many registers as the kernel likes). A row has two threads.
struct TileSizes {
  int width, mine, theirs, blocks;
};
/// Lists from narrow to wide heads. Rows that pass by are read once for each block, so that more rows of a block are better where
/// registers and shared memory hold them.
struct AttentionSizes {
  TileSizes forward[4], gradient[4]; ///< on tensor cores, by the padded width
  TileSizes floats[4], doubles[3];   ///< multiplied as they are; blocks are those of the queries' gradient
};

// By KiB of shared memory that a processor has.
inline constexpr AttentionSizes sizes_for_228{
    .forward = {{16, 128, 32, 3}, {32, 128, 32, 3}, {64, 128, 32, 2}, {128, 64, 32, 2}},
    .gradient = {{16, 64, 64, 4}, {32, 64, 32, 4}, {64, 64, 32, 3}, {128, 64, 16, 1}},
    .floats = {{16, 32, 32, 13}, {32, 32, 32, 9}, {256, 32, 32, 1}, {512, 16, 16, 1}},
    .doubles = {{128, 32, 32, 1}, {256, 16, 16, 1}},
};
inline constexpr AttentionSizes sizes_for_164{
    .forward = {{16, 128, 32, 3}, {32, 128, 32, 3}, {64, 128, 32, 2}, {128, 64, 32, 2}},
    .gradient = {{16, 64, 64, 4}, {32, 64, 32, 4}, {64, 64, 32, 3}, {128, 64, 16, 1}},
    .floats = {{256, 32, 32, 1}, {512, 16, 16, 1}},
    .doubles = {{128, 32, 32, 1}, {256, 16, 16, 1}},
};
inline constexpr AttentionSizes sizes_for_100{
    .forward = {{16, 128, 32, 3}, {32, 128, 32, 3}, {64, 128, 32, 2}, {128, 64, 16, 2}},
    .gradient = {{16, 64, 64, 4}, {32, 64, 32, 4}, {64, 64, 16, 3}, {128, 64, 16, 1}},
    .floats = {{128, 32, 32, 1}, {256, 16, 16, 1}, {512, 16, 8, 1}},
    .doubles = {{64, 32, 32, 1}, {128, 16, 16, 1}, {256, 16, 8, 1}},
};

/// A compute capability (86 is 8.6): of a processor, KiB of shared memory and resident threads (CUDA C++ Programming Guide,
/// "Technical Specifications per Compute Capability"), and what is chosen for it.
struct Tuning {
  int capability, shared_kib, threads;
  AttentionSizes attention;
};
inline constexpr Tuning tunings[] = {
    {80, 164, 2048, sizes_for_164},  // A100
    {86, 100, 1536, sizes_for_100},  // A10, A40, RTX 30
    {87, 164, 1536, sizes_for_164},  // Orin
    {88, 100, 1536, sizes_for_100},  // as 8.6
    {89, 100, 1536, sizes_for_100},  // L4, L40, RTX 40
    {90, 228, 2048, sizes_for_228},  // H100, H200
    {100, 228, 2048, sizes_for_228}, // B200
    {103, 228, 2048, sizes_for_228}, // B300
    {110, 228, 1536, sizes_for_228}, // Thor
    {120, 100, 1536, sizes_for_100}, // RTX 50, RTX PRO
    {121, 100, 1536, sizes_for_100}, // Spark
};
inline constexpr std::size_t tuning_count = std::size(tunings);

/// The row of the table for a GPU: the last that is not newer.
constexpr std::size_t tuning_row(int capability) {
  std::size_t row = 0;
  while (row + 1 < tuning_count && tunings[row + 1].capability <= capability) ++row;
  return row;
}
constexpr const Tuning& tuning_of(int capability) { return tunings[tuning_row(capability)]; }

/// What all of these capabilities have: registers of a processor, bytes of shared memory that the driver keeps of each block.
inline constexpr int processor_registers = 65536;
inline constexpr Index reserved_bytes = 1024;

/// Whether so many blocks can be on one processor, each with so many threads and bytes of shared memory, with registers to work
/// in.
constexpr bool holds(const Tuning& gpu, int blocks, int threads, Index bytes) {
  return blocks * (bytes + reserved_bytes) <= Index{1024} * gpu.shared_kib && blocks * threads <= gpu.threads &&
         processor_registers / (blocks * threads) >= 64;
}

/// The sizes of a list for heads of a width; zeros for heads wider than the last of the list.
template <std::size_t Count> constexpr TileSizes sizes_of(const TileSizes (&list)[Count], int width) {
  for (const TileSizes& sizes : list)
    if (width <= sizes.width) return sizes;
  return {};
}

/// Calls use.operator()<mine, theirs, blocks>() with the sizes for a GPU. `Kernels::of` takes them from a row of the table, and
/// `Kernels::held_by<mine, theirs, blocks>` says whether a GPU holds them. Rows that agree are one instance.
template <class Kernels, class Use> void with_sizes(int capability, const Use& use) {
  constexpr bool held_by_all = Kernels::of(tunings[0].attention).mine > 0; // lists of all rows end with the same width
  static_assert(
      held_by_all,
      "pleat: GPUs with 100 KiB of shared memory hold heads of at most 512 channels (256 in double); choose more heads.");
  if constexpr (held_by_all) {
    const std::size_t row = tuning_row(capability);
    const auto use_row = [&]<std::size_t Row>() {
      constexpr TileSizes sizes = Kernels::of(tunings[Row].attention);
      static_assert(Kernels::template held_by<sizes.mine, sizes.theirs, sizes.blocks>(tunings[Row]),
                    "pleat: a GPU of the table cannot hold the sizes that are chosen for it.");
      if (row == Row) use.template operator()<sizes.mine, sizes.theirs, sizes.blocks>();
    };
    [&]<std::size_t... Rows>(std::index_sequence<Rows...>) { (use_row.template operator()<Rows>(), ...); }
    (std::make_index_sequence<tuning_count>());
  }
}

} // namespace pleat::inline v0_1::cuda
