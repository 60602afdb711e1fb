// What kernels ask of the hardware, each by a kernel of its own. The host's bodies are held to the layouts that PTX documents.

#if !defined(PLEAT_CUDA_EMULATOR) && !defined(__CUDACC__)
#define PLEAT_CUDA_EMULATOR "cuda/emulator.hpp"
#endif

#include <boost/test/unit_test.hpp>

#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include <pleat/backend/cuda/rows.hpp>

#include "cuda/on_device.hpp"

using namespace pleat;

namespace {

constexpr int threads = 128;

std::vector<float> numbers(std::size_t count, unsigned seed) {
  std::mt19937 draws(seed);
  std::vector<float> some(count);
  for (float& x : some) x = static_cast<float>(static_cast<int>(draws() % 2001) - 1000) / 333.0f;
  return some;
}
std::vector<Bfloat16> rounded_numbers(std::size_t count, unsigned seed) {
  std::vector<Bfloat16> some;
  for (const float x : numbers(count, seed)) some.emplace_back(x);
  return some;
}

__global__ void shuffles(const float* x, float* by_xor, float* from, float* sums, float* largest, float* of_block) {
  auto& scratch = cuda::shared_memory<float[threads / cuda::warp_size]>();
  const Index i = cuda::global_thread();
  const int lane = cuda::lane();
  by_xor[i] = cuda::shuffle_xor(x[i], 5);
  from[i] = cuda::shuffle(x[i], (3 * lane + 7) % 32);
  sums[i] = cuda::group_sum<8>(x[i]);
  largest[i] = cuda::group_max<4>(x[i]);
  of_block[i] = cuda::block_sum(x[i], scratch);
}

// Every thread reads what another one wrote, once within its warp and once within its block.
__global__ void barriers(int* within_warp, int* within_block) {
  auto& shared = cuda::shared_memory<int[threads]>();
  const int me = cuda::thread();
  shared[me] = 10 * me;
  cuda::warp_barrier();
  within_warp[me] = shared[me ^ 9];
  cuda::barrier();
  shared[me] = 20 * me;
  cuda::barrier();
  within_block[me] = shared[threads - 1 - me];
}

struct Copied {
  alignas(16) float rows[2][4 * threads];
};
// Two groups of copies: after the first wait the first group is there. `early` is what was there before a wait.
__global__ void copies(const float* x, float* early, float* first, float* second, float* others) {
  auto& shared = cuda::shared_memory<Copied>();
  const int me = cuda::thread();
  for (int i = 0; i < 2; ++i) {
    for (int j = 0; j < 4; ++j) shared.rows[i][4 * me + j] = -1;
    cuda::async_copy(&shared.rows[i][4 * me], x + i * 4 * threads + 4 * me);
    cuda::async_commit();
  }
  for (int j = 0; j < 4; ++j) early[4 * me + j] = shared.rows[0][4 * me + j];
  cuda::async_wait<1>();
  for (int j = 0; j < 4; ++j) first[4 * me + j] = shared.rows[0][4 * me + j], early[4 * me + j] += shared.rows[1][4 * me + j];
  cuda::async_wait();
  for (int j = 0; j < 4; ++j) second[4 * me + j] = shared.rows[1][4 * me + j];
  cuda::barrier();
  for (int j = 0; j < 4; ++j) others[4 * me + j] = shared.rows[0][4 * (threads - 1 - me) + j];
}

__global__ void packing(const float* x, std::uint32_t* pairs, Bfloat16* ones, Bfloat16* by_four, Bfloat16* by_two) {
  const Index i = cuda::global_thread();
  pairs[i] = cuda::pack(x[2 * i], x[2 * i + 1]);
  ones[2 * i] = cuda::rounded<Bfloat16>(x[2 * i]), ones[2 * i + 1] = cuda::rounded<Bfloat16>(x[2 * i + 1]);
  cuda::store_rounded(by_two + 2 * i, cuda::load<2>(x + 2 * i));
  if (i % 2 == 0) cuda::store_rounded(by_four + 2 * i, cuda::load<4>(x + 2 * i));
}

constexpr int tile_stride = 24;
struct Tile {
  alignas(16) Bfloat16 at[32][tile_stride];
};
// What each lane gets of 16 x 16 numbers (two matrices, those of the left half) as they stand and transposed.
__global__ void matrices(const Bfloat16* x, std::uint32_t* two, std::uint32_t* two_transposed, std::uint32_t* four,
                         std::uint32_t* four_transposed) {
  auto& tile = cuda::shared_memory<Tile>();
  for (int i = cuda::thread(); i < 256; i += cuda::threads()) tile.at[i / 16][i % 16] = x[i];
  cuda::barrier();
  const int l = cuda::lane();
  const Bfloat16* const row = &tile.at[l % 16][l / 16 * 8];
  const auto keep = [&](std::uint32_t* to, const auto& m) {
    int i = 0;
    for (const std::uint32_t lanes : m.at) to[32 * i++ + l] = lanes;
  };
  keep(two, cuda::load_matrices<2>(row)), keep(two_transposed, cuda::load_matrices<2, true>(row));
  keep(four, cuda::load_matrices<4>(row)), keep(four_transposed, cuda::load_matrices<4, true>(row));
}

// c (16, 8) += a (16, 16) b, where b is given as (8, 16), one row a column of the product, and as (16, 8).
__global__ void product(const Bfloat16* a, const Bfloat16* b, const Bfloat16* b_upright, float* c, float* c_upright) {
  auto& tile = cuda::shared_memory<Tile>();
  const int l = cuda::lane();
  const auto multiply = [&](const Bfloat16* of, int columns, float* to) {
    cuda::barrier();
    for (int i = l; i < 256; i += 32) tile.at[i / 16][i % 16] = a[i];
    for (int i = l; i < 128; i += 32) tile.at[16 + i / columns][i % columns] = of[i];
    cuda::barrier();
    const auto left = cuda::load_matrices<4>(&tile.at[l % 16][l / 16 * 8]);
    const auto right = columns == 16 ? cuda::load_matrices<2>(&tile.at[16 + l % 8][l / 8 % 2 * 8])
                                     : cuda::load_matrices<2, true>(&tile.at[16 + l % 16][0]);
    const auto place = [&](int i) { return to + (l / 4 + i / 2 * 8) * 8 + l % 4 * 2 + i % 2; };
    cuda::FragmentC sums;
    for (int i = 0; i < 4; ++i) sums.at[i] = *place(i);
    cuda::mma(sums, left, right);
    for (int i = 0; i < 4; ++i) *place(i) = sums.at[i];
  };
  multiply(b, 16, c), multiply(b_upright, 8, c_upright);
}

} // namespace

