#include <boost/test/unit_test.hpp>

#include "support/op_contract.hpp"

using namespace pleat;
using namespace contract;

namespace {

template <Index Width, Activation Act> struct ActivationCase {
  constexpr explicit ActivationCase(Layout) {}
  using Inputs = Signature<In<Width>>;
  template <class Run> auto operator()(Run& run, const SequenceBatch&, const Rows<Run, Width>& x) const {
    return activate(run, x, Act);
  }
};

} // namespace

BOOST_AUTO_TEST_SUITE(activations)

BOOST_AUTO_TEST_CASE(contract_of_pointwise_functions) {
  check_op_contract<ActivationCase<6, Activation::Gelu>>();
  check_op_contract<ActivationCase<16, Activation::Silu>>();
  check_op_contract<ActivationCase<20, Activation::Relu>>();
  check_op_contract<ActivationCase<7, Activation::Tanh>>();
  check_op_contract<ActivationCase<9, Activation::None>>();
}

BOOST_AUTO_TEST_CASE(gelu_is_the_erf_form) {
  const TestBatch batch({2});
  const std::vector<double> x{-1.5, 0.3, 2, 0, -0.01, 4, 1, -3, 0.5, -0.5, 6, -6};
  const auto y = evaluate<ActivationCase<6, Activation::Gelu>, Float64, false>(Signature<In<6>>{}, batch, {x}, {}, 1).output;
  for (std::size_t i = 0; i < x.size(); ++i)
    BOOST_TEST(std::abs(y[i] - 0.5 * x[i] * (1 + std::erf(x[i] / std::sqrt(2.0)))) < 1e-15 * (1 + std::abs(x[i])));
}

BOOST_AUTO_TEST_SUITE_END()
