#include <boost/test/unit_test.hpp>

#include "support/op_contract.hpp"

using namespace pleat;
using namespace contract;

namespace {

template <Index Width> struct NormalCase {
  constexpr explicit NormalCase(Layout) {}
  using Inputs = Signature<>;
  template <class Run> auto operator()(Run& run, const SequenceBatch& batch) const {
    auto first = normal_rows<Width>(run, batch); // draw 0
    return normal_rows<Width>(run, batch);       // draw 1
  }
};

template <Index Width, class Precision> std::vector<double> normals_of(const TestBatch& batch, int threads = 1) {
  return evaluate<NormalCase<Width>, Precision, true, Tested>(Signature<>{}, batch, {}, {}, threads).output;
}

// The bits of core/philox.hpp, at the instruction set in use.
template <Index Width> void check_normals(const TestBatch& batch) {
  const auto got = normals_of<Width, Float32>(batch);
  check_same_bits(normals_of<Width, Float64>(batch), got, "Float64");
  check_same_bits(normals_of<Width, Float32>(batch, 3), got, "threads");
  std::size_t at = 0;
  for (std::size_t s = 0; s < batch.records.size(); ++s)
    for (Index i = batch.offsets[s]; i < batch.offsets[s + 1]; ++i) {
      std::vector<float> row(Width);
      normal_row<float>({1, 2}, 1, batch.records[s], static_cast<std::uint32_t>(batch.starts[s] + i - batch.offsets[s]), row);
      for (float x : row) BOOST_REQUIRE_EQUAL(got[at++], static_cast<double>(x));
    }
  BOOST_TEST(at == got.size());
}

// FNV-1a over the bits of floats.
std::uint64_t hash_of(const std::vector<double>& values) {
  std::uint64_t hash = 0xCBF29CE484222325u;
  for (double value : values) {
    const auto bits = std::bit_cast<std::uint32_t>(static_cast<float>(value));
    for (int shift = 0; shift < 32; shift += 8) hash = (hash ^ (bits >> shift & 0xFF)) * 0x100000001B3u;
  }
  return hash;
}

struct EachLevel {
  simd::Level before = simd::level();
  template <class Body> void run(Body body) {
    for (auto level : {simd::Level::Portable, simd::Level::Avx2, simd::Level::Avx512})
      if (level <= simd::highest_level()) simd::set_level(level), body();
  }
  ~EachLevel() { simd::set_level(before); }
};

} // namespace

BOOST_AUTO_TEST_SUITE(noise)

BOOST_AUTO_TEST_CASE(normals_have_the_bits_of_the_scalar_text_at_every_level) {
  EachLevel{}.run([] {
    for (const auto& lengths : std::vector<std::vector<Index>>{{5, 1, 9}, {}, {0, 0, 3, 0, 70, 0}}) {
      const TestBatch batch(lengths);
      check_normals<1>(batch);
      check_normals<7>(batch);
      check_normals<16>(batch);
      check_normals<33>(batch);
      check_normals<150>(batch);
    }
  });
}

BOOST_AUTO_TEST_CASE(a_million_normals_have_the_stored_bits) {
  // 2^20 of them: every instruction set of the CPU, CUDA, every compiler and every version of pleat make these bits.
  const TestBatch batch({1000, 1, 0, 3095});
  EachLevel{}.run([&] { BOOST_TEST(hash_of(normals_of<256, Float32>(batch)) == 0xA6873C6326DF3F5Bu); });
}

BOOST_AUTO_TEST_CASE(noise_of_a_record_does_not_depend_on_its_batch) {
  TestBatch all({3, 5, 2}), alone({3}); // the crop [1, 4) of record 11
  alone.records[0] = 11, alone.starts[0] = 2;
  const auto together = normals_of<9, Float32>(all), single = normals_of<9, Float32>(alone);
  // Record 11 starts at position 1 in `all`, so that its position 2 is row 3 + 1.
  for (std::size_t i = 0; i < single.size(); ++i) BOOST_TEST(single[i] == together[(3 + 1) * 9 + i]);
}

BOOST_AUTO_TEST_CASE(uploads_are_copies) {
  ThreadPool pool(1);
  HostMemory memory(4096);
  Arena arena(memory.data(), memory.size());
  Inference<Cpu> run(Cpu{&pool}, arena, {});
  const std::vector<double> values{0.1, -2, 3e30};
  auto buffer = upload(run, values);
  BOOST_TEST(buffer.count() == 3);
  for (std::size_t i = 0; i < 3; ++i) BOOST_TEST(run.data(buffer)[i] == static_cast<float>(values[i]));
  BOOST_TEST(upload(run, std::span<const double>{}).count() == 0);
}

BOOST_AUTO_TEST_SUITE_END()