BOOST_AUTO_TEST_SUITE(primitives)

BOOST_AUTO_TEST_CASE(shuffles_and_sums) {
  const Cuda device = open_device(Cuda{});
  const auto x = numbers(2 * threads, 1);
  const OnDevice<float> in(device, x);
  OnDevice<float> by_xor(device, x.size()), from(device, x.size()), sums(device, x.size()), largest(device, x.size()),
      of_block(device, x.size());
  cuda::launch(device, {2, threads, sizeof(float[threads / 32])}, shuffles, in.data(), by_xor.data(), from.data(), sums.data(),
               largest.data(), of_block.data());
  const auto a = by_xor.read(), b = from.read(), c = sums.read(), d = largest.read(), e = of_block.read();
  for (std::size_t i = 0; i < x.size(); ++i) {
    BOOST_TEST(a[i] == x[i ^ 5]);
    BOOST_TEST(b[i] == x[i / 32 * 32 + (3 * (i % 32) + 7) % 32]);
    double eight = 0, block = 0;
    for (std::size_t j = 0; j < 8; ++j) eight += x[i / 8 * 8 + j];
    for (std::size_t j = 0; j < threads; ++j) block += x[i / threads * threads + j];
    BOOST_TEST(std::abs(c[i] - eight) < 1e-5);
    BOOST_TEST(std::abs(e[i] - block) < 1e-4);
    BOOST_TEST(c[i] == c[i / 8 * 8]); // the same bits in each lane
    BOOST_TEST(e[i] == e[i / threads * threads]);
    float most = x[i / 4 * 4];
    for (std::size_t j = 1; j < 4; ++j) most = std::max(most, x[i / 4 * 4 + j]);
    BOOST_TEST(d[i] == most);
  }
}

