#include "support/loss_run.hpp"

#include <pleat/ops/pooling.hpp>

using namespace pleat;
using namespace contract;

namespace {

template <Pool pool, class Run, Index Width> auto pooled(Run& run, const Rows<Run, Width>& x, const Segments& segments) {
  if constexpr (pool == Pool::mean)
    return pool_mean(run, x, segments);
  else if constexpr (pool == Pool::max)
    return pool_max(run, x, segments);
  else
    return pool_mean_std(run, x, segments);
}

template <Index Width, Pool pool> struct PoolCase {
  constexpr explicit PoolCase(Layout) {}
  using Inputs = Signature<In<Width>>;
  template <class Run> auto operator()(Run& run, const SequenceBatch& batch, const Rows<Run, Width>& x) const {
    return pooled<pool>(run, x, batch.segments);
  }
};

template <Pool pool, Index Width>
std::vector<double> evaluate_pool(const std::vector<double>& x, const std::vector<Index>& lengths, int threads = 1) {
  LossRun<Float32> test(threads);
  const TestBatch batch(lengths);
  return dense_of(pooled<pool>(test.run, test.input<Width>(x), batch.view().segments));
}

template <Pool pool> void check_batch_mates() {
  const auto x = values_of(12 * 9, 1);
  const auto part = [&](Index begin, Index end) { return std::vector<double>(x.begin() + begin * 9, x.begin() + end * 9); };
  auto expected = evaluate_pool<pool, 9>(part(0, 5), {5});
  const auto width = expected.size();
  expected.resize(2 * width); // the empty sequence: zeros
  const auto last = evaluate_pool<pool, 9>(part(5, 12), {7});
  expected.insert(expected.end(), last.begin(), last.end());
  check_same_bits(evaluate_pool<pool, 9>(x, {5, 0, 7}, 3), expected, "batch mates");
}

} // namespace

BOOST_AUTO_TEST_SUITE(poolings)

BOOST_AUTO_TEST_CASE(contract) {
  ContractOptions options;
  options.gradient_tolerance = 2e-6; // standard deviations of three rows bend strongly
  options.step = 2e-6;
  check_op_contract<PoolCase<6, Pool::mean>>(options);
  check_op_contract<PoolCase<16, Pool::mean>>(options);
  check_op_contract<PoolCase<7, Pool::max>>(options);
  check_op_contract<PoolCase<20, Pool::max>>(options);
  check_op_contract<PoolCase<6, Pool::mean_std>>(options);
  check_op_contract<PoolCase<9, Pool::mean_std>>(options);
  check_op_contract<PoolCase<16, Pool::mean_std>>(options);
}

BOOST_AUTO_TEST_CASE(values) {
  const std::vector<double> x{1, -5, 3, -7, 8, -6}; // three rows of two channels
  BOOST_TEST((evaluate_pool<Pool::mean, 2>(x, {3})) == (std::vector<double>{4, -6}), boost::test_tools::per_element());
  BOOST_TEST((evaluate_pool<Pool::max, 2>(x, {3})) == (std::vector<double>{8, -5}),
             boost::test_tools::per_element()); // below the zero tail
  const auto both = evaluate_pool<Pool::mean_std, 2>(x, {3});
  BOOST_CHECK_CLOSE(both[2], std::sqrt((9 + 1 + 16) / 3.0), 1e-4);
  BOOST_CHECK_CLOSE(both[3], std::sqrt(2 / 3.0), 1e-4);
  BOOST_TEST((evaluate_pool<Pool::mean_std, 2>({2, 3}, {0, 1})) == (std::vector<double>{0, 0, 0, 0, 2, 3, 0, 0}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_sequence_does_not_see_its_batch_mates) {
  check_batch_mates<Pool::mean>();
  check_batch_mates<Pool::max>();
  check_batch_mates<Pool::mean_std>();
}

BOOST_AUTO_TEST_CASE(equal_rows) {
  LossRun<Float32> test;
  const TestBatch batch({3});
  auto x = test.input<1>({2, 2, 2});
  auto largest = pool_max(test.run, x, batch.view().segments);
  test.run.backward(largest);
  BOOST_TEST(dense_of(test.run.gradient_of(x)) == (std::vector<double>{1, 0, 0}),
             boost::test_tools::per_element()); // the first takes it all
  auto z = test.input<1>({2, 2, 2});
  auto both = pool_mean_std(test.run, z, batch.view().segments);
  seed(test.run, both, {0, 1});
  test.run.backward();
  BOOST_TEST(dense_of(test.run.gradient_of(z)) == (std::vector<double>{0, 0, 0}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(shapes_must_agree) { BOOST_CHECK_THROW((evaluate_pool<Pool::mean, 2>({1, 2, 3, 4}, {3})), Error); }

BOOST_AUTO_TEST_SUITE_END()
