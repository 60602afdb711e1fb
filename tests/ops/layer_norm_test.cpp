#include <boost/test/unit_test.hpp>

#include "support/op_contract.hpp"

using namespace pleat;
using namespace contract;

namespace {

template <Index Width> struct LayerNormCase {
  Vector<Width> gain, bias;
  constexpr explicit LayerNormCase(Layout at)
      : gain(at.vector<Width>("weight", init::one)), bias(at.vector<Width>("bias", init::zero)) {}
  using Inputs = Signature<In<Width>>;
  template <class Run> auto operator()(Run& run, const SequenceBatch&, const Rows<Run, Width>& x) const {
    return layer_norm(run, gain, bias, x);
  }
};

} // namespace

BOOST_AUTO_TEST_SUITE(layer_normalisation)

BOOST_AUTO_TEST_CASE(contract) {
  check_op_contract<LayerNormCase<6>>();
  check_op_contract<LayerNormCase<16>>();
  check_op_contract<LayerNormCase<20>>();
}

BOOST_AUTO_TEST_SUITE_END()