BOOST_AUTO_TEST_CASE(barriers_of_warps_and_blocks) {
  const Cuda device = open_device(Cuda{});
  OnDevice<int> within_warp(device, threads), within_block(device, threads);
  cuda::launch(device, {1, threads, sizeof(int[threads])}, barriers, within_warp.data(), within_block.data());
  const auto a = within_warp.read(), b = within_block.read();
  for (int i = 0; i < threads; ++i) {
    BOOST_TEST(a[static_cast<std::size_t>(i)] == 10 * (i ^ 9));
    BOOST_TEST(b[static_cast<std::size_t>(i)] == 20 * (threads - 1 - i));
  }
}

BOOST_AUTO_TEST_CASE(copies_arrive_when_they_are_waited_for) {
  const Cuda device = open_device(Cuda{});
  const auto x = numbers(8 * threads, 2);
  const OnDevice<float> in(device, x);
  OnDevice<float> early(device, 4 * threads), first(device, 4 * threads), second(device, 4 * threads),
      others(device, 4 * threads);
  cuda::launch(device, {1, threads, sizeof(Copied)}, copies, in.data(), early.data(), first.data(), second.data(), others.data());
  const auto a = first.read(), b = second.read(), c = others.read();
  for (std::size_t i = 0; i < 4 * threads; ++i) {
    BOOST_TEST(a[i] == x[i]);
    BOOST_TEST(b[i] == x[4 * threads + i]);
    BOOST_TEST(c[i] == x[4 * (threads - 1 - i / 4) + i % 4]);
  }
#if defined(PLEAT_CUDA_EMULATOR)
  for (const float nothing : early.read()) BOOST_TEST(std::isnan(nothing)); // neither what was there nor what comes
#endif
}

BOOST_AUTO_TEST_CASE(packing_rounds_to_even) {
  const Cuda device = open_device(Cuda{});
  std::vector<float> x = numbers(2 * threads, 3);
  const float special[] = {0.0f,
                           -0.0f,
                           1.0f,
                           1.00390625f, // halfway to the next: to even, down
                           1.01171875f, // halfway, up
                           1.00390637f,
                           -1.00390625f,
                           3.3895314e38f, // the largest of bfloat16
                           3.4e38f,       // beyond it
                           std::numeric_limits<float>::infinity(),
                           -std::numeric_limits<float>::infinity(),
                           std::numeric_limits<float>::min(),
                           1e-40f};
  std::copy(std::begin(special), std::end(special), x.begin());
  const OnDevice<float> in(device, x);
  OnDevice<std::uint32_t> pairs(device, threads);
  OnDevice<Bfloat16> ones(device, x.size()), by_four(device, x.size()), by_two(device, x.size());
  cuda::launch(device, {1, threads, 0}, packing, in.data(), pairs.data(), ones.data(), by_four.data(), by_two.data());
  const auto p = pairs.read();
  const auto a = ones.read(), b = by_four.read(), c = by_two.read();
  for (std::size_t i = 0; i < x.size(); ++i) {
    const std::uint16_t expected = Bfloat16(x[i]).bits;
    BOOST_TEST((p[i / 2] >> (i % 2 * 16) & 0xFFFFu) == expected);
    BOOST_TEST(a[i].bits == expected);
    BOOST_TEST(b[i].bits == expected);
    BOOST_TEST(c[i].bits == expected);
  }
  x.assign(2 * threads, std::numeric_limits<float>::quiet_NaN());
  const OnDevice<float> not_numbers(device, x);
  cuda::launch(device, {1, threads, 0}, packing, not_numbers.data(), pairs.data(), ones.data(), by_four.data(), by_two.data());
  for (const Bfloat16 one : ones.read()) BOOST_TEST(std::isnan(static_cast<float>(one)));
}

