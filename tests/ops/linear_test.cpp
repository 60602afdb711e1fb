#include <boost/test/unit_test.hpp>

#include "support/op_contract.hpp"

using namespace pleat;
using namespace contract;

namespace {

template <Index OutWidth, Index InWidth, Activation Act> struct LinearCase {
  Matrix<OutWidth, InWidth> weight;
  Vector<OutWidth> bias;
  constexpr explicit LinearCase(Layout at)
      : weight(at.matrix<OutWidth, InWidth>("weight", init::lecun)), bias(at.vector<OutWidth>("bias", init::zero)) {}
  using Inputs = Signature<In<InWidth>>;
  template <class Run> auto operator()(Run& run, const SequenceBatch&, const Rows<Run, InWidth>& x) const {
    return linear(run, weight, bias, x, Act);
  }
};

struct ResidualCase {
  Matrix<7, 9> weight;
  Vector<7> bias;
  constexpr explicit ResidualCase(Layout at)
      : weight(at.matrix<7, 9>("weight", init::lecun)), bias(at.vector<7>("bias", init::zero)) {}
  using Inputs = Signature<In<9>, In<7>>;
  template <class Run>
  auto operator()(Run& run, const SequenceBatch&, const Rows<Run, 9>& x, const Rows<Run, 7>& residual) const {
    return linear_add(run, weight, bias, x, residual);
  }
};

// One value used 0, 1, 2 and 3 times, one parameter used twice.
template <int Uses> struct SharingCase {
  Matrix<6, 6> weight;
  Vector<6> bias;
  constexpr explicit SharingCase(Layout at)
      : weight(at.matrix<6, 6>("weight", init::lecun)), bias(at.vector<6>("bias", init::zero)) {}
  using Inputs = Signature<In<6>, In<6>>;
  template <class Run> auto operator()(Run& run, const SequenceBatch&, const Rows<Run, 6>& x, const Rows<Run, 6>& start) const {
    auto shared = linear(run, weight, bias, x, Activation::Tanh);
    auto y = start;
    for (int i = 0; i < Uses; ++i) y = linear_add(run, weight, bias, shared, y);
    if (Uses == 0) y = linear(run, weight, bias, y);
    return y;
  }
};

} // namespace

BOOST_AUTO_TEST_SUITE(linear_layers)

BOOST_AUTO_TEST_CASE(contract_of_plain_and_activated_products) {
  check_op_contract<LinearCase<6, 7, Activation::None>>();
  check_op_contract<LinearCase<9, 20, Activation::Gelu>>();
  check_op_contract<LinearCase<17, 6, Activation::Silu>>();
  check_op_contract<LinearCase<16, 3, Activation::Tanh>>();
}

// Copies that products read are shared by those of one value, and never by gradients that others still add to.
BOOST_AUTO_TEST_CASE(rounded_operands) {
  check_rounded_operands<LinearCase<9, 20, Activation::Gelu>>();
  check_rounded_operands<LinearCase<16, 32, Activation::None>>();
  check_rounded_operands<ResidualCase>();
  check_rounded_operands<SharingCase<3>>();
}

BOOST_AUTO_TEST_CASE(contract_of_the_residual_form) { check_op_contract<ResidualCase>(); }

BOOST_AUTO_TEST_CASE(values_and_parameters_used_several_times) {
  check_op_contract<SharingCase<0>>();
  check_op_contract<SharingCase<1>>();
  check_op_contract<SharingCase<2>>();
  check_op_contract<SharingCase<3>>();
}

BOOST_AUTO_TEST_SUITE_END()
