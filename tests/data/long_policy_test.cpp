#include <boost/test/unit_test.hpp>
#include <pleat/data/long_policy.hpp>
#include <string>
#include <vector>

using namespace pleat;

BOOST_AUTO_TEST_SUITE(long_policy)

BOOST_AUTO_TEST_CASE(parses_and_prints) {
  for (const char* text : {"error:7", "truncate:1022", "window:1024:128", "full"})
    BOOST_TEST(LongPolicy::parse(text).text() == text);
  BOOST_TEST(LongPolicy::parse("truncate").size == LongPolicy::default_size);
  BOOST_TEST((LongPolicy::parse("error").kind == LongPolicy::Kind::Error));
  for (const char* text : {"", "cut", "truncate:", "truncate:0", "truncate:-1", "truncate:1x", "window", "window:8", "window:8:8",
                           "window:8:1:1", "full:3"})
    BOOST_CHECK_THROW(LongPolicy::parse(text), Error);
}

BOOST_AUTO_TEST_CASE(at_the_limit) {
  const Index limit = 10;
  for (const Index length : {limit - 1, limit, limit + 1}) {
    const bool over = length > limit;
    const std::vector<Window> whole = {{0, length}};
    BOOST_TEST((LongPolicy::parse("full").windows(length) == whole));
    BOOST_TEST((LongPolicy::parse("truncate:10").windows(length) == std::vector<Window>{{0, over ? limit : length}}));
    BOOST_TEST(LongPolicy::parse("truncate:10").kept(length) == (over ? limit : length));
    if (over)
      BOOST_CHECK_THROW(LongPolicy::parse("error:10").windows(length, "P1"), Error);
    else
      BOOST_TEST((LongPolicy::parse("error:10").windows(length) == whole));
    BOOST_TEST(LongPolicy::parse("window:10:2").windows(length).size() == (over ? 2u : 1u));
  }
  BOOST_TEST((LongPolicy::parse("window:10:2").windows(11) == std::vector<Window>{{0, 10}, {1, 10}}));
  BOOST_TEST(LongPolicy::parse("window:10:2").windows(0).empty());
}

BOOST_AUTO_TEST_CASE(windows_cover_exactly_and_average) {
  for (const Index size : {1, 2, 3, 7, 10})
    for (Index overlap = 0; overlap < size; ++overlap)
      for (Index length = 1; length < 45; ++length) {
        LongPolicy policy{LongPolicy::Kind::Window, size, overlap};
        WindowAverage average(length, 2);
        Index before = -1, reached = 0;
        for (const Window& window : policy.windows(length)) {
          BOOST_REQUIRE(window.begin > before);
          BOOST_REQUIRE(window.begin <= reached - (before < 0 ? 0 : overlap)); // no hole, and at least the overlap
          BOOST_REQUIRE(window.length == std::min(size, length));
          before = window.begin;
          reached = window.begin + window.length;
          std::vector<float> rows; // (length, 2) with stride 3
          for (Index r = 0; r < window.length; ++r)
            for (const float value : {static_cast<float>(window.begin + r), 1.0f, -99.0f}) rows.push_back(value);
          average.add(window, rows.data(), 3);
        }
        BOOST_REQUIRE(reached == length);
        const std::vector<float>& rows = average.finish();
        for (Index r = 0; r < length; ++r) {
          BOOST_REQUIRE(rows[static_cast<std::size_t>(2 * r)] == static_cast<float>(r));
          BOOST_REQUIRE(rows[static_cast<std::size_t>(2 * r + 1)] == 1.0f);
        }
      }
  WindowAverage average(3, 1);
  const float one[2] = {1, 2};
  average.add({0, 2}, one, 1);
  BOOST_CHECK_THROW(average.finish(), Error);
  BOOST_CHECK_THROW(average.add({2, 2}, one, 1), Error);
}

BOOST_AUTO_TEST_SUITE_END()
