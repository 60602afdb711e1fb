#pragma once
/// \file  The sort of sort.hpp by CUB, which one source of a library has to include.

#include <cub/device/device_radix_sort.cuh>

#include <pleat/backend/cuda/sort.hpp>

namespace pleat::inline v0_1::cuda {

// Not inline, since other sources call it; weak, since several may have it. It is not called for a step whose graph is known.
[[gnu::weak]] void radix_sort(Stream& stream, const Sort& s) {
  const auto sort = [&](void* scratch, std::size_t& bytes) {
    check(cub::DeviceRadixSort::SortPairs(scratch, bytes, s.keys, s.sorted_keys, s.numbers, s.sorted_numbers,
                                          static_cast<int>(s.count), 0, s.bits, stream.handle()),
          stream.gpu(), "sorting");
  };
  std::size_t bytes = 0;
  sort(nullptr, bytes); // only says how many it needs
  require(static_cast<Index>(bytes) <= s.scratch_bytes, "a sort of ", s.count, " pairs needs ", bytes,
          " bytes of scratch and there are ", s.scratch_bytes, "; use a smaller token budget.");
  sort(s.scratch, bytes);
}

} // namespace pleat::inline v0_1::cuda
