#include <boost/test/unit_test.hpp>

#include "support/op_contract.hpp"

using namespace pleat;
using namespace contract;

namespace {

template <Index Width> struct AddCase {
  constexpr explicit AddCase(Layout) {}
  using Inputs = Signature<In<Width>, In<Width>>;
  template <class Run>
  auto operator()(Run& run, const SequenceBatch&, const Rows<Run, Width>& a, const Rows<Run, Width>& b) const {
    return add(run, a, b);
  }
};

// A value added to itself, and sums used twice: gradients that were handed on must not be shared.
struct ReusedCase {
  constexpr explicit ReusedCase(Layout) {}
  using Inputs = Signature<In<6>, In<6>>;
  template <class Run> auto operator()(Run& run, const SequenceBatch&, const Rows<Run, 6>& a, const Rows<Run, 6>& b) const {
    auto twice = add(run, a, a);
    auto sum = add(run, twice, activate(run, b, Activation::Tanh));
    auto more = add(run, sum, activate(run, sum, Activation::Gelu));
    return add(run, more, add(run, a, sum));
  }
};

struct OneSidedCase {
  constexpr explicit OneSidedCase(Layout) {}
  using Inputs = Signature<In<6>>;
  template <class Run> auto operator()(Run& run, const SequenceBatch& batch, const Rows<Run, 6>& b) const {
    return add(run, normal_rows<6>(run, batch), b);
  }
};

} // namespace

BOOST_AUTO_TEST_SUITE(sums)

BOOST_AUTO_TEST_CASE(contract_of_sums) {
  check_op_contract<AddCase<6>>();
  check_op_contract<AddCase<16>>();
  check_op_contract<AddCase<20>>();
  check_op_contract<ReusedCase>();
  check_op_contract<OneSidedCase>();
}

BOOST_AUTO_TEST_CASE(rows_of_another_batch_are_an_error) {
  ThreadPool pool(1);
  HostMemory memory(4096);
  Arena arena(memory.data(), memory.size());
  Inference<Cpu> run(Cpu{&pool}, arena, {});
  auto two = fill<Inference<Cpu>, 3, Token>(run, {1, 2, 3, 4, 5, 6}), one = fill<Inference<Cpu>, 3, Token>(run, {1, 2, 3});
  BOOST_CHECK_THROW(add(run, two, one), Error);
}

BOOST_AUTO_TEST_SUITE_END()
