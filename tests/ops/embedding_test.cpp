#include <boost/test/unit_test.hpp>

#include "support/op_contract.hpp"

using namespace pleat;
using namespace contract;

namespace {

template <Index Width> struct EmbeddingCase {
  Matrix<25, Width> table;
  constexpr explicit EmbeddingCase(Layout at) : table(at.table<25, Width>("table", init::normal(1))) {}
  using Inputs = Signature<>;
  template <class Run> auto operator()(Run& run, const SequenceBatch& batch) const { return embedding(run, table, batch.tokens); }
};

} // namespace

BOOST_AUTO_TEST_SUITE(embeddings)

BOOST_AUTO_TEST_CASE(contract_of_a_table) {
  check_op_contract<EmbeddingCase<6>>();
  check_op_contract<EmbeddingCase<16>>();
  check_op_contract<EmbeddingCase<20>>();
}

BOOST_AUTO_TEST_CASE(rows_are_those_of_the_table) {
  const TestBatch batch({3, 2});
  const auto flat = values_of(25 * 7, 17, 0.7);
  const auto result = evaluate<EmbeddingCase<7>, Float32, true>(Signature<>{}, batch, {}, flat, 1);
  for (std::size_t i = 0; i < batch.tokens.size(); ++i)
    for (std::size_t c = 0; c < 7; ++c) BOOST_TEST(result.output[i * 7 + c] == flat[batch.tokens[i] * 7u + c]);
}

BOOST_AUTO_TEST_CASE(a_token_outside_the_table_is_an_error) {
  TestBatch batch({3});
  batch.tokens[1] = 25;
  const auto flat = values_of(25 * 7, 17);
  BOOST_CHECK_EXCEPTION((evaluate<EmbeddingCase<7>, Float32, false>(Signature<>{}, batch, {}, flat, 1)), Error,
                        [](const Error& e) { return std::string(e.what()).find("token 25 at row 1") != std::string::npos; });
}

BOOST_AUTO_TEST_SUITE_END()
