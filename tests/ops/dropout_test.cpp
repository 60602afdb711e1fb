#include <boost/test/unit_test.hpp>

#include "support/op_contract.hpp"

using namespace pleat;
using namespace contract;

namespace {

template <Index Width, int Percent> struct DropoutCase {
  constexpr explicit DropoutCase(Layout) {}
  using Inputs = Signature<In<Width>>;
  template <class Run> auto operator()(Run& run, const SequenceBatch& batch, const Rows<Run, Width>& x) const {
    return dropout(run, x, Percent / 100.0, batch);
  }
};

template <Index Width, class Precision, bool Records>
Evaluation drop(const TestBatch& batch, const std::vector<double>& x, int threads = 1) {
  return evaluate<DropoutCase<Width, 30>, Precision, Records, Tested>(Signature<In<Width>>{}, batch, {x}, {}, threads);
}

bool dropped(const TestBatch& batch, std::size_t s, Index i, std::size_t c, double rate) { // the scalar text
  const auto block =
      philox({1, 2}, {0, batch.records[s], static_cast<std::uint32_t>(batch.starts[s] + i), static_cast<std::uint32_t>(c / 4)});
  return static_cast<double>(uniform_float(block[c % 4])) < rate;
}

} // namespace

BOOST_AUTO_TEST_SUITE(dropouts)

BOOST_AUTO_TEST_CASE(mask_is_that_of_the_key_forward_and_backward) {
  const TestBatch batch({5, 0, 40, 3});
  const auto before = simd::level();
  for (auto level : {simd::Level::Portable, simd::Level::Avx2, simd::Level::Avx512}) {
    if (level > simd::highest_level()) continue;
    simd::set_level(level);
    const auto check = [&](auto width, auto precision) {
      constexpr Index w = decltype(width)::value;
      using P = decltype(precision);
      using T = typename P::Stream;
      const auto x = values_of(48 * w, 1), weights = values_of(48 * w, 555);
      const auto result = drop<w, P, true>(batch, x);
      check_same_bits(drop<w, P, true>(batch, x, 3).output, result.output, "threads");
      const T factor = static_cast<T>(1 / (1 - 0.3));
      std::size_t at = 0;
      for (std::size_t s = 0; s < batch.records.size(); ++s)
        for (Index i = 0; i < batch.offsets[s + 1] - batch.offsets[s]; ++i)
          for (std::size_t c = 0; c < w; ++c, ++at) {
            const bool out = dropped(batch, s, i, c, 0.3);
            BOOST_REQUIRE_EQUAL(result.output[at], out ? 0.0 : static_cast<double>(static_cast<T>(x[at]) * factor));
            BOOST_REQUIRE_EQUAL(result.input_gradients[0][at],
                                out ? 0.0 : static_cast<double>(static_cast<T>(weights[at]) * factor));
          }
    };
    check(std::integral_constant<Index, 6>{}, Float32{});
    check(std::integral_constant<Index, 6>{}, Float64{});
    check(std::integral_constant<Index, 100>{}, Float32{});
    check(std::integral_constant<Index, 16>{}, Float64{});
  }
  simd::set_level(before);
}

BOOST_AUTO_TEST_CASE(the_dropped_share_is_the_rate) {
  const TestBatch batch({1000});
  const auto y = drop<64, Float32, true>(batch, std::vector<double>(64000, 1.0)).output;
  double kept = 0;
  for (double v : y) kept += v != 0;
  BOOST_TEST(std::abs(kept / 64000 - 0.7) < 5 * std::sqrt(0.21 / 64000));
}

BOOST_AUTO_TEST_CASE(inference_and_a_rate_of_zero_hand_x_on) {
  check_op_contract<DropoutCase<6, 0>>();
  const TestBatch batch({5, 1});
  const auto x = values_of(36, 1);
  check_same_bits(drop<6, Float32, false>(batch, x).output, x, "inference");
  ThreadPool pool(1);
  HostMemory memory(4096);
  Arena arena(memory.data(), memory.size());
  Training<Cpu> run(Cpu{&pool}, arena, {});
  auto rows = fill<Training<Cpu>, 6, Token>(run, x);
  BOOST_TEST(dropout(run, rows, 0.0, batch.view()).value() == rows.value());
  Training<Cpu>::Untaped untaped(run);
  BOOST_TEST(dropout(run, rows, 0.5, batch.view()).value() == rows.value());
}

BOOST_AUTO_TEST_CASE(gradients_of_a_value_used_twice_add_up) {
  ThreadPool pool(1);
  HostMemory memory(1 << 14);
  Arena arena(memory.data(), memory.size());
  const TestBatch batch({5, 1});
  Training<Cpu> run(Cpu{&pool}, arena, {});
  auto x = fill<Training<Cpu>, 6, Token>(run, values_of(36, 1));
  run.want(x);
  auto a = dropout(run, x, 0.5, batch.view()), b = dropout(run, x, 0.5, batch.view());
  auto y = add(run, a, b);
  auto seed = run.contribute<6>(y.value(), y.count());
  for (Index i = 0; i < 6 * 16; ++i) seed.data[i] = i % 16 < 6 ? 1.0f : 0.0f;
  const auto once = dense_of(a), twice = dense_of(b), values = dense_of(x);
  run.backward();
  const auto dx = dense_of(run.gradient_of(x));
  bool differ = false;
  for (std::size_t i = 0; i < 36; ++i) {
    BOOST_TEST(dx[i] == (once[i] != 0 ? 2 : 0) + (twice[i] != 0 ? 2 : 0));
    differ = differ || (once[i] != 0) != (twice[i] != 0);
  }
  BOOST_TEST(differ);
}

BOOST_AUTO_TEST_CASE(wrong_rates_are_errors) {
  ThreadPool pool(1);
  HostMemory memory(4096);
  Arena arena(memory.data(), memory.size());
  const TestBatch batch({2});
  Inference<Cpu> run(Cpu{&pool}, arena, {});
  auto x = fill<Inference<Cpu>, 3, Token>(run, {1, 2, 3, 4, 5, 6});
  for (double rate : {-0.1, 1.0, 2.0, std::nan("")}) BOOST_CHECK_THROW(dropout(run, x, rate, batch.view()), Error);
  BOOST_CHECK_THROW(dropout(run, x, 0.1, TestBatch({3}).view()), Error);
}

BOOST_AUTO_TEST_SUITE_END()
