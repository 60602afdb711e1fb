#include <boost/test/unit_test.hpp>
#include <pleat/core/index.hpp>

BOOST_AUTO_TEST_SUITE(index_)

BOOST_AUTO_TEST_CASE(strides_are_the_next_multiple_of_16) {
  static_assert(pleat::stride_of(0) == 0 && pleat::stride_of(1) == 16 && pleat::stride_of(16) == 16);
  for (pleat::Index width : {1, 6, 7, 9, 21, 33, 59, 128, 320, 481}) {
    pleat::Index stride = pleat::stride_of(width);
    BOOST_TEST(stride % 16 == 0);
    BOOST_TEST(stride >= width);
    BOOST_TEST(stride - width < 16);
  }
}

BOOST_AUTO_TEST_CASE(rounding_up) {
  BOOST_TEST(pleat::round_up(0, 256) == 0);
  BOOST_TEST(pleat::round_up(1, 256) == 256);
  BOOST_TEST(pleat::round_up(256, 256) == 256);
  BOOST_TEST(pleat::round_up(257, 256) == 512);
}

BOOST_AUTO_TEST_SUITE_END()
