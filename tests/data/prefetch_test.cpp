#include <boost/test/unit_test.hpp>
#include <pleat/data/batches.hpp>
#include <pleat/data/prefetch.hpp>
#include <vector>

using namespace pleat;

namespace {
bool same(const BatchPieces& a, const BatchPieces& b) {
  return a.step == b.step && a.records == b.records && a.starts == b.starts && a.lengths == b.lengths;
}
} // namespace

BOOST_AUTO_TEST_SUITE(prefetch)

BOOST_AUTO_TEST_CASE(prefetch_keeps_order_restarts_and_passes_errors) {
  std::vector<Index> lengths;
  for (Index i = 0; i < 200; ++i) lengths.push_back(1 + below(hash_of(2, i), 100));
  const BatchPlan plan(lengths, {.budget = 500, .seed = 3});
  Prefetch<BatchPieces> ahead([&plan](Index step) { return plan.batch(step); }, 4);
  for (Index step = 4; step < 40; ++step) BOOST_REQUIRE(same(ahead.next(), plan.batch(step)));
  ahead.restart(7);
  BOOST_TEST(ahead.step() == 7);
  for (Index step = 7; step < 20; ++step) BOOST_REQUIRE(same(ahead.next(), plan.batch(step)));
  Prefetch<Index> failing([](Index step) -> Index { return step < 2 ? step : (fail("step ", step, " is bad"), 0); });
  BOOST_TEST(failing.next() == 0);
  BOOST_TEST(failing.next() == 1);
  BOOST_CHECK_THROW(failing.next(), Error);
  BOOST_CHECK_THROW(failing.next(), Error); // again, and no hang
}

BOOST_AUTO_TEST_SUITE_END()
