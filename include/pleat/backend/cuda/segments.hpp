#pragma once
/// \file  Which sequence a row belongs to, and sums over the rows of a sequence.

#include <pleat/backend/cuda/rows.hpp>
#include <pleat/core/segments.hpp>

namespace pleat::inline v0_1::cuda {

/// Offsets on the device: (sequences + 1).
inline const Index* offsets_of(const Cuda& cuda, const Segments& segments) {
  return cuda.stream->view(segments.offsets.data(), static_cast<Index>(segments.offsets.size()),
                           capacity_of(segments.sequences()) + 1);
}

/// The sequence of a row (or of a tile) that some sequence has: the last one that begins at or before it, empty ones passed over.
template <class Offset> __device__ Index sequence_of(const Offset* offsets, Index sequences, Index row) {
  Index low = 0, high = sequences;
  while (high - low > 1) {
    const Index middle = (low + high) / 2;
    (offsets[middle] <= row ? low : high) = middle;
  }
  return low;
}

} // namespace pleat::inline v0_1::cuda
