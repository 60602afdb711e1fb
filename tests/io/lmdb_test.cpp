#include <boost/test/unit_test.hpp>

#include <cmath>
#include <fstream>
#include <iterator>
#include <pleat/io/lmdb.hpp>
#include <pleat/io/msgpack.hpp>

using namespace pleat;

namespace {

const std::string folder = PLEAT_TEST_DATA "/golden/lmdb/";

std::string bytes_of(const std::string& name) {
  std::ifstream file(folder + name + "/data.mdb", std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}
/// What a damaged file is refused with, wherever it is read.
std::string refused(const std::string& bytes) {
  try {
    const LmdbReader reader(bytes, "a.mdb");
    reader.for_each([](std::string_view, std::string_view) {});
    reader.find("long");
  } catch (const Error& error) {
    return error.what();
  }
  return {};
}
bool says(const std::string& message, const char* text) { return message.find(text) != std::string::npos; }
void put(std::string& bytes, std::size_t at, std::uint64_t value, std::size_t width) {
  for (std::size_t i = 0; i < width; ++i) bytes[at + i] = static_cast<char>(value >> (8 * i) & 0xff);
}
std::string unpacked(std::string_view bytes) {
  try {
    return MsgpackReader::parse(bytes, "m").dump();
  } catch (const Error& error) {
    return error.what();
  }
}

} // namespace

BOOST_AUTO_TEST_SUITE(lmdb)

BOOST_AUTO_TEST_CASE(reads_every_key) {
  const LmdbReader reader = LmdbReader::open(folder + "many");
  BOOST_TEST(reader.size() == 162);
  Index seen = 0;
  std::string before;
  reader.for_each([&](std::string_view key, std::string_view value) {
    BOOST_TEST((before.empty() || before < key));
    before = key, ++seen;
    BOOST_TEST((reader.find(key) == value));
  });
  BOOST_TEST(seen == 162);
  for (int i = 0; i < 160; ++i) { // as tests/support/make_atom3d_samples.py wrote them
    char key[16];
    std::snprintf(key, sizeof key, "key %03d", i);
    std::string value;
    for (int k = 0; k < 1 + i % 9; ++k) value += std::to_string(i * i);
    BOOST_TEST((reader.find(key) == std::string_view(value)));
  }
  const auto text = reader.find("long"); // in overflow pages
  BOOST_REQUIRE(text.has_value());
  BOOST_TEST(text->size() == 9000u);
  for (std::size_t i = 0; i < text->size(); ++i) BOOST_REQUIRE(static_cast<unsigned char>((*text)[i]) == i % 251);
  BOOST_TEST((reader.find("empty") == std::string_view()));
  for (const char* absent : {"", "key", "key 160", "zzz", "a", "key 0000"}) BOOST_TEST(!reader.find(absent).has_value());
}

BOOST_AUTO_TEST_CASE(reads_an_empty_file) {
  const LmdbReader reader = LmdbReader::open(folder + "none/data.mdb");
  BOOST_TEST(reader.size() == 0);
  BOOST_TEST(!reader.find("a").has_value());
  reader.for_each([](std::string_view, std::string_view) { BOOST_FAIL("there is nothing"); });
}

BOOST_AUTO_TEST_CASE(damage_is_one_sentence) {
  const std::string good = bytes_of("many");
  BOOST_TEST(refused(good) == "");
  BOOST_TEST(says(refused(""), "is not an LMDB file"));
  BOOST_TEST(says(refused(good.substr(0, 4200)), "ends within its two meta pages"));
  BOOST_TEST(says(refused(good.substr(0, good.size() - 4096)), "the file is damaged or cut short, copy it again."));
  std::string bad = good;
  put(bad, 20, 2, 4), put(bad, 4096 + 20, 2, 4);
  BOOST_TEST(says(refused(bad), "has LMDB data version 2; version 1 (LMDB 0.9) is read."));
  bad = good, put(bad, 16 + 24, 1000, 4);
  BOOST_TEST(says(refused(bad), "has pages of 1000 bytes"));
  for (const std::size_t meta : {std::size_t{0}, std::size_t{4096}}) put(bad = meta == 0 ? good : bad, meta + 16 + 72 + 4, 4, 2);
  BOOST_TEST(says(refused(bad), "duplicate keys or another order of keys"));
  bad = good;
  for (const std::size_t meta : {std::size_t{0}, std::size_t{4096}}) put(bad, meta + 16 + 72 + 40, 1000, 8);
  BOOST_TEST(says(refused(bad), "page 1000 lies outside of the file"));
  bad = good;
  for (const std::size_t meta : {std::size_t{0}, std::size_t{4096}}) put(bad, meta + 16 + 72 + 32, 100, 8);
  BOOST_TEST(says(refused(bad), "more keys were found than the 100"));
  // Any byte of any page may be wrong: it is refused, or something is read, but never outside of the file (sanitisers watch).
  for (std::size_t at = 0; at < good.size(); at += 7) bad = good, bad[at] = static_cast<char>(bad[at] ^ 0x55), refused(bad);
  BOOST_CHECK_THROW(LmdbReader::open(folder + "absent"), Error);
  BOOST_CHECK_THROW(LmdbReader::open(folder), Error);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(msgpack)

BOOST_AUTO_TEST_CASE(reads_values) {
  using namespace std::string_view_literals;
  BOOST_TEST(unpacked("\x05") == "5");
  BOOST_TEST(unpacked("\xff") == "-1");
  BOOST_TEST(unpacked("\xe0") == "-32");
  BOOST_TEST(unpacked("\xc0") == "null");
  BOOST_TEST(unpacked("\xc3") == "true");
  BOOST_TEST(unpacked("\xcc\xff") == "255");
  BOOST_TEST(unpacked("\xcd\x01\x00"sv) == "256");
  BOOST_TEST(unpacked("\xcf\xff\xff\xff\xff\xff\xff\xff\xff") == "18446744073709551615");
  BOOST_TEST(unpacked("\xd0\x80") == "-128");
  BOOST_TEST(unpacked("\xd1\xff\x00"sv) == "-256");
  BOOST_TEST(unpacked("\xd2\xff\xff\xff\xfe") == "-2");
  BOOST_TEST(unpacked("\xd3\x80\x00\x00\x00\x00\x00\x00\x00"sv) == "-9223372036854775808");
  BOOST_TEST(unpacked("\xca\x3f\xc0\x00\x00"sv) == "1.5");
  BOOST_TEST(MsgpackReader::parse("\xcb\xbf\xe0\x00\x00\x00\x00\x00\x00"sv).number() == -0.5);
  BOOST_TEST(std::isnan(MsgpackReader::parse("\xcb\x7f\xf8\x00\x00\x00\x00\x00\x00"sv).number()));
  BOOST_TEST(unpacked("\xa3"
                      "abc") == "\"abc\"");
  BOOST_TEST(unpacked("\xd9\x03"
                      "abc") == "\"abc\"");
  BOOST_TEST(unpacked("\x93\x01\xa1"
                      "a\xc2") == "[1,\"a\",false]");
  BOOST_TEST(unpacked("\xdc\x00\x01\x07"sv) == "[7]");
  BOOST_TEST(MsgpackReader::parse("\x82\xa1"
                                  "a\x01\xa1"
                                  "b\x90"sv)
                 .at("a")
                 .integer() == 1);
  BOOST_TEST(MsgpackReader::parse("\xde\x00\x01\xa1"
                                  "a\x80"sv)
                 .at("a")
                 .is_object());
}

BOOST_AUTO_TEST_CASE(refuses_what_it_does_not_know) {
  using namespace std::string_view_literals;
  BOOST_TEST(says(unpacked(""), "unexpected end at byte 0"));
  BOOST_TEST(says(unpacked("\xcd\x01"), "unexpected end"));
  BOOST_TEST(says(unpacked("\xa3"
                           "ab"),
                  "a string is longer than what is left"));
  BOOST_TEST(says(unpacked("\xa1\xff"), "not UTF-8"));
  BOOST_TEST(says(unpacked("\xdd\xff\xff\xff\xff"), "an array is longer than what is left"));
  BOOST_TEST(says(unpacked("\xdf\xff\xff\xff\xff"), "a map is longer than what is left"));
  BOOST_TEST(says(unpacked("\x81\x01\x01"), "the key of a map is not a string"));
  // A map as the key of a map as the key of ...: no deeper than anything else.
  BOOST_TEST(says(unpacked(std::string(100000, '\x81')), "the key of a map is not a string"));
  BOOST_TEST(says(unpacked("\x82\xa1"
                           "a\x01\xa1"
                           "a\x01"),
                  "stands twice"));
  BOOST_TEST(says(unpacked("\xc4\x01"
                           "a"),
                  "a binary string"));
  BOOST_TEST(says(unpacked("\xd4\x01\x01"), "an extension type"));
  BOOST_TEST(says(unpacked("\x01\x02"), "more bytes follow the value"));
  BOOST_TEST(says(unpacked(std::string(100, '\x91') + "\x01"), "nested too deeply"));
}

BOOST_AUTO_TEST_SUITE_END()
