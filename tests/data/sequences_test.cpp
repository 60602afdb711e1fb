#include <boost/test/unit_test.hpp>
#include <pleat/data/sequences.hpp>
#include <string>
#include <vector>

using namespace pleat;

BOOST_AUTO_TEST_SUITE(sequences)

BOOST_AUTO_TEST_CASE(packs_records) {
  MemorySource source(">a first\nMK-V*\n>a\n\n>c\nLAX\n", "in.fasta");
  const SequenceSet set = SequenceSet::from_fasta(source);
  BOOST_TEST(set.size() == 3);
  BOOST_TEST(set.residues() == 6);
  BOOST_TEST(set.lengths() == (std::vector<Index>{3, 0, 3}), boost::test_tools::per_element());
  BOOST_TEST(set.id(0) == "a");
  BOOST_TEST(set.header(0) == "a first");
  BOOST_TEST(set.id(1) == "a");
  BOOST_TEST(set.header(1) == "a");
  BOOST_TEST(set.letters(0) == "MKV");
  BOOST_TEST(set.letters(1) == "");
  BOOST_TEST(set.tokens(2)[0] == 4);
  BOOST_TEST(set.tokens(2)[2] == token_x);
  BOOST_TEST(set.longest() == 3);
  BOOST_TEST(set.empty_records() == 1);
  BOOST_TEST(set.report().gaps == 1);
  BOOST_TEST(set.report().stops_stripped == 1);
}

BOOST_AUTO_TEST_CASE(leaves_out_marked_records) {
  MemorySource source(">a s1 e1\nMK\n>e1 s1 e0\nMV\n>c e10\nML\n>d\te1 x\nMM\n");
  SequenceSet set;
  BOOST_TEST(set.add_fasta(source, "e1") == 2);
  BOOST_REQUIRE(set.size() == 2);
  BOOST_TEST(set.id(0) == "e1"); // an id is no mark
  BOOST_TEST(set.id(1) == "c");
  BOOST_TEST(!header_has_word("", "e1"));
}

BOOST_AUTO_TEST_CASE(tokens_and_strict) {
  SequenceSet set;
  const std::vector<TokenId> good = {4, 5, 32}, bad = {33};
  BOOST_TEST(set.add_tokens("t", good) == 0);
  BOOST_CHECK_THROW(set.add_tokens("t", bad), Error);
  SequenceSet strict(AlphabetPolicy{.strict = true});
  try {
    strict.add("P12345", "MK#");
    BOOST_ERROR("strict accepted '#'");
  } catch (const Error& error) {
    BOOST_TEST(std::string(error.what()).find("P12345: the character at position 3") == 0u);
  }
}

BOOST_AUTO_TEST_SUITE_END()
