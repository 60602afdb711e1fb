// A row of a product has the same bits alone and among any number of rows, forward and backward.

#if !defined(PLEAT_CONTRACT_DEVICE)
#define PLEAT_CONTRACT_DEVICE pleat::Cuda
#endif
#if !defined(PLEAT_CUDA_EMULATOR) && !defined(__CUDACC__)
#define PLEAT_CUDA_EMULATOR "cuda/emulator.hpp"
#endif

#include <boost/test/unit_test.hpp>

#include "support/op_contract.hpp"

#include <pleat/ops/linear.hpp>

using namespace pleat;
using namespace contract;

namespace {

#if defined(__CUDACC__)
constexpr Index most_rows = 16384;
#else
constexpr Index most_rows = 300;
#endif

template <Index OutWidth, Index InWidth> struct RowCase {
  Matrix<OutWidth, InWidth> weight;
  Vector<OutWidth> bias;
  constexpr explicit RowCase(Layout at)
      : weight(at.matrix<OutWidth, InWidth>("weight", init::lecun)), bias(at.vector<OutWidth>("bias", init::zero)) {}
  using Inputs = Signature<In<InWidth>>;
  template <class Run> auto operator()(Run& run, const SequenceBatch&, const Rows<Run, InWidth>& x) const {
    return linear(run, weight, bias, x, Activation::Gelu);
  }
};

std::vector<Index> row_counts() {
  std::vector<Index> counts;
  for (Index n = 1; n <= 33; ++n) counts.push_back(n);
  for (Index n = 64; n < most_rows; n *= 2)
    for (const Index count : {n - 1, n, n + 1, n + n / 3}) // of many rows only two, for the time that it takes to draw them
      if (count < most_rows && (n <= 512 || count == n || count == n + n / 3)) counts.push_back(count);
  return counts;
}

template <Index OutWidth, Index InWidth, class Precision> void check_rows() {
  using Case = RowCase<OutWidth, InWidth>;
  const auto flat = values_of(layout_totals<Case>.count[0], 17, 0.2), x = values_of(most_rows * InWidth, 100);
  const auto of = [&](Index rows) {
    return evaluate<Case, Precision, true, Tested>(typename Case::Inputs{}, TestBatch({rows}),
                                                   {{x.begin(), x.begin() + rows * InWidth}}, flat, 1);
  };
  const auto all = of(most_rows);
  for (const Index rows : row_counts()) {
    const auto some = of(rows);
    check_same_bits(some.output, {all.output.begin(), all.output.begin() + rows * OutWidth}, std::to_string(rows) + " rows");
    check_same_bits(some.input_gradients[0], {all.input_gradients[0].begin(), all.input_gradients[0].begin() + rows * InWidth},
                    "gradients of " + std::to_string(rows) + " rows");
  }
}

} // namespace

BOOST_AUTO_TEST_SUITE(row_counts_of_products)

BOOST_AUTO_TEST_CASE(narrow_float) { check_rows<40, 48, Float32>(); }
BOOST_AUTO_TEST_CASE(wide_float) { check_rows<480, 120, Float32>(); }
BOOST_AUTO_TEST_CASE(narrow_double) { check_rows<40, 48, Float64>(); }
BOOST_AUTO_TEST_CASE(narrow_bf16) { check_rows<40, 48, Bf16>(); }
BOOST_AUTO_TEST_CASE(wide_bf16) { check_rows<480, 120, Bf16>(); }
BOOST_AUTO_TEST_CASE(wide_tf32) { check_rows<480, 120, Tf32>(); }

BOOST_AUTO_TEST_SUITE_END()
