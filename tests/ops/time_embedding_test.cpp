#include <boost/test/unit_test.hpp>

#include "support/op_contract.hpp"

using namespace pleat;
using namespace contract;

namespace {

template <Index Width> struct TimeCase {
  constexpr explicit TimeCase(Layout) {}
  using Inputs = Signature<>;
  template <class Run> auto operator()(Run& run, const SequenceBatch& batch) const {
    static const std::vector<double> t = values_of(64, 3, 0.1);
    return time_embedding<Width>(run, std::span<const double>(t).first(batch.records.size()));
  }
};

} // namespace

BOOST_AUTO_TEST_SUITE(time_embeddings)

BOOST_AUTO_TEST_CASE(contract_of_a_leaf) {
  check_op_contract<TimeCase<6>>();
  check_op_contract<TimeCase<16>>();
  check_op_contract<TimeCase<20>>();
}

BOOST_AUTO_TEST_CASE(features_follow_their_formula) {
  ThreadPool pool(1);
  HostMemory memory(4096);
  Arena arena(memory.data(), memory.size());
  Inference<Cpu, Float64> run(Cpu{&pool}, arena, {});
  const std::vector<double> t{0, 0.25, 1};
  const auto y = time_embedding<6>(run, t);
  BOOST_TEST(y.count() == 3);
  for (std::size_t s = 0; s < 3; ++s)
    for (Index i = 0; i < 3; ++i) {
      const double angle = 1000 * t[s] * std::pow(10000.0, -static_cast<double>(i) / 3);
      BOOST_TEST(std::abs(y.row(static_cast<Index>(s))[i] - std::cos(angle)) < 1e-12);
      BOOST_TEST(std::abs(y.row(static_cast<Index>(s))[3 + i] - std::sin(angle)) < 1e-12);
    }
}

BOOST_AUTO_TEST_SUITE_END()
