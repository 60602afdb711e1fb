// The table of what is chosen by compute capability, held against what these have.

#if !defined(PLEAT_CUDA_EMULATOR) && !defined(__CUDACC__)
#define PLEAT_CUDA_EMULATOR "cuda/emulator.hpp"
#endif

#include <boost/test/unit_test.hpp>

#include <array>
#include <cstddef>
#include <set>
#include <string>
#include <utility>

#include <pleat/backend/cuda/attention.hpp>

using namespace pleat;
using cuda::tunings;

namespace {

template <int Dim> using Floats = cuda::AttentionKernels<float, Dim>;
template <int Dim> using Doubles = cuda::AttentionKernels<double, Dim>;

// The sizes of a GPU for heads of 8, 16, ... channels, of which wider ones never need less. That every row of the table holds
// them is asserted as they are chosen.
template <template <int> class Kernels, int... Eighths> auto sizes_for(int capability, std::integer_sequence<int, Eighths...>) {
  std::array<std::array<int, 3>, sizeof...(Eighths)> sizes{};
  (cuda::with_sizes<Kernels<8 * Eighths + 8>>(capability,
                                              [&]<int Mine, int Theirs, int Blocks>() {
                                                sizes[Eighths] = {Mine, Theirs, Blocks};
                                              }),
   ...);
  return sizes;
}
template <template <int> class Kernels, int Widest> auto sizes_for(int capability) {
  return sizes_for<Kernels>(capability, std::make_integer_sequence<int, Widest / 8>());
}

// Heads above one width and up to another have other sizes on 8.6 than on a GPU of more shared memory.
template <template <int> class Kernels, int Widest> void check_where_they_differ(int above, int to, int capability = 90) {
  const auto large = sizes_for<Kernels, Widest>(capability), small = sizes_for<Kernels, Widest>(86);
  for (std::size_t i = 0; i < large.size(); ++i) {
    const int width = 8 * static_cast<int>(i) + 8;
    BOOST_TEST((large[i] != small[i]) == (above < width && width <= to), "heads of " + std::to_string(width));
  }
}

template <int Dim, template <int> class Kernels> std::size_t instances() {
  std::set<std::array<int, 3>> sizes;
  for (const cuda::Tuning& gpu : tunings)
    cuda::with_sizes<Kernels<Dim>>(gpu.capability, [&]<int Mine, int Theirs, int Blocks>() {
      sizes.insert({Mine, Theirs, Blocks});
    });
  return sizes.size();
}

__global__ void __launch_bounds__(32) nothing(int) {}

} // namespace

BOOST_AUTO_TEST_SUITE(tuning)

BOOST_AUTO_TEST_CASE(the_row_of_a_gpu_is_the_last_that_is_not_newer) {
  for (const cuda::Tuning& gpu : tunings) BOOST_TEST(&cuda::tuning_of(gpu.capability) == &gpu);
  BOOST_TEST(cuda::tuning_of(80).shared_kib == 164);
  BOOST_TEST(cuda::tuning_of(86).shared_kib == 100);
  BOOST_TEST(cuda::tuning_of(90).shared_kib == 228);
  BOOST_TEST(cuda::tuning_of(104).capability == 103);
  BOOST_TEST(cuda::tuning_of(999).capability == 121);
}

BOOST_AUTO_TEST_CASE(lists_go_from_narrow_to_wide_and_end_at_the_same_width) {
  const auto check = [](const auto& list, int widest) {
    int last = 0;
    for (const cuda::TileSizes& sizes : list)
      if (sizes.width != 0) {
        BOOST_TEST(last < sizes.width);
        last = sizes.width;
      }
    BOOST_TEST(last == widest);
  };
  for (const cuda::Tuning& gpu : tunings)
    check(gpu.attention.forward, 128), check(gpu.attention.gradient, 128), check(gpu.attention.floats, 512),
        check(gpu.attention.doubles, 256);
}

// What a GPU of 8.6 has less of is seen in wide heads only.
BOOST_AUTO_TEST_CASE(every_row_holds_heads_of_every_width) {
  check_where_they_differ<cuda::TensorForward, 128>(64, 128);
  check_where_they_differ<cuda::TensorGradient, 128>(32, 64);
  check_where_they_differ<Doubles, 256>(64, 256);
  check_where_they_differ<Floats, 512>(128, 512, 80); // 9.0 has room for more blocks of narrow heads, too
}

// One kernel for GPUs that agree.
BOOST_AUTO_TEST_CASE(instances_of_a_kernel) {
  BOOST_TEST((instances<32, cuda::TensorForward>()) == 1);
  BOOST_TEST((instances<32, cuda::TensorGradient>()) == 1);
  BOOST_TEST((instances<64, cuda::TensorGradient>()) == 2);
  BOOST_TEST((instances<128, cuda::TensorGradient>()) == 1);
  BOOST_TEST((instances<64, Floats>()) == 1);
  BOOST_TEST((instances<256, Floats>()) == 2);
}

BOOST_AUTO_TEST_CASE(too_much_shared_memory_is_one_sentence) {
#if defined(PLEAT_CUDA_EMULATOR)
  const emulator::Pretended gpu(86);
#endif
  const Cuda device = open_device(Cuda{});
  const Index all = Index{1024} * cuda::tuning_of(device.stream->capability()).shared_kib, most = all - cuda::reserved_bytes;
  cuda::launch(device, {1, 32, most}, nothing, 0);
  try {
    cuda::launch(device, {1, 32, all}, nothing, 0);
    BOOST_TEST(false, "a launch that no such GPU can do");
  } catch (const Error& error) {
    const std::string sentence = error.what();
    for (const std::string& words : {"has " + std::to_string(most) + " bytes of shared memory for a block",
                                     "needs " + std::to_string(all), std::string("choose narrower heads")})
      BOOST_TEST(sentence.find(words) != std::string::npos, sentence);
  }
}

BOOST_AUTO_TEST_SUITE_END()
