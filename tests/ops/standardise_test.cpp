#include <boost/test/unit_test.hpp>

#include "support/op_contract.hpp"

using namespace pleat;
using namespace contract;

namespace {

enum class Direction { Forth, Back, Both };

// The statistics are frozen, so that the contract can set them.
template <Index Width, Direction Way> struct StandardiseCase {
  Matrix<1, Width> mean, deviation;
  constexpr explicit StandardiseCase(Layout at)
      : mean(at.frozen().template table<1, Width>("mean", init::zero)),
        deviation(at.frozen().template table<1, Width>("deviation", init::one)) {}
  using Inputs = Signature<In<Width>>;
  template <class Run> auto operator()(Run& run, const SequenceBatch&, const Rows<Run, Width>& x) const {
    if constexpr (Way == Direction::Forth)
      return standardise(run, x, mean, deviation);
    else if constexpr (Way == Direction::Back)
      return unstandardise(run, x, mean, deviation);
    else
      return unstandardise(run, standardise(run, x, mean, deviation), mean, deviation);
  }
};

struct StateCase {
  Matrix<1, 3> mean, deviation;
  constexpr explicit StateCase(Layout at)
      : mean(at.state<1, 3>("mean", init::constant(2))), deviation(at.state<1, 3>("deviation", init::constant(4))) {}
};

std::vector<double> statistics(Index width) { // (mean, deviation); some deviations are too small
  auto flat = values_of(2 * width, 5, 2.0);
  for (Index c = 0; c < width; ++c) {
    double& d = flat[static_cast<std::size_t>(width + c)];
    d = c % 3 == 1 ? 9e-6 : c % 3 == 2 ? 1.5e-5 : std::abs(d) + 0.1;
  }
  return flat;
}

} // namespace

BOOST_AUTO_TEST_SUITE(standardisation)

BOOST_AUTO_TEST_CASE(contract_of_both_directions) {
  check_op_contract<StandardiseCase<6, Direction::Forth>>();
  check_op_contract<StandardiseCase<16, Direction::Forth>>();
  check_op_contract<StandardiseCase<20, Direction::Back>>();
  check_op_contract<StandardiseCase<7, Direction::Both>>();
}

BOOST_AUTO_TEST_CASE(small_deviations_count_as_one) {
  const TestBatch batch({2});
  const auto flat = statistics(7), x = values_of(14, 1);
  const auto forth = evaluate<StandardiseCase<7, Direction::Forth>, Float64, true>(Signature<In<7>>{}, batch, {x}, flat, 1);
  const auto back = evaluate<StandardiseCase<7, Direction::Back>, Float64, true>(Signature<In<7>>{}, batch, {x}, flat, 1);
  const auto weights = values_of(14, 555);
  for (std::size_t i = 0; i < 14; ++i) {
    const double mean = flat[i % 7], d = flat[7 + i % 7] < 1e-5 ? 1 : flat[7 + i % 7];
    BOOST_TEST(std::abs(forth.output[i] - (x[i] - mean) / d) <= 1e-12 * std::abs(forth.output[i]));
    BOOST_TEST(std::abs(back.output[i] - (x[i] * d + mean)) <= 1e-14);
    BOOST_TEST(std::abs(forth.input_gradients[0][i] - weights[i] / d) <= 1e-12 * std::abs(weights[i] / d));
    BOOST_TEST(std::abs(back.input_gradients[0][i] - weights[i] * d) <= 1e-14);
  }
}

BOOST_AUTO_TEST_CASE(both_directions_are_inverse) {
  const TestBatch batch({20});
  const auto x = values_of(140, 1);
  const auto y = evaluate<StandardiseCase<7, Direction::Both>, Float32, true>(Signature<In<7>>{}, batch, {x}, statistics(7), 1);
  check_close(y.output, x, 1e-6, "round trip");
}

BOOST_AUTO_TEST_CASE(statistics_may_live_in_the_state) {
  ThreadPool pool(1);
  Parameters<StateCase, Cpu> parameters(Cpu{&pool});
  parameters.initialise(1);
  HostMemory memory(4096);
  Arena arena(memory.data(), memory.size());
  Inference<Cpu> run(Cpu{&pool}, arena, parameters.values());
  const auto model = make_case<StateCase>();
  const auto y = standardise(run, fill<Inference<Cpu>, 3, Token>(run, {2, 6, -2}), model.mean, model.deviation);
  const std::vector<double> expected{0, 1, -1};
  check_same_bits(dense_of(y), expected, "standardise");
}

BOOST_AUTO_TEST_SUITE_END()
