// Lists that are made on the device, told, run and by a graph.
#include <boost/test/unit_test.hpp>

#include <pleat/backend/cuda.hpp>
#include <pleat/core/philox.hpp>

using namespace pleat;

namespace {

constexpr Index groups = 37;

struct HostLists {
  std::vector<std::int32_t> order, begin;
};
// Rows of each group in their order, by the host; group 255 is none.
HostLists expected_lists(const std::vector<std::uint8_t>& keys) {
  HostLists lists{{}, {0}};
  for (Index g = 0; g < groups; ++g) {
    for (std::size_t r = 0; r < keys.size(); ++r)
      if (keys[r] == g) lists.order.push_back(static_cast<std::int32_t>(r));
    lists.begin.push_back(static_cast<std::int32_t>(lists.order.size()));
  }
  return lists;
}

std::vector<std::uint8_t> some_keys(Index count, std::uint64_t seed, Index of) {
  std::vector<std::uint8_t> keys;
  Philox draw(seed);
  for (Index i = 0; i < count; ++i) keys.push_back(static_cast<std::uint8_t>(draw.index(of)));
  return keys;
}

} // namespace

BOOST_AUTO_TEST_SUITE(sorts_on_the_device)

BOOST_AUTO_TEST_CASE(rows_of_each_group_in_their_order) {
  const Cuda cuda = open_device(Cuda{});
  for (const Index count : {Index(0), Index(1), Index(16), Index(300), Index(5000)})
    for (const Index of : {Index(1), groups}) {
      const auto keys = some_keys(count, 7, of);
      cuda.stream->begin_pass();
      const auto lists = pleat::cuda::grouped_rows<pleat::cuda::GroupBy::Token>(cuda, keys.data(), count, groups);
      const auto expected = expected_lists(keys);
      HostLists got{std::vector<std::int32_t>(static_cast<std::size_t>(count)), std::vector<std::int32_t>(groups + 1)};
      cuda.stream->to_host(got.begin.data(), lists.begin, (groups + 1) * 4);
      if (count > 0) cuda.stream->to_host(got.order.data(), lists.order, count * 4);
      BOOST_TEST(got.begin == expected.begin, boost::test_tools::per_element());
      BOOST_TEST(got.order == expected.order, boost::test_tools::per_element());
    }
}

BOOST_AUTO_TEST_CASE(residues_alone_and_what_is_before_them_stays) {
  const Cuda cuda = open_device(Cuda{});
  const auto tokens = some_keys(500, 3, 33);
  cuda.stream->begin_pass();
  cuda.stream->zero(cuda.stream->workspace<double>(100), 800);
  const auto lists = pleat::cuda::grouped_rows<pleat::cuda::GroupBy::ResidueType>(cuda, tokens.data(), 500, residue_types, 800);
  std::vector<double> before(100, 1.0);
  cuda.stream->to_host(before.data(), cuda.stream->workspace<double>(100), 800);
  BOOST_TEST(before == std::vector<double>(100), boost::test_tools::per_element());
  std::vector<std::int32_t> begin(residue_types + 1), order(500);
  cuda.stream->to_host(begin.data(), lists.begin, (residue_types + 1) * 4);
  cuda.stream->to_host(order.data(), lists.order, 500 * 4);
  std::int32_t at = 0;
  for (int g = 0; g < residue_types; ++g) {
    BOOST_TEST(begin[static_cast<std::size_t>(g)] == at);
    for (std::size_t r = 0; r < tokens.size(); ++r)
      if (residue_type(tokens[r]) == g) BOOST_TEST(order[static_cast<std::size_t>(at++)] == static_cast<std::int32_t>(r));
  }
  BOOST_TEST(begin.back() == at);
}

BOOST_AUTO_TEST_CASE(counts_of_a_bucket_share_a_graph) {
  const Cuda cuda = open_device(Cuda{});
  const std::int32_t* begin = nullptr;
  for (const Index count : {500, 505, 510, 497}) {
    const auto keys = some_keys(count, static_cast<std::uint64_t>(count), groups);
    cuda.stream->replay([&] {
      cuda.stream->begin_pass();
      begin = pleat::cuda::grouped_rows<pleat::cuda::GroupBy::Token>(cuda, keys.data(), count, groups).begin;
    });
    std::vector<std::int32_t> got(groups + 1);
    cuda.stream->to_host(got.data(), begin, (groups + 1) * 4);
    BOOST_TEST(got == expected_lists(keys).begin, boost::test_tools::per_element());
  }
  BOOST_TEST(cuda.stream->graphs() == 1u);
}

BOOST_AUTO_TEST_SUITE_END()
