#include <boost/test/unit_test.hpp>
#include <fstream>
#include <iterator>
#include <memory>
#include <pleat/io/gzip.hpp>
#include <string>
#include <string_view>
#include <unistd.h>

namespace {
std::string scratch(const char* name) { return "gzip_test_" + std::to_string(::getpid()) + "_" + name; }
std::string compressed(std::string_view text) {
  const std::string path = scratch("pack.gz");
  pleat::GzipWriter file(path);
  file.write(text);
  file.commit();
  std::ifstream in(path, std::ios::binary);
  std::string bytes{std::istreambuf_iterator<char>(in), {}};
  ::unlink(path.c_str());
  return bytes;
}
std::string all_of(const std::string& bytes, pleat::Index piece = 1000) {
  pleat::GzipSource source(std::make_unique<pleat::MemorySource>(bytes, "text.gz"));
  std::string out, block(static_cast<std::size_t>(piece), '\0');
  for (pleat::Index got = 0; (got = source.read(block.data(), piece)) > 0;) out.append(block, 0, static_cast<std::size_t>(got));
  return out;
}
std::string message_of(const std::string& bytes) {
  try {
    all_of(bytes);
  } catch (const pleat::Error& error) {
    return error.what();
  }
  return "";
}
} // namespace

BOOST_AUTO_TEST_SUITE(gzip)

BOOST_AUTO_TEST_CASE(round_trip_plain_and_members) {
  std::string text;
  for (int i = 0; i < 100000; ++i) text += "line " + std::to_string(i) + "\n";
  const std::string packed = compressed(text);
  BOOST_TEST(packed.size() < text.size() / 3);
  BOOST_TEST((all_of(packed) == text));
  BOOST_TEST((all_of(packed, 7) == text));
  BOOST_TEST((all_of(packed + compressed("more") + compressed("")) == text + "more"));
  BOOST_TEST((all_of(packed + std::string(500, '\0')) == text));
  BOOST_TEST((all_of(text) == text)); // no magic: passed on
  BOOST_TEST(all_of("") == "");
  BOOST_TEST(all_of("\x1f") == "\x1f");
  BOOST_TEST(compressed(text) == packed);
  BOOST_TEST(all_of(compressed("")) == "");
}

BOOST_AUTO_TEST_CASE(damage_is_named) {
  const std::string packed = compressed(std::string(100000, 'A') + "tail");
  for (const std::size_t keep : {std::size_t{2}, std::size_t{10}, packed.size() / 2, packed.size() - 8, packed.size() - 1})
    BOOST_TEST(message_of(packed.substr(0, keep)).find("text.gz: the gzip data end early") == 0u, "kept " << keep);
  std::string flipped = packed;
  flipped[packed.size() - 6] ^= 1; // the checksum
  BOOST_TEST(message_of(flipped).find("damaged") != std::string::npos);
  BOOST_TEST(message_of(packed + "garbage").find("not gzip follows") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(files_and_lines) {
  const std::string path = scratch("lines");
  {
    pleat::GzipWriter file(path);
    file.write("one\r\n\ntwo\nlast without end");
    file.commit();
  }
  const auto source = pleat::open_input(path);
  pleat::LineReader lines(*source, 4); // smaller than a line: the buffer grows
  std::string_view line;
  for (const char* expected : {"one", "", "two", "last without end"}) {
    BOOST_REQUIRE(lines.next(line));
    BOOST_TEST(line == expected);
  }
  BOOST_TEST(lines.number() == 4);
  BOOST_TEST(!lines.next(line));
  ::unlink(path.c_str());
  BOOST_CHECK_THROW(pleat::open_input("no/such/file"), pleat::Error);
  BOOST_CHECK_THROW(pleat::open_input("."), pleat::Error); // a folder opens, but cannot be read
}

BOOST_AUTO_TEST_CASE(standard_input) {
  int ends[2];
  BOOST_REQUIRE(::pipe(ends) == 0);
  const std::string packed = compressed("from a pipe");
  BOOST_REQUIRE(::write(ends[1], packed.data(), packed.size()) == static_cast<ssize_t>(packed.size()));
  ::close(ends[1]);
  const int kept = ::dup(STDIN_FILENO);
  BOOST_REQUIRE(::dup2(ends[0], STDIN_FILENO) == STDIN_FILENO);
  const auto source = pleat::open_input("-");
  BOOST_TEST(source->name() == "standard input");
  pleat::LineReader lines(*source);
  std::string_view line;
  BOOST_TEST(lines.next(line));
  BOOST_TEST(line == "from a pipe");
  if (kept >= 0) ::dup2(kept, STDIN_FILENO), ::close(kept);
  ::close(ends[0]);
}

BOOST_AUTO_TEST_CASE(full_disk) {
  if (::access("/dev/full", W_OK) != 0) return;
  pleat::GzipWriter file("/dev/full");
  file.write("text");
  BOOST_CHECK_THROW(file.commit(), pleat::Error);
}

BOOST_AUTO_TEST_SUITE_END()
