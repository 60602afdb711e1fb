#include <boost/test/unit_test.hpp>
#include <cmath>
#include <limits>
#include <pleat/io/json.hpp>
#include <string>

using pleat::Json;

namespace {
std::string message_of(const std::string& text, int depth = 64) {
  try {
    Json::parse(text, "case.json", depth);
  } catch (const pleat::Error& error) {
    return error.what();
  }
  return "";
}
} // namespace

BOOST_AUTO_TEST_SUITE(json)

BOOST_AUTO_TEST_CASE(values_and_order) {
  const Json value =
      Json::parse(R"( {"b": [1, -2.5, true, false, null], "a": {"x": "caf\u00e9 \ud83d\ude00 \"\\\/\b\f\n\r\t"}} )");
  BOOST_TEST(value.keys().at(0) == "b");
  BOOST_TEST(value.at("b").items()[0].integer() == 1);
  BOOST_TEST(value.at("b").items()[1].number() == -2.5);
  BOOST_TEST(value.at("b").items()[2].boolean());
  BOOST_TEST(value.at("b").items()[4].is_null());
  BOOST_TEST(value.at("a").at("x").string() == "caf\xc3\xa9 \xf0\x9f\x98\x80 \"\\/\b\f\n\r\t");
  BOOST_TEST(value.find("c") == nullptr);
  BOOST_CHECK_THROW(value.at("c"), pleat::Error);
  BOOST_CHECK_THROW(value.at("b").string(), pleat::Error);
}

BOOST_AUTO_TEST_CASE(round_trips) {
  for (const double number : {0.1, -0.0, 5.0, 1e300, 5e-324, 1.7976931348623157e308, 1.0 / 3.0, 123456789012345680.0}) {
    const Json back = Json::parse(Json(number).dump());
    BOOST_TEST((back.kind() == Json::Kind::Real));
    BOOST_TEST(back.number() == number);
    BOOST_TEST(std::signbit(back.number()) == std::signbit(number));
  }
  BOOST_TEST(Json::parse("9223372036854775807").integer() == std::numeric_limits<std::int64_t>::max());
  BOOST_TEST(Json::parse("-9223372036854775808").integer() == std::numeric_limits<std::int64_t>::min());
  BOOST_TEST(Json::parse("9223372036854775808").unsigned_integer() == 9223372036854775808u);
  BOOST_TEST(Json(std::uint64_t{18446744073709551615u}).dump() == "18446744073709551615");
  BOOST_TEST((Json::parse("18446744073709551615") == Json(std::uint64_t{18446744073709551615u})));
  BOOST_TEST(!(Json::parse("18446744073709551615") == Json(-1)));
  BOOST_TEST(Json::parse("18446744073709551615").number() == 18446744073709551615.0);
  BOOST_CHECK_THROW(Json::parse("9223372036854775808").integer(), pleat::Error);
  BOOST_CHECK_THROW(Json(-1).unsigned_integer(), pleat::Error);
  BOOST_TEST(Json(std::size_t{7}).integer() == 7);
  BOOST_TEST(Json::parse("18446744073709551616").number() == 18446744073709551616.0);
  Json made;
  made.set("name", "nano").set("layers", 4).set("rate", 1e-4).set("list", Json::array().push(1).push("two").push(Json()));
  made.set("layers", 6);
  BOOST_TEST(made.dump() == R"({"name":"nano","layers":6,"rate":1e-04,"list":[1,"two",null]})");
  BOOST_TEST((Json::parse(made.dump(2)) == made));
  BOOST_TEST(Json(std::nan("")).dump() == "null");
  BOOST_TEST(Json("bad \xff byte\x01").dump() == "\"bad \\ufffd byte\\u0001\"");
  BOOST_TEST(Json::array().dump(2) == "[]");
}

BOOST_AUTO_TEST_CASE(bad_input_names_the_byte) {
  BOOST_TEST(message_of(R"({"a":1,"a":2})").find("\"a\" occurs twice") != std::string::npos);
  BOOST_TEST(message_of("[1,2").find("at byte 4 of 4") != std::string::npos);
  BOOST_TEST(message_of("[1] x").find("unexpected text after the document at byte 4") != std::string::npos);
  BOOST_TEST(message_of("[[[1]]]", 2).find("nested too deeply") != std::string::npos);
  BOOST_TEST(message_of(std::string(1000000, '[')).find("nested too deeply") != std::string::npos);
  for (const char* text : {"",
                           " ",
                           "{",
                           "{\"a\"}",
                           "{\"a\":}",
                           "{\"a\":1,}",
                           "[1,]",
                           "[,1]",
                           "01",
                           "-",
                           "1.",
                           ".5",
                           "1e",
                           "+1",
                           "1e999",
                           "nul",
                           "True",
                           "'a'",
                           "\"a",
                           "\"\\x\"",
                           "\"\\u12\"",
                           "\"\\ud800\"",
                           "\"\\udc00\"",
                           "\"\\ud800\\u0041\"",
                           "\"\n\"",
                           "\"\xff\"",
                           "\"\xc0\x80\"",
                           "\"\xed\xa0\x80\"",
                           "\"\xf4\x90\x80\x80\"",
                           "\"\xe2\x82\"",
                           "NaN",
                           "[1 2]",
                           "{1:2}"})
    BOOST_TEST(!message_of(text).empty(), "accepted: " << text);
}

BOOST_AUTO_TEST_SUITE_END()
