#pragma once
/// \file  The gate by which sorts reach the GPU: pairs of a key and a number, stable, by the radix sort of CUB; and lists that
/// are made so.

#include <bit>
#include <cstdint>

#include <pleat/backend/cuda/launch.hpp>

namespace pleat::inline v0_1::cuda {

/// `count` pairs from (keys, numbers) to (sorted_keys, sorted_numbers), by the low `bits` bits of the key; pairs of one key keep
/// their order. All on the device; (scratch, scratch_bytes) is what CUB works in, of which it says how much it needs.
struct Sort {
  const std::uint32_t* keys;
  std::uint32_t* sorted_keys;
  const std::int32_t* numbers;
  std::int32_t* sorted_numbers;
  Index count;
  int bits;
  std::byte* scratch;
  Index scratch_bytes;
};

/// The sort itself, in radix_sort.hpp. CUB takes nvcc some 6 s: the sources of pleat_add_models leave it to one of them, which
/// PLEAT_CUDA_SORTS_ELSEWHERE says.
void radix_sort(Stream& stream, const Sort& s);

/// Runs it, now or when its graph runs.
inline void sort(const Cuda& device, const Sort& s) {
  if (s.count == 0) return;
  Stream& stream = *device.stream;
  stream.fold(s.keys, s.sorted_keys, s.numbers, s.sorted_numbers, s.count, s.bits, s.scratch, s.scratch_bytes);
  if (!stream.launches()) return;
#if defined(__CUDACC__)
  radix_sort(stream, s);
#else
  emulator::sort(stream.handle(), s.keys, s.sorted_keys, s.numbers, s.sorted_numbers, s.count, s.bits);
#endif
}

/// List l has the numbers order[begin[l]], ..., order[begin[l + 1] - 1]. On the device, in the workspace: until the next op asks
/// for that.
struct Lists {
  const std::int32_t* order;
  const std::int32_t* begin; // (lists + 1)
};

// begin[l] = how many of the sorted keys are below l. Bytes a list: an offset; some 20 keys from the cache.
inline constexpr int lists_of_block = 128;
template <class Key> // a template, so that sources may share it
__global__ void __launch_bounds__(lists_of_block)
    begin_of_lists(const Key* sorted_keys, Index count, std::int32_t* begin, Index lists) {
  const Index l = global_thread();
  if (l > lists) return;
  Index low = 0, high = count;
  while (low < high) {
    const Index middle = (low + high) / 2;
    if (sorted_keys[middle] < static_cast<Key>(l))
      low = middle + 1;
    else
      high = middle;
  }
  begin[l] = static_cast<std::int32_t>(low);
}

/// Makes lists: of `count` pairs (a capacity: what is in no list has the key `lists`) that put(keys, numbers) launches a kernel
/// to write. The first `reserved` bytes of the workspace stay the caller's.
template <class Put> Lists make_lists(const Cuda& cuda, Index count, Index lists, Index reserved, const Put& put) {
  Stream& stream = *cuda.stream;
  const Index size = round_up(count * 4, 256), begins = round_up((lists + 1) * 4, 256);
  std::byte* const room = stream.workspace<std::byte>(round_up(reserved, 256) + 4 * size + begins) + round_up(reserved, 256);
  auto* const keys = reinterpret_cast<std::uint32_t*>(room);
  auto* const sorted_keys = reinterpret_cast<std::uint32_t*>(room + size);
  auto* const numbers = reinterpret_cast<std::int32_t*>(room + 2 * size);
  auto* const order = reinterpret_cast<std::int32_t*>(room + 3 * size);
  auto* const begin = reinterpret_cast<std::int32_t*>(room + 4 * size);
  std::byte* const scratch = room + 4 * size + begins;
  put(keys, numbers);
  sort(cuda, {keys, sorted_keys, numbers, order, count, static_cast<int>(std::bit_width(static_cast<std::uint64_t>(lists))),
              scratch, Stream::workspace_bytes - (scratch - stream.workspace<std::byte>(0))});
  launch(cuda, grid_for(lists + 1, 1, lists_of_block), begin_of_lists<std::uint32_t>,
         static_cast<const std::uint32_t*>(sorted_keys), count, begin, lists);
  return {order, begin};
}

} // namespace pleat::inline v0_1::cuda

#if defined(__CUDACC__) && !defined(PLEAT_CUDA_SORTS_ELSEWHERE)
#include <pleat/backend/cuda/radix_sort.hpp>
#endif
