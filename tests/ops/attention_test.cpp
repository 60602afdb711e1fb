#include <boost/test/unit_test.hpp>

#include <pleat/io/safetensors.hpp>
#include <pleat/ops/attention.hpp>

#include "support/op_contract.hpp"

using namespace pleat;
using namespace contract;

namespace {

template <Index Width, Index Heads> struct AttentionCase {
  constexpr explicit AttentionCase(Layout) {}
  using Inputs = Signature<In<Width>, In<Width>, In<Width>>;
  template <class Run>
  auto operator()(Run& run, const SequenceBatch& batch, const Rows<Run, Width>& q, const Rows<Run, Width>& k,
                  const Rows<Run, Width>& v) const {
    return attention<Heads>(run, q, k, v, batch.segments);
  }
};

} // namespace

BOOST_AUTO_TEST_SUITE(attention_op_suite)

BOOST_AUTO_TEST_CASE(contract) {
  ContractOptions options;
  options.lengths = {{5, 1, 4}, {1}, {}, {3, 0, 2}};
  check_op_contract<AttentionCase<6, 1>>(options);
  check_op_contract<AttentionCase<12, 2>>(options);
  check_op_contract<AttentionCase<24, 3>>(options);
}

BOOST_AUTO_TEST_SUITE_END()
