#include <boost/test/unit_test.hpp>
#include <pleat/data/shuffle.hpp>
#include <set>
#include <vector>

using namespace pleat;

BOOST_AUTO_TEST_SUITE(shuffle)

BOOST_AUTO_TEST_CASE(permutations_are_bijections) {
  for (const Index count : {1, 2, 3, 5, 16, 17, 100, 1000}) {
    std::set<Index> seen;
    for (Index i = 0; i < count; ++i) seen.insert(permuted(i, count, 42));
    BOOST_TEST(static_cast<Index>(seen.size()) == count);
    BOOST_TEST(*seen.begin() == 0);
    BOOST_TEST(*seen.rbegin() == count - 1);
  }
  Index fixed = 0, first_half = 0;
  for (Index i = 0; i < 1000; ++i) fixed += permuted(i, 1000, 7) == i;
  for (Index i = 0; i < 500; ++i) first_half += permuted(i, 1000, 7) < 500;
  BOOST_TEST(fixed < 8);
  BOOST_TEST((first_half > 200 && first_half < 300));
  std::vector<int> counts(10);
  for (Index i = 0; i < 10000; ++i) ++counts[static_cast<std::size_t>(below(hash_of(3, i), 10))];
  for (const int count : counts) BOOST_TEST((count > 900 && count < 1100));
  static_assert(hash_of(1, 2) != hash_of(2, 1));
  BOOST_TEST(mix_bits(0) == 0xe220a8397b1dcdafull); // first output of SplitMix64 from seed 0: the same on every platform
}

BOOST_AUTO_TEST_SUITE_END()