BOOST_AUTO_TEST_CASE(matrices_of_lanes) {
  const Cuda device = open_device(Cuda{});
  std::vector<Bfloat16> x(256); // their own numbers
  for (std::size_t i = 0; i < 256; ++i) x[i].bits = static_cast<std::uint16_t>(i);
  const OnDevice<Bfloat16> in(device, x);
  OnDevice<std::uint32_t> two(device, 64), two_transposed(device, 64), four(device, 128), four_transposed(device, 128);
  cuda::launch(device, {1, 32, sizeof(Tile)}, matrices, in.data(), two.data(), two_transposed.data(), four.data(),
               four_transposed.data());
  const auto check = [&](const std::vector<std::uint32_t>& got, bool transposed) {
    for (std::size_t i = 0; i < got.size(); ++i) {
      const std::size_t matrix = i / 32, lane = i % 32, top = matrix % 2 * 8, left = matrix / 2 * 8;
      for (std::size_t which = 0; which < 2; ++which) {
        const std::size_t line = lane / 4, place = lane % 4 * 2 + which;
        const std::size_t expected = transposed ? (top + place) * 16 + left + line : (top + line) * 16 + left + place;
        BOOST_TEST((got[i] >> (16 * which) & 0xFFFFu) == expected);
      }
    }
  };
  check(two.read(), false), check(two_transposed.read(), true), check(four.read(), false), check(four_transposed.read(), true);
}

BOOST_AUTO_TEST_CASE(products_of_matrices) {
  const Cuda device = open_device(Cuda{});
  const auto a = rounded_numbers(256, 4), b = rounded_numbers(128, 5); // b is (8, 16)
  const auto before = numbers(128, 6);
  std::vector<Bfloat16> b_upright(128);
  for (std::size_t n = 0; n < 8; ++n)
    for (std::size_t k = 0; k < 16; ++k) b_upright[k * 8 + n] = b[n * 16 + k];
  const OnDevice<Bfloat16> left(device, a), right(device, b), right_upright(device, b_upright);
  OnDevice<float> c(device, before), c_upright(device, before);
  cuda::launch(device, {1, 32, sizeof(Tile)}, product, left.data(), right.data(), right_upright.data(), c.data(),
               c_upright.data());
  const auto got = c.read(), too = c_upright.read();
  for (std::size_t m = 0; m < 16; ++m)
    for (std::size_t n = 0; n < 8; ++n) {
      double sum = before[m * 8 + n];
      for (std::size_t k = 0; k < 16; ++k) sum += static_cast<double>(a[m * 16 + k]) * static_cast<double>(b[n * 16 + k]);
      BOOST_TEST(std::abs(got[m * 8 + n] - sum) < 1e-4);
      BOOST_TEST(got[m * 8 + n] == too[m * 8 + n]);
    }
}

#if defined(PLEAT_CUDA_EMULATOR)
// Rows of 48 bytes fall on different banks, rows of 128 bytes on the same.
BOOST_AUTO_TEST_CASE(the_emulator_counts_conflicts_of_banks) {
  const auto conflicts_at = [](int stride) {
    const std::uint64_t before = emulator::machine().conflicts;
    emulator::run(1, 32, 8192, [&] {
      auto& rows = cuda::shared_memory<Bfloat16[4096]>();
      cuda::load_matrices<4>(rows + cuda::lane() % 8 * stride + cuda::lane() / 8 * 1024);
    });
    return emulator::machine().conflicts - before;
  };
  BOOST_TEST(conflicts_at(24) == 0);
  BOOST_TEST(conflicts_at(64) == 4 * 28); // each of 8 rows with each
}
#endif

BOOST_AUTO_TEST_SUITE_END()
