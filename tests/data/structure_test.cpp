#include <boost/test/unit_test.hpp>

#include <pleat/data/structure.hpp>
#include <type_traits>

using namespace pleat;

namespace {

/// Chain A: Gly 1, Sec 2 without C-alpha; chain B: Trp -3A.
Structure small() {
  Structure s;
  s.name = "small.pdb";
  s.positions = {Position::angstrom(0, 0, 0), Position::angstrom(1.5f, 0, 0), Position::angstrom(3, 0, 0),
                 Position::angstrom(4, 1, 0), Position::angstrom(4, 2, 0)};
  s.elements = {7, 6, 6, 7, 6};
  s.names = {atom_n, atom_ca, atom_c, atom_n, atom_ca};
  s.atom_residues = {0, 0, 1, 2, 2};
  s.types = {residue_of_letter('G'), residue_unknown, residue_of_letter('W')};
  s.residue_chains = {0, 0, 1};
  s.labels = {{"GLY", 1, ' '}, {"SEC", 2, ' '}, {"TRP", -3, 'A'}};
  s.chains = {{"A", 0, 2}, {"B", 2, 1}};
  return s;
}
std::string wrong_with(const Structure& s) {
  try {
    s.check();
  } catch (const Error& error) {
    return error.what();
  }
  return "accepted";
}

} // namespace

BOOST_AUTO_TEST_SUITE(structure)

