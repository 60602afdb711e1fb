#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <pleat/data/batches.hpp>
#include <pleat/session/owned_batch.hpp>
#include <set>
#include <string>
#include <vector>

using namespace pleat;

namespace {
std::vector<Index> some_lengths(Index count, Index most, std::uint64_t seed) {
  std::vector<Index> lengths;
  for (Index i = 0; i < count; ++i) lengths.push_back(1 + below(hash_of(seed, i), most));
  return lengths;
}
bool same(const BatchPieces& a, const BatchPieces& b) {
  return a.step == b.step && a.records == b.records && a.starts == b.starts && a.lengths == b.lengths;
}
} // namespace

BOOST_AUTO_TEST_SUITE(batches)

BOOST_AUTO_TEST_CASE(every_record_once_an_epoch_within_the_budget) {
  for (const Index crop : {0, 64}) {
    std::vector<Index> lengths = some_lengths(3000, 500, 9);
    lengths[17] = 0;
    const BatchOptions options{.budget = 2048, .crop = crop, .seed = 5};
    const BatchPlan plan(lengths, options);
    Index before = -1;
    for (Index epoch = 0; epoch < 3; ++epoch) {
      std::vector<int> seen(lengths.size());
      Index residues = 0;
      for (Index b = 0; b < plan.batches_per_epoch(); ++b) {
        const BatchPieces batch = plan.batch(epoch * plan.batches_per_epoch() + b);
        BOOST_REQUIRE(batch.epoch == epoch);
        BOOST_REQUIRE(!batch.records.empty());
        Index tokens = 0;
        for (std::size_t i = 0; i < batch.records.size(); ++i) {
          const auto record = static_cast<std::size_t>(batch.records[i]);
          ++seen[record];
          BOOST_REQUIRE(batch.lengths[i] == (crop > 0 ? std::min(crop, lengths[record]) : lengths[record]));
          BOOST_REQUIRE(batch.starts[i] >= 0);
          BOOST_REQUIRE(batch.starts[i] + batch.lengths[i] <= lengths[record]);
          tokens += batch.lengths[i];
        }
        BOOST_REQUIRE(tokens == batch.tokens);
        BOOST_REQUIRE(tokens <= options.budget);
        residues += tokens;
      }
      for (std::size_t i = 0; i < seen.size(); ++i) BOOST_REQUIRE(seen[i] == (i == 17 ? 0 : 1));
      BOOST_TEST(residues == plan.residues_per_epoch());
      BOOST_TEST(static_cast<double>(residues) >
                 0.85 * static_cast<double>(options.budget * plan.batches_per_epoch())); // nearly full
      const Index first = plan.batch(epoch * plan.batches_per_epoch()).records[0];
      BOOST_TEST(first != before);
      before = first;
    }
  }
}

BOOST_AUTO_TEST_CASE(function_of_seed_and_step) {
  const std::vector<Index> lengths = some_lengths(500, 300, 1);
  const BatchPlan plan(lengths, {.budget = 1000, .crop = 50, .seed = 11}),
      again(lengths, {.budget = 1000, .crop = 50, .seed = 11});
  const BatchPlan other(lengths, {.budget = 1000, .crop = 50, .seed = 12});
  Index differ = 0;
  for (const Index step : {100, 3, 57, 0, 3}) {
    BOOST_TEST(same(plan.batch(step), again.batch(step)));
    differ += !same(plan.batch(step), other.batch(step));
  }
  BOOST_TEST(differ == 5);
  // Crops move from epoch to epoch.
  std::set<Index> starts;
  for (Index step = 0; step < 20 * plan.batches_per_epoch(); ++step) {
    const BatchPieces batch = plan.batch(step);
    for (std::size_t i = 0; i < batch.records.size(); ++i)
      if (batch.records[i] == 0) starts.insert(batch.starts[i]);
  }
  BOOST_TEST((lengths[0] <= 60 || starts.size() > 5));
}

BOOST_AUTO_TEST_CASE(refusals) {
  BOOST_CHECK_THROW(BatchPlan({}, {}), Error);
  BOOST_CHECK_THROW(BatchPlan({0, 0}, {}), Error);
  BOOST_CHECK_THROW(BatchPlan({5}, {.budget = 10, .crop = -1}), Error);
  try {
    BatchPlan({5, 300, 7}, {.budget = 100});
    BOOST_ERROR("a budget below one sequence was accepted");
  } catch (const Error& error) {
    BOOST_TEST(std::string(error.what()).find("budget of 100 residues is smaller than one sequence (record 2 has 300)") !=
               std::string::npos);
  }
  BOOST_CHECK_NO_THROW(BatchPlan({5, 300, 7}, {.budget = 100, .crop = 100}));
  BOOST_TEST(BatchPlan({5, 300, 7}, {.budget = 300}).batches_per_epoch() == 2);
}

BOOST_AUTO_TEST_CASE(gathers_pieces) {
  SequenceSet set;
  set.add("a", "MKVLAC");
  set.add("b", "WW");
  const OwnedBatch tokens = owned_batch(set, BatchPieces{0, 0, {1, 0}, {0, 2}, {2, 3}, 5});
  BOOST_TEST(tokens.offsets == (std::vector<Index>{0, 2, 5}), boost::test_tools::per_element());
  std::string letters;
  for (const TokenId token : tokens.tokens) letters += letter_of(token);
  BOOST_TEST(letters == "WWVLA");
}

BOOST_AUTO_TEST_SUITE_END()
