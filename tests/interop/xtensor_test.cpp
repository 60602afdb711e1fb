#include <boost/test/unit_test.hpp>
#include <pleat/interop/xtensor.hpp>
#include <type_traits>

#if __has_include(<xtensor/containers/xtensor.hpp>)
#include <xtensor/containers/xtensor.hpp>
#include <xtensor/views/xview.hpp>
#else
#include <xtensor/xtensor.hpp>
#include <xtensor/xview.hpp>
#endif

namespace {
pleat::Ragged example() {
  pleat::Ragged ragged;
  ragged.width = 3;
  ragged.offsets = {0, 2, 2, 3};
  ragged.rows = {1, 2, 3, 4, 5, 6, 7, 8, 9};
  return ragged;
}
std::string message_of(const auto& body) {
  try {
    body();
  } catch (const pleat::Error& error) {
    return error.what();
  }
  return "nothing was thrown";
}
} // namespace

BOOST_AUTO_TEST_SUITE(xtensor_views)

BOOST_AUTO_TEST_CASE(views_share_memory_and_have_the_right_shapes) {
  pleat::Ragged ragged = example();
  const auto all = pleat::as_xtensor(ragged);
  BOOST_TEST(all.shape(0) == 3u);
  BOOST_TEST(all.shape(1) == 3u);
  BOOST_TEST(all(2, 1) == 8.0f);
  BOOST_TEST(static_cast<const void*>(all.data()) == static_cast<const void*>(ragged.rows.data()));
  static_assert(std::is_same_v<decltype(all(0, 0)), const float&>, "read-only");
  // It holds the pointer, not a reference to one that is gone.
  using Storage = std::remove_cvref_t<decltype(all)>::storage_type;
  static_assert(std::is_same_v<Storage, xt::xbuffer_adaptor<const float*, xt::no_ownership, std::allocator<float>>>);

  const auto first = pleat::as_xtensor(ragged, 0), empty = pleat::as_xtensor(ragged, 1), last = pleat::as_xtensor(ragged, 2);
  BOOST_TEST(first.shape(0) == 2u);
  BOOST_TEST(first(1, 2) == 6.0f);
  BOOST_TEST(empty.shape(0) == 0u);
  BOOST_TEST(empty.size() == 0u);
  BOOST_TEST(last(0, 0) == 7.0f);
  ragged.rows[0] = 10; // the view sees it
  BOOST_TEST(all(0, 0) == 10.0f);
  const xt::xtensor<float, 2> sum = first + last; // usable in expressions, broadcast
  BOOST_TEST(sum(1, 0) == 4.0f + 7.0f);
}

BOOST_AUTO_TEST_CASE(pooled_vectors) {
  pleat::Pooled pooled;
  pooled.width = 2;
  pooled.rows = {1, 2, 3, 4, 5, 6};
  const auto view = pleat::as_xtensor(pooled);
  BOOST_TEST(view.shape(0) == 3u);
  BOOST_TEST(view.shape(1) == 2u);
  BOOST_TEST(view(2, 0) == 5.0f);
  BOOST_TEST(pleat::as_xtensor(static_cast<const pleat::Pooled&>(pleat::Pooled{})).size() == 0u);
}

BOOST_AUTO_TEST_CASE(a_sequence_that_is_not_there) {
  const pleat::Ragged ragged = example();
  BOOST_TEST(message_of([&] { (void)pleat::as_xtensor(ragged, 3); }) == "there is no sequence 3 among 3.");
  BOOST_TEST(message_of([&] { (void)pleat::as_xtensor(ragged, -1); }) == "there is no sequence -1 among 3.");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(xtensor_batches)

BOOST_AUTO_TEST_CASE(packed_tokens) {
  const xt::xtensor<int, 1> tokens{4, 5, 6, 7, 8};
  const xt::xtensor<long, 1> lengths{3, 0, 2};
  const pleat::OwnedBatch batch = pleat::batch_from_xtensor(tokens, lengths);
  BOOST_TEST(batch.rows() == 5);
  BOOST_TEST(batch.offsets == (std::vector<pleat::Index>{0, 3, 3, 5}), boost::test_tools::per_element());
  BOOST_TEST(int{batch.tokens[3]} == 7);
  BOOST_TEST(batch.records == (std::vector<std::uint32_t>{0, 1, 2}), boost::test_tools::per_element());
  BOOST_TEST(batch.view().sequences() == 3);
  // A view is as good as an array.
  const pleat::OwnedBatch part = pleat::batch_from_xtensor(xt::view(tokens, xt::range(1, 3)), xt::xtensor<int, 1>{2});
  BOOST_TEST(part.rows() == 2);
  BOOST_TEST(int{part.tokens[0]} == 5);
}

BOOST_AUTO_TEST_CASE(padded_tokens) {
  const xt::xtensor<std::uint8_t, 2> tokens{{4, 5, 1, 1}, {6, 7, 8, 9}, {1, 1, 1, 1}};
  const pleat::OwnedBatch batch = pleat::batch_from_xtensor(tokens);
  BOOST_TEST(batch.offsets == (std::vector<pleat::Index>{0, 2, 6, 6}), boost::test_tools::per_element());
  BOOST_TEST(int{batch.tokens[2]} == 6);
}

BOOST_AUTO_TEST_CASE(numbers_that_are_no_tokens) {
  const xt::xtensor<long, 1> three{3};
  BOOST_TEST(message_of([&] {
               (void)pleat::batch_from_xtensor(xt::xtensor<int, 1>{4, -1, 4}, three);
             }) == "tokens: element 1 is not one of the 33 token numbers 0 … 32; make tokens with encode_letters.");
  BOOST_TEST(message_of([&] {
               (void)pleat::batch_from_xtensor(xt::xtensor<long, 1>{4, 4, 256 + 4}, three);
             }).find("element 2") != std::string::npos);
  BOOST_TEST(message_of([&] {
               (void)pleat::batch_from_xtensor(xt::xtensor<double, 1>{4.5, 4, 4}, three);
             }).find("element 0") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(lengths_that_do_not_fit) {
  const xt::xtensor<int, 1> tokens{4, 5, 6};
  BOOST_TEST(message_of([&] {
               (void)pleat::batch_from_xtensor(tokens, xt::xtensor<int, 1>{2, 2});
             }) == "lengths: sequence 1 of 2 residues does not fit into the 3 tokens; the lengths must add up to them.");
  BOOST_TEST(message_of([&] { (void)pleat::batch_from_xtensor(tokens, xt::xtensor<int, 1>{2}); }) ==
             "lengths add up to 2 residues, but there are 3 tokens.");
  BOOST_TEST(message_of([&] {
               (void)pleat::batch_from_xtensor(tokens, xt::xtensor<int, 1>{-1, 4});
             }).find("sequence 0 of -1") != std::string::npos);
  BOOST_TEST(message_of([&] { (void)pleat::batch_from_xtensor(tokens); }).find("two dimensions") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
