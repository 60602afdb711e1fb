#include <boost/test/unit_test.hpp>
#include <pleat/io/csv.hpp>
#include <string>

using pleat::CsvReader;
using pleat::MemorySource;

namespace {
std::string message_of(const std::string& text) {
  try {
    MemorySource source(text, "t.csv");
    CsvReader table(source);
    while (table.next()) {
    }
  } catch (const pleat::Error& error) {
    return error.what();
  }
  return "";
}
bool says(const std::string& text, const char* what) { return message_of(text).find(what) != std::string::npos; }
} // namespace

BOOST_AUTO_TEST_SUITE(csv)

BOOST_AUTO_TEST_CASE(quotes_lines_and_columns) {
  MemorySource source("\xef\xbb\xbfid,\"label, quoted\",x\r\n1,\"a \"\"b\"\"\nc\",\r\n\r\n\"2\",,z");
  CsvReader table(source);
  BOOST_TEST(table.column("id") == 0);
  BOOST_TEST(table.column("label, quoted") == 1);
  BOOST_TEST(table.has_column("x"));
  BOOST_TEST(!table.has_column("y"));
  BOOST_REQUIRE(table.next());
  BOOST_TEST(table.line() == 2);
  BOOST_TEST(table.field(0) == "1");
  BOOST_TEST(table.field(1) == "a \"b\"\nc");
  BOOST_TEST(table.field(2) == "");
  BOOST_REQUIRE(table.next());
  BOOST_TEST(table.line() == 5);
  BOOST_TEST(table.field(0) == "2");
  BOOST_TEST(table.field(2) == "z");
  BOOST_TEST(!table.next());
  try {
    table.column("split");
    BOOST_ERROR("a missing column was found");
  } catch (const pleat::Error& error) {
    BOOST_TEST(std::string(error.what()).find("\"split\" is missing; the header has: id, label, quoted, x") != std::string::npos);
  }
}

BOOST_AUTO_TEST_CASE(bad_tables_name_the_line) {
  BOOST_TEST(says("", "t.csv: is empty"));
  BOOST_TEST(says("a,b\n1,2\n3\n", "t.csv:3: the row has 1 fields where the header has 2"));
  BOOST_TEST(says("a,b\n1,2,3\n", "t.csv:2"));
  BOOST_TEST(says("a,a\n", "\"a\" occurs twice"));
  BOOST_TEST(says("a\n\"open\nend", "t.csv:2: a quoted field is never closed"));
  BOOST_TEST(says("a\n\"x\"y\n", "text follows a closing quote"));
  BOOST_TEST(says("a\nx\"y\n", "a quote stands inside"));
  BOOST_TEST(says(std::string("a\n\0\n", 4), "zero byte"));
  BOOST_TEST(says("id,\x01\x02,label\n", "t.csv:1: the header holds control characters"));
}

BOOST_AUTO_TEST_CASE(quoting_round_trips) {
  const std::string odd = "a,\"b\"\nc";
  std::string text = "col,other\n";
  pleat::csv_quote(text, odd);
  text += ",";
  pleat::csv_quote(text, "plain");
  BOOST_TEST(text.find(",plain") != std::string::npos);
  MemorySource source(text);
  CsvReader table(source);
  BOOST_REQUIRE(table.next());
  BOOST_TEST(table.field(0) == odd);
  BOOST_TEST(table.field(1) == "plain");
}

BOOST_AUTO_TEST_SUITE_END()