BOOST_AUTO_TEST_CASE(positions_name_their_unit) {
  static_assert(!std::is_constructible_v<Position, float, float, float> && !std::is_convertible_v<float, Position>);
  static_assert(Position::nanometres(0.5f, 1, -2) == Position::angstrom(5, 10, -20));
  const std::vector<Position> points = {Position::angstrom(1, 2, 3), Position::angstrom(4, 5, 6)};
  const std::span<const float> flat = flat_angstrom(points);
  const std::vector<float> expected = {1, 2, 3, 4, 5, 6};
  BOOST_TEST(std::vector<float>(flat.begin(), flat.end()) == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(vocabularies) {
  const std::string letters = "GASPVTCILNDQKEMHFRYW";
  for (std::size_t type = 0; type < 20; ++type) {
    BOOST_TEST(residue_of_letter(letters[type]) == type);
    BOOST_TEST(residue_of_name(structure_residue_names[type]) == type);
    BOOST_TEST(residue_letter(static_cast<StructureResidue>(type)) == letters[type]);
  }
  for (const char letter : {'U', 'O', 'X', 'B', 'Z', 'J', 'g', '-'}) BOOST_TEST(residue_of_letter(letter) == residue_unknown);
  BOOST_TEST(residue_of_name("MSE") == residue_of_letter('M'));
  BOOST_TEST(residue_of_name("HSD") == residue_of_letter('H'));
  BOOST_TEST(residue_of_name("CYX") == residue_of_letter('C'));
  for (const char* name : {"SEC", "PYL", "UNK", "", "HEM", "gly"}) BOOST_TEST(residue_of_name(name) == residue_unknown);
  BOOST_TEST(residue_letter(residue_unknown, "SEC") == 'U');
  BOOST_TEST(residue_letter(residue_unknown, "PYL") == 'O');
  BOOST_TEST(residue_letter(residue_unknown, "SEP") == 'X');

  BOOST_TEST(atom_names == 38);
  BOOST_TEST(atom_name_of("C") == 0);
  BOOST_TEST(atom_name_of("CG2") == 12);
  BOOST_TEST(atom_name_of("N") == 17);
  BOOST_TEST(atom_name_of("OXT") == 34);
  BOOST_TEST(atom_name_of("SG") == 36);
  for (const char* name : {"UNK", "H", "P", "", " CA", "O5'"}) BOOST_TEST(atom_name_of(name) == atom_unknown);

  BOOST_TEST(atomic_number("C") == 6);
  BOOST_TEST(atomic_number("cl") == 17);
  BOOST_TEST(atomic_number("SE") == 34);
  BOOST_TEST(atomic_number("D") == 1);
  BOOST_TEST(atomic_number("Og") == 118);
  for (const char* symbol : {"", "X", "Cx", "1", "CLA"}) BOOST_TEST(atomic_number(symbol) == 0);
  BOOST_TEST((!element_has_channel(0) && element_has_channel(1) && element_has_channel(17) && !element_has_channel(18)));
  BOOST_TEST(atomic_number_of_name(" CA ", false) == 6);
  BOOST_TEST(atomic_number_of_name("CA  ", false) == 20); // calcium starts in the first column
  BOOST_TEST(atomic_number_of_name("CA  ", true) == 6);   // of an amino acid it is carbon all the same
  BOOST_TEST(atomic_number_of_name("SE  ", false) == 34);
  BOOST_TEST(atomic_number_of_name("HG11", false) == 1);
  BOOST_TEST(atomic_number_of_name("1HB ", true) == 1);
  BOOST_TEST(atomic_number_of_name(" OXT", false) == 8);
  BOOST_TEST(atomic_number_of_name("    ", false) == 0);
}

BOOST_AUTO_TEST_CASE(what_graphs_ask) {
  const Structure s = small();
  s.check();
  BOOST_TEST(s.sequence() == "GUW");
  BOOST_TEST(s.sequence(s.chains[0]) == "GU");
  const std::vector<Index> alphas = {1, -1, 4}, starts = {0, 2, 3, 5};
  BOOST_TEST(s.alpha_carbons() == alphas, boost::test_tools::per_element());
  BOOST_TEST(s.atom_starts() == starts, boost::test_tools::per_element());
  BOOST_TEST(s.describe(2) == "B TRP -3A");
  Structure empty;
  empty.check();
  BOOST_TEST(empty.sequence() == "");
  BOOST_TEST(empty.atom_starts().size() == 1u);
}

BOOST_AUTO_TEST_CASE(calcium_is_no_alpha_carbon) {
  Structure s = small();
  s.elements[1] = 14;
  BOOST_TEST(s.alpha_carbons()[0] == -1);
}

BOOST_AUTO_TEST_CASE(selections) {
  const Structure s = small();
  const std::vector<std::string> b = {"B"}, missing = {"B", "C"};
  const Structure chain = select_chains(s, b);
  chain.check();
  BOOST_TEST(chain.sequence() == "W");
  BOOST_TEST(chain.atoms() == 2);
  BOOST_TEST((chain.positions[0] == s.positions[3]));
  BOOST_TEST(chain.residue_chains[0] == 0);
  BOOST_TEST(chain.describe(0) == "B TRP -3A");
  const Structure ends = select_residues(s, [](Index r) { return r != 1; });
  ends.check();
  BOOST_TEST(ends.sequence() == "GW");
  BOOST_TEST(ends.chains.size() == 2u);
  BOOST_TEST(select_residues(s, [](Index) { return false; }).chains.empty());
  BOOST_CHECK_EXCEPTION(select_chains(s, missing), Error, [](const Error& error) {
    return std::string(error.what()) == "small.pdb: has no protein chain \"C\"; its chains are \"A\", \"B\".";
  });
}

BOOST_AUTO_TEST_CASE(arrays_that_do_not_fit) {
  Structure s = small();
  s.elements.pop_back();
  BOOST_TEST(wrong_with(s) ==
             "small.pdb: the structure has 5 positions, but 4 elements, 5 atom names and 5 residue numbers of atoms; "
             "give one of each per atom.");
  s = small();
  s.labels.pop_back();
  BOOST_TEST(wrong_with(s).find("one of each per residue") != std::string::npos);
  s = small();
  s.atom_residues = {0, 1, 0, 2, 2};
  BOOST_TEST(wrong_with(s) == "small.pdb: atom 2 has the residue number 0; numbers must not fall and must be below 3.");
  s = small();
  s.atom_residues[4] = 3;
  BOOST_TEST(wrong_with(s).find("must be below 3") != std::string::npos);
  s = small();
  s.elements[1] = 26;
  BOOST_TEST(wrong_with(s).find("elements go from 1 to 17") != std::string::npos);
  s = small();
  s.types[1] = 21;
  BOOST_TEST(wrong_with(s).find("types go from 0 to 20") != std::string::npos);
  s = small();
  s.chains[1].first_residue = 1;
  BOOST_TEST(wrong_with(s).find("cover the residues in order") != std::string::npos);
  s = small();
  s.chains[1].residues = 5;
  BOOST_TEST(wrong_with(s).find("the chains hold 7 residues, the structure 3") != std::string::npos);
  s = small();
  s.residue_chains[1] = 1;
  BOOST_TEST(wrong_with(s).find("another chain number") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(b_factors_go_with_their_atoms) {
  Structure s = small();
  BOOST_TEST(s.b_factor(3) == 0); // none given: all 0
  BOOST_TEST(select_residues(s, [](Index) { return true; }).b_factors.empty());
  s.b_factors = {1, 2, 3, 4, 5};
  s.check();
  const std::vector<std::string> second = {"B"};
  const Structure b = select_chains(s, second);
  BOOST_TEST(b.b_factors == (std::vector<float>{4, 5}), boost::test_tools::per_element());
  s.b_factors.pop_back();
  BOOST_TEST(wrong_with(s) == "small.pdb: the structure has 5 positions, but 4 B-factors; give one per atom, or none at all.");
}

BOOST_AUTO_TEST_SUITE_END()
