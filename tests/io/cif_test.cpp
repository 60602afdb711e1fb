#include <boost/test/unit_test.hpp>

#include <pleat/io/cif.hpp>

using namespace pleat;

namespace {

/// Everything that was told, as text.
struct Told final : CifEvents {
  std::string text;
  void block(std::string_view name) override { text += "block " + std::string(name) + "\n"; }
  bool loop(std::span<const std::string_view> tags) override {
    text += "loop";
    for (const std::string_view tag : tags) text += " " + std::string(tag);
    text += "\n";
    return tags[0] != "_skip.a";
  }
  void row(std::span<const CifValue> values, Index line) override {
    text += std::to_string(line) + ":";
    for (const CifValue& value : values) text += value.null() ? " null" : " <" + std::string(value.text) + ">";
    text += "\n";
  }
  void item(std::string_view tag, const CifValue& value, Index line) override {
    text +=
        std::to_string(line) + ": " + std::string(tag) + (value.null() ? " null" : " <" + std::string(value.text) + ">") + "\n";
  }
};

std::string told(std::string_view text) {
  Told events;
  read_cif(text, "a.cif", events);
  return events.text;
}
std::string refused(std::string_view text) {
  try {
    told(text);
  } catch (const Error& error) {
    return error.what();
  }
  return "accepted";
}

} // namespace

BOOST_AUTO_TEST_SUITE(cif)

BOOST_AUTO_TEST_CASE(items_and_loops) {
  BOOST_TEST(told("data_x\n_a.b 1\n_a.c ?\nloop_\n_t.a\n_t.b\n1 2\n3\n.\n_d.e f") ==
             "block x\n2: _a.b <1>\n3: _a.c null\nloop _t.a _t.b\n7: <1> <2>\n8: <3> null\n10: _d.e <f>\n");
  BOOST_TEST(told("DATA_Y\nLoop_ _t.a 1 2 data_z _q 1") == "block Y\nloop _t.a\n2: <1>\n2: <2>\nblock z\n2: _q <1>\n");
  BOOST_TEST(told("data_x loop_ _skip.a _skip.b 1 2 3 4 _a 5") == "block x\nloop _skip.a _skip.b\n1: _a <5>\n");
}

BOOST_AUTO_TEST_CASE(quotes_text_fields_and_comments) {
  BOOST_TEST(told("# head\ndata_x # tail\n_a 'it's' # said\n_b \"O5'\"\n_c '?'\n_d a#b\n_e ''\n") ==
             "block x\n3: _a <it's>\n4: _b <O5'>\n5: _c <?>\n6: _d <a#b>\n7: _e <>\n");
  BOOST_TEST(told("data_x\n_a\n;one\ntwo ; three\n;\n_b 1\n") == "block x\n2: _a <one\ntwo ; three>\n6: _b <1>\n");
  BOOST_TEST(told("data_x\r\n_a\r\n;one\r\ntwo\r\n;\r\n_b 1\r\n") == "block x\n2: _a <one\r\ntwo>\n6: _b <1>\n");
  BOOST_TEST(told("data_x _a ;b _c ;\n") == "block x\n1: _a <;b>\n1: _c <;>\n"); // text fields start lines
  BOOST_TEST(told("") == "");
  BOOST_TEST(told("data_x\n_name caf\xc3\xa9\n") == "block x\n2: _name <caf\xc3\xa9>\n");
}

BOOST_AUTO_TEST_CASE(text_that_is_no_cif) {
  const std::string tail = ", which is no CIF; the file is truncated or damaged, fetch it again.";
  BOOST_TEST(refused("data_x\n_a 'open\n") == "a.cif:2: a quote does not end within its line" + tail);
  BOOST_TEST(refused("data_x\n_a\n;open\n\n") == "a.cif:3: text that starts with ';' does not end" + tail);
  BOOST_TEST(refused("data_x\n_a\n") == "a.cif:2: a tag without a value" + tail);
  BOOST_TEST(refused("data_x\n_a\n_b 2") == "a.cif:2: a tag without a value" + tail);
  BOOST_TEST(refused("data_x\n1\n") == "a.cif:2: a value without a tag" + tail);
  BOOST_TEST(refused("_a 1") == "a.cif:1: data before the first \"data_\"" + tail);
  BOOST_TEST(refused("data_x loop_ 1") == "a.cif:1: a loop without tags" + tail);
  BOOST_TEST(refused("data_x _a b\x01") == "a.cif:1: a control character" + tail);
  BOOST_TEST(refused("data_x _a stop_") == "a.cif:1: a reserved word (stop_ or global_)" + tail);
  BOOST_TEST(
      refused("data_x\nloop_\n_t.a\n_t.b\n1 2\n3\n") ==
      "a.cif:6: the loop of _t.a ends here within a row, after 1 of 2 values; the file is truncated or damaged, fetch it again.");
}

BOOST_AUTO_TEST_SUITE_END()
