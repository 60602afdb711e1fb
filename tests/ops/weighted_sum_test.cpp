#include "support/loss_run.hpp"

#include <pleat/ops/weighted_sum.hpp>

using namespace pleat;
using namespace contract;

namespace {

// The same number may be both terms.
template <bool Shared> struct SumCase {
  constexpr explicit SumCase(Layout) {}
  using Inputs = Signature<In<1, Batch>, In<1, Batch>>;
  template <class Run> auto operator()(Run& run, const SequenceBatch&, const Scalar<Run>& a, const Scalar<Run>& b) const {
    auto sum = weighted_sum(run, a, 0.25, Shared ? a : b, -3.0);
    return weighted_sum(run, sum, 2.0, zero_scalar(run), 1.0);
  }
};

} // namespace

BOOST_AUTO_TEST_SUITE(weighted_sums)

BOOST_AUTO_TEST_CASE(contract) {
  check_op_contract<SumCase<false>>();
  check_op_contract<SumCase<true>>();
}

BOOST_AUTO_TEST_CASE(zero_has_no_gradient_and_a_zero_weight_hides_nan) {
  LossRun<Float32> test;
  auto zero = zero_scalar(test.run);
  BOOST_CHECK(!zero.wants_gradient());
  BOOST_CHECK_EQUAL(dense_of(zero)[0], 0.0);
  auto bad = test.input<1, Batch>({NAN});
  auto good = test.input<1, Batch>({2.0});
  auto sum = weighted_sum(test.run, good, 3.0, bad, 0.0);
  BOOST_CHECK_EQUAL(dense_of(sum)[0], 6.0);
  test.run.backward(sum);
  BOOST_CHECK_EQUAL(dense_of(test.run.gradient_of(good))[0], 3.0);
}

BOOST_AUTO_TEST_SUITE_END()
