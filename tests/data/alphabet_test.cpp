#include <boost/test/unit_test.hpp>
#include <pleat/data/alphabet.hpp>
#include <set>
#include <string>
#include <vector>

using namespace pleat;

namespace {
std::string encoded(std::string_view letters, AlphabetPolicy policy, AlphabetReport& report) {
  std::vector<TokenId> tokens;
  encode_letters(letters, policy, tokens, report);
  std::string text;
  for (const TokenId token : tokens) text += letter_of(token);
  BOOST_TEST(report.residues == static_cast<Index>(tokens.size()));
  return text;
}
} // namespace

BOOST_AUTO_TEST_SUITE(alphabet)

BOOST_AUTO_TEST_CASE(vocabulary_order) {
  static_assert(token_letters[4] == 'L' && token_letters[23] == 'C' && token_letters[token_gap] == '-' &&
                token_letters[token_dot] == '.');
  std::set<char> standard;
  for (int type = 0; type < residue_types; ++type) {
    const TokenId token = token_of_residue_type(type);
    BOOST_TEST(residue_type(token) == type);
    standard.insert(letter_of(token));
  }
  BOOST_TEST(standard.size() == 20u);
  for (const char c : std::string("ACDEFGHIKLMNPQRSTVWY")) BOOST_TEST(standard.count(c) == 1u);
  for (const TokenId token : {token_cls, token_pad, token_eos, token_unk, token_x, token_gap, token_mask})
    BOOST_TEST(residue_type(token) == -1);
  BOOST_TEST(alphabet_fingerprint != 0u);
}

BOOST_AUTO_TEST_CASE(policy_table) {
  AlphabetReport report;
  BOOST_TEST(encoded("ACDEFGHIKLMNPQRSTVWY", {}, report) == "ACDEFGHIKLMNPQRSTVWY");
  BOOST_TEST(report.summary() == "");
  report = {};
  BOOST_TEST(encoded("aXBZUOJ", {}, report) == "AXBZUOX");
  BOOST_TEST(report.lower_case == 1);
  BOOST_TEST(report.unknown == 1);
  BOOST_TEST(report.rare == 4);
  BOOST_TEST(report.ambiguous == 1);
  BOOST_TEST(report.summary() == "1 lower-case letters raised, 1 X, 4 rare letters (B Z U O), 1 J read as X");
  report = {};
  BOOST_TEST(encoded("BZUO", {.rare_as_x = true}, report) == "XXXX");
  report = {};
  BOOST_TEST(encoded("M*K-.V*", {}, report) == "MXKV");
  BOOST_TEST(report.stops_inside == 1);
  BOOST_TEST(report.stops_stripped == 1);
  BOOST_TEST(report.gaps == 2);
  report = {};
  BOOST_TEST(encoded("M-K*--", {.keep_gaps = true}, report) == "M-K--");
  BOOST_TEST(report.stops_stripped == 1);
  report = {};
  BOOST_TEST(encoded("***", {}, report) == "");
  report = {};
  BOOST_TEST(encoded("A1\xc3\xa9 \xe2\x82\xac_C", {}, report) == "AXXXXXC"); // one X for each character, not each byte
  BOOST_TEST(report.other == 5);
  report = {};
  BOOST_CHECK_THROW(encoded("AC3", {.strict = true}, report), Error);
  report = {};
  BOOST_TEST(encoded("ACJ*-X", {.strict = true}, report) == "ACXXX"); // strict refuses other characters only
}

BOOST_AUTO_TEST_CASE(any_byte_is_accepted) {
  for (int byte = 0; byte < 256; ++byte) {
    std::vector<TokenId> tokens;
    AlphabetReport report;
    const char c = static_cast<char>(byte);
    encode_letters(std::string("A") + c + "A", {}, tokens, report);
    BOOST_TEST(tokens.size() == (c == '-' || c == '.' ? 2u : 3u));
    for (const TokenId token : tokens) BOOST_TEST((token >= 4 && token <= token_gap));
  }
}

BOOST_AUTO_TEST_SUITE_END()
