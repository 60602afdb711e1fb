#include <vector>

#include <boost/test/unit_test.hpp>
#include <pleat/backend/cpu/normals.hpp>

using namespace pleat;

namespace {
template <class Real> void check(Index width) {
  const Index rows = 75, stride = stride_of(width);
  std::vector<std::uint32_t> record, position;
  for (std::uint32_t r = 0; r < 75; ++r) record.push_back(r / 20 * 1000003u), position.push_back(r % 20);
  NoiseRows noise{{77, 5}, 3, rows, width, stride, record.data(), position.data()};
  const auto before = simd::level();
  for (auto level : {simd::Level::Portable, simd::Level::Avx2, simd::Level::Avx512}) {
    if (level > simd::highest_level()) continue;
    simd::set_level(level);
    for (int threads : {1, 3}) {
      ThreadPool pool(threads);
      Cpu cpu{&pool};
      std::vector<Real> out(static_cast<std::size_t>(rows * stride)), row(static_cast<std::size_t>(width));
      normals(cpu, noise, out.data());
      std::size_t wrong = 0;
      for (Index r = 0; r < rows; ++r) {
        normal_row<Real>(noise.key, noise.draw, record[static_cast<std::size_t>(r)], position[static_cast<std::size_t>(r)], row);
        for (Index c = 0; c < stride; ++c)
          wrong += out[static_cast<std::size_t>(r * stride + c)] != (c < width ? row[static_cast<std::size_t>(c)] : 0);
      }
      BOOST_TEST(wrong == 0, "width " << width << ", level " << simd::level_name(level));
    }
  }
  simd::set_level(before);
}
} // namespace

BOOST_AUTO_TEST_SUITE(normals_op_suite)

BOOST_AUTO_TEST_CASE(same_bits_as_the_scalar_rows) {
  for (Index width : {1, 2, 3, 4, 5, 6, 7, 9, 16, 63, 64, 65, 66, 67, 128, 130, 320}) {
    check<float>(width);
    check<double>(width);
  }
}

BOOST_AUTO_TEST_CASE(a_million_values_agree_bit_for_bit) {
  std::vector<std::uint32_t> record(1000), position(1000, 9);
  for (std::uint32_t r = 0; r < 1000; ++r) record[r] = r;
  ThreadPool pool(2);
  Cpu cpu{&pool};
  std::vector<float> out(1024000), row(1024);
  normals(cpu, NoiseRows{{1, 1}, 0, 1000, 1024, 1024, record.data(), position.data()}, out.data());
  std::size_t wrong = 0;
  for (std::uint32_t r = 0; r < 1000; ++r) {
    normal_row<float>({1, 1}, 0, r, 9, row);
    for (std::size_t c = 0; c < 1024; ++c) wrong += out[r * 1024 + c] != row[c];
  }
  BOOST_TEST(wrong == 0u);
}

BOOST_AUTO_TEST_SUITE_END()
