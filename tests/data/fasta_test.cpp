#include <boost/test/unit_test.hpp>
#include <fstream>
#include <memory>
#include <pleat/data/fasta.hpp>
#include <pleat/io/gzip.hpp>
#include <string>
#include <unistd.h>
#include <vector>

using namespace pleat;

namespace {
std::vector<FastaRecord> records_of(const std::string& text) {
  MemorySource source(text, "in.fasta");
  return read_fasta(source);
}
std::string message_of(const std::string& text) {
  try {
    records_of(text);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}
bool says(const std::string& text, const char* what) { return message_of(text).find(what) != std::string::npos; }
} // namespace

BOOST_AUTO_TEST_SUITE(fasta)

BOOST_AUTO_TEST_CASE(rules) {
  const auto records = records_of("\n; a comment\r\n>sp|P1|X some words \r\nMKV L\r\n\r\nac "
                                  "d\r\n;inside\n>\nAAA\n>empty/one.x\n>sp|P1|X\tagain\nWW*\n>last\nB");
  BOOST_REQUIRE(records.size() == 5u);
  BOOST_TEST(records[0].id == "sp|P1|X");
  BOOST_TEST(records[0].header == "sp|P1|X some words");
  BOOST_TEST(records[0].sequence == "MKVLACD");
  BOOST_TEST(records[0].line == 3);
  BOOST_TEST(records[1].id == "seqnum000000007"); // zero-based number of the line
  BOOST_TEST(records[1].line == 8);
  BOOST_TEST(records[1].header == "");
  BOOST_TEST((records[2].status == FastaStatus::Empty));
  BOOST_TEST(records[2].id == "empty/one.x");
  BOOST_TEST(records[3].id == "sp|P1|X"); // duplicates stay
  BOOST_TEST(records[3].sequence == "WW*");
  BOOST_TEST(records[4].sequence == "B"); // no final newline
  BOOST_TEST((records[4].status == FastaStatus::Ok));
}

BOOST_AUTO_TEST_CASE(sizes_at_the_edges) {
  const std::string giant(100000, 'W');
  BOOST_TEST((records_of(">g\n" + giant + "\n").at(0).sequence == giant));
  std::string folded = ">g\n";
  for (std::size_t i = 0; i < giant.size(); i += 60) folded += giant.substr(i, 60) + "\n";
  BOOST_TEST((records_of(folded).at(0).sequence == giant));
  BOOST_TEST(records_of(">a\nM\n>b\nK\n").size() == 2u);
  for (std::size_t length = 1; length < 40; ++length) // the eight-byte test at every tail
    for (const char odd : {'@', '[', 'a', '*', '\xc3'}) {
      std::string line(length, 'A');
      line.back() = odd;
      const std::string got = records_of(">a\n" + line).at(0).sequence;
      line.back() = odd == 'a' ? 'A' : odd;
      BOOST_REQUIRE(got == line);
    }
  BOOST_TEST(records_of("\xef\xbb\xbf>a\nM\n").at(0).id == "a"); // byte order mark
  BOOST_TEST(records_of(">only header").at(0).id == "only");
}

BOOST_AUTO_TEST_CASE(bad_input_names_file_and_line) {
  BOOST_TEST(says("", "in.fasta: has no sequences"));
  BOOST_TEST(says("\n\n; only comments\n", "has no sequences"));
  BOOST_TEST(says("id,sequence\n1,MKV\n", "in.fasta:1: is not a FASTA file: a line starting with '>' was expected, found 'i'"));
  BOOST_TEST(says("\n\nMKV\n", "in.fasta:3: is not a FASTA file"));
  BOOST_TEST(says(std::string("\x7f"
                              "ELF\x02\x00\x01",
                              7),
                  "byte value 127"));
  BOOST_TEST(says(std::string(">a\nMK\x00V\n", 8), "in.fasta:2: holds binary data"));
  BOOST_TEST(says(std::string(">a\x00z\nMKV\n", 9), "in.fasta:1: holds binary data"));
  BOOST_TEST(says("\x1f\x8b\x08", "gzip-compressed"));
  BOOST_CHECK_THROW(read_fasta("no/such.fasta"), Error);
}

BOOST_AUTO_TEST_CASE(compressed_and_truncated) {
  const std::string path = "fasta_test_" + std::to_string(::getpid()) + ".fasta.gz";
  std::string text;
  for (int i = 0; i < 5000; ++i) text += ">r" + std::to_string(i) + "\nMKVLAAGIVGLCAKAYE\n";
  {
    GzipWriter file(path);
    file.write(text);
    file.commit();
  }
  BOOST_TEST(read_fasta(*open_input(path)).size() == 5000u);
  BOOST_TEST(::truncate(path.c_str(), 2000) == 0);
  try {
    read_fasta(*open_input(path));
    BOOST_ERROR("a truncated file was accepted");
  } catch (const Error& error) {
    BOOST_TEST(std::string(error.what()).find(path + ": the gzip data end early") != std::string::npos);
  }
  ::unlink(path.c_str());
}

BOOST_AUTO_TEST_SUITE_END()
