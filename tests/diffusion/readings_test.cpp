#include <string>

#include <boost/test/unit_test.hpp>
#include <pleat/diffusion/readings.hpp>

using namespace pleat;

BOOST_AUTO_TEST_SUITE(readings)

BOOST_AUTO_TEST_CASE(names_round_trip) {
  for (const char* name : {"z", "v", "eps", "eq8", "tan", "score", "denoised", "hidden:1", "hidden:12"})
    BOOST_TEST(name_of(parse_reading(name)) == name);
  for (const char* name : {"clean", "scaled", "noised"}) BOOST_TEST(name_of(parse_reading_input(name)) == name);
  BOOST_TEST((parse_reading("eps").reading == Reading::EpsHat));
  BOOST_TEST((parse_reading("hidden:3") == ReadingChoice{Reading::Hidden, 3}));
}

BOOST_AUTO_TEST_CASE(other_names_are_refused) {
  for (const char* name :
       {"", "Z", "hidden", "hidden:", "hidden:0", "hidden:-1", "hidden:2x", "hidden:99999999999999999999", "eps "})
    BOOST_CHECK_THROW(parse_reading(name), Error);
  BOOST_CHECK_THROW(parse_reading_input("noise"), Error);
  BOOST_CHECK_EXCEPTION(parse_reading("foo"), Error,
                        [](const Error& e) { return std::string(e.what()).find("denoised and hidden:K") != std::string::npos; });
}

BOOST_AUTO_TEST_SUITE_END()
