#include <boost/test/unit_test.hpp>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <pleat/data/structure_file.hpp>
#include <pleat/io/gzip.hpp>
#include <pleat/io/safetensors.hpp>
#include <sstream>

using namespace pleat;

namespace {

const std::string shipped = PLEAT_TEST_DATA "/../examples/data/structures/";

/// One record; `name` has four columns.
std::string atom(const char* name, const char* residue, int number, float x, const char* element, const char* rest = "    ") {
  char line[128]; // `rest`: alternate location, chain, insertion code, 'H' for HETATM
  std::snprintf(line, sizeof line, "%s%5d %-4s%c%3s %c%4d%c   %8.3f%8.3f%8.3f%6.2f%6.2f          %2s\n",
                rest[3] == 'H' ? "HETATM" : "ATOM  ", 1, name, rest[0], residue, rest[1], number, rest[2], static_cast<double>(x),
                0.0, 0.0, 1.0, 0.0, element);
  return line;
}
/// N, CA, C, 1.4 Angstrom apart from `x` on, so that residues 4.2 apart are bonded.
std::string residue(const char* name, int number, float x, const char* rest = "    ") {
  return atom(" N  ", name, number, x, "N", rest) + atom(" CA ", name, number, x + 1.4f, "C", rest) +
         atom(" C  ", name, number, x + 2.8f, "C", rest);
}
ReadStructure read(const std::string& text, const StructureOptions& options = {}) {
  ReadStructure got = read_structure(text, "a.pdb", options);
  got.structure.check();
  BOOST_TEST(got.report.atoms_read() == got.report.atoms_in_file); // each atom is counted once
  BOOST_TEST(got.report.atoms_kept == got.structure.atoms());
  return got;
}
ReadStructure read_file(const std::string& path, const StructureOptions& options = {}) {
  const auto source = open_input(path);
  ReadStructure got = read_structure(*source, options);
  got.structure.check();
  BOOST_TEST(got.report.atoms_read() == got.report.atoms_in_file);
  return got;
}
std::string refused(const std::string& text, const StructureOptions& options = {}) {
  try {
    read_structure(text, "a.pdb", options);
  } catch (const Error& error) {
    return error.what();
  }
  return "accepted";
}
bool has(const std::string& text, const std::string& part) {
  if (text.find(part) != std::string::npos) return true;
  BOOST_TEST_MESSAGE("got: " << text);
  return false;
}
const std::string cif_head =
    "data_x\nloop_\n_atom_site.group_PDB\n_atom_site.type_symbol\n_atom_site.label_atom_id\n"
    "_atom_site.label_alt_id\n_atom_site.label_comp_id\n_atom_site.auth_asym_id\n_atom_site.auth_seq_id\n"
    "_atom_site.Cartn_x\n_atom_site.Cartn_y\n_atom_site.Cartn_z\n_atom_site.pdbx_PDB_model_num\n";

} // namespace

BOOST_AUTO_TEST_SUITE(structure_file)

// ---- rules ----------------------------------------------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_plain_chain) {
  const ReadStructure got = read(residue("GLY", 1, 0, " A  ") + residue("TRP", 2, 4.2f, " A  ") + "TER\nEND\n");
  BOOST_TEST(got.structure.name == "a.pdb");
  BOOST_TEST(got.structure.sequence() == "GW");
  BOOST_TEST(got.structure.describe(1) == "A TRP 2");
  BOOST_TEST(got.structure.positions[4].x() == 5.6f);
  BOOST_TEST(int{got.structure.elements[3]} == 7);
  BOOST_TEST(got.report.models == 1);
  BOOST_TEST(got.report.incomplete == 2);
  BOOST_TEST(got.report.missing_atoms == 1 + 11);
  BOOST_TEST(read(residue("ALA", 1, 0)).structure.chains[0].name == ""); // a chain of one residue without a name
}

BOOST_AUTO_TEST_CASE(alternate_locations) {
  // 'A' is read wherever it is, with the atoms that have none; the other residue of a place goes whole.
  const ReadStructure got =
      read(atom(" N  ", "SER", 1, 0, "N") + atom(" CA ", "SER", 1, 1, "C", "B   ") + atom(" CA ", "SER", 1, 2, "C", "A   ") +
           residue("THR", 2, 4, "A   ") + residue("VAL", 2, 8, "B   "));
  BOOST_TEST(got.structure.sequence() == "ST");
  BOOST_TEST(got.structure.positions[1].x() == 2);
  BOOST_TEST(got.report.alternates == 4);
  BOOST_TEST(got.report.alternate_residues == 2);
  // Interleaved, as some programs write them.
  BOOST_TEST(read(atom(" N  ", "SER", 1, 0, "N", "A   ") + atom(" N  ", "THR", 1, 1, "N", "B   ") +
                  atom(" CA ", "SER", 1, 2, "C", "A   ") + atom(" CA ", "THR", 1, 3, "C", "B   "))
                 .structure.sequence() == "S");
  // Without an 'A' the first label of the place is read, and only that one.
  const ReadStructure bc = read(atom(" N  ", "SER", 1, 0, "N", "C   ") + atom(" CA ", "SER", 1, 1, "C", "B   ") +
                                atom(" CA ", "SER", 1, 2, "C", "C   "));
  BOOST_TEST(bc.structure.atoms() == 2);
  BOOST_TEST(bc.structure.positions[1].x() == 2);
  BOOST_TEST(bc.report.alternates == 1);
  // One label alone is no choice.
  BOOST_TEST(read(residue("SER", 1, 0, "A   ")).report.alternate_residues == 0);
}

BOOST_AUTO_TEST_CASE(insertion_codes_and_odd_numbers) {
  const ReadStructure got = read(residue("GLY", 52, 0, " H  ") + residue("GLY", 52, 4, " HA ") + residue("GLY", 52, 8, " HB ") +
                                 residue("ALA", -3, 12, " H  "));
  BOOST_TEST(got.structure.residues() == 4);
  BOOST_TEST(got.report.insertions == 2);
  BOOST_TEST(got.structure.describe(2) == "H GLY 52B");
  BOOST_TEST(got.structure.labels[3].number == -3);
  // The same number again, later in the chain: another residue, as the order of the file says.
  BOOST_TEST(read(residue("GLY", 1, 0) + residue("ALA", 2, 4) + residue("GLY", 1, 8)).structure.sequence() == "GAG");
  std::string hybrid = residue("GLY", 1, 0);
  for (std::size_t at = 22; at < hybrid.size(); at += 79) hybrid.replace(at, 4, "A001"); // hybrid-36
  BOOST_TEST(read(hybrid).structure.labels[0].number == 10001);
}

BOOST_AUTO_TEST_CASE(hydrogens_and_other_elements) {
  const ReadStructure got =
      read(residue("GLY", 1, 0) + atom(" H  ", "GLY", 1, 5, "H") + atom("1HA ", "GLY", 1, 6, "") +
           atom(" D  ", "GLY", 1, 7, "D") + atom("HG  ", "GLY", 1, 8, "HG") + atom(" QA ", "GLY", 1, 9, ""));
  BOOST_TEST(got.report.hydrogens == 3);
  BOOST_TEST(got.report.other_elements == 2); // mercury, and a pseudo atom of no element
  BOOST_TEST(got.structure.atoms() == 3);
  std::string bare = residue("GLY", 1, 0); // no element column: by the name
  for (std::size_t end = bare.find('\n'); end != std::string::npos; end = bare.find('\n', end - 10)) bare.erase(end - 12, 12);
  BOOST_TEST(int{read(bare).structure.elements[1]} == 6);
}

BOOST_AUTO_TEST_CASE(modified_residues) {
  const std::string mse = residue("MSE", 2, 4.2f, "   H") + atom("SE  ", "MSE", 2, 9, "SE", "   H");
  const ReadStructure got = read(residue("GLY", 1, 0) + mse + residue("SEP", 3, 8.4f, "   H") + residue("GLY", 4, 12.6f));
  BOOST_TEST(got.structure.sequence() == "GMXG");
  BOOST_TEST(got.structure.labels[1].name == "MSE");
  BOOST_TEST(got.report.modified.text() == "MSE 1");
  BOOST_TEST(got.report.unknown.text() == "SEP 1");
  BOOST_TEST(int{got.structure.elements[6]} == 16); // its selenium is the sulphur of methionine
  BOOST_TEST(int{got.structure.names[6]} == int{atom_sd});
  // U and O have no type of their own, but a letter; selenium has no channel.
  const ReadStructure rare = read(residue("SEC", 1, 0) + atom("SE  ", "SEC", 1, 9, "SE") + residue("PYL", 2, 20, "   H"));
  BOOST_TEST(rare.structure.sequence() == "UO");
  BOOST_TEST(int{rare.structure.types[0]} == int{residue_unknown});
  BOOST_TEST(rare.report.other_elements == 1);
  // As published: every HETATM goes.
  BOOST_TEST(read(residue("GLY", 1, 0) + mse + residue("GLY", 3, 8.4f), {.model = 1, .chains = {}, .atom_records_only = true})
                 .structure.sequence() == "GG");
  BOOST_TEST(read(residue("HSD", 1, 0) + residue("CYX", 2, 4)).structure.sequence() == "HC");
}

BOOST_AUTO_TEST_CASE(what_is_no_protein) {
  const std::string chain = residue("GLY", 1, 0);
  // A free amino acid is a ligand, an amino acid bonded to the chain is part of it.
  const ReadStructure free = read(chain + residue("ASN", 2, 20, "   H") + atom("MG  ", "MG", 3, 30, "MG", "   H"));
  BOOST_TEST(free.structure.sequence() == "G");
  BOOST_TEST(free.report.ligands == 4);
  BOOST_TEST(free.report.ligand_names.text() == "ASN 1, MG 1");
  BOOST_TEST(read(chain + residue("ASN", 2, 4.2f, "   H")).structure.sequence() == "GN");
  BOOST_TEST(read(residue("PCA", 1, 0, "   H") + residue("GLY", 2, 4.2f)).structure.sequence() == "XG");
  // Close, but in another chain.
  BOOST_TEST(read(residue("GLY", 1, 0, " A  ") + residue("ASN", 2, 4.2f, " B H")).structure.sequence() == "G");
  // Records called ATOM: unknown residues stay if they have a C-alpha; caps, haem and calcium do not.
  const ReadStructure records = read(residue("UNK", 1, 0) + atom(" CH3", "ACE", 2, 20, "C") + atom("FE  ", "HEM", 3, 30, "FE") +
                                     atom("CA  ", "CA", 4, 40, "CA"));
  BOOST_TEST(records.structure.sequence() == "X");
  BOOST_TEST(records.report.unknown.text() == "UNK 1");
  BOOST_TEST(records.report.ligand_names.text() == "ACE 1, HEM 1, CA 1");
  const ReadStructure wet = read(chain + atom(" O  ", "HOH", 9, 50, "O", "   H") + atom(" O  ", "HOH", 9, 51, "O", "B  H") +
                                 atom(" P  ", "DA", 10, 60, "P") + atom(" C5'", "A", 11, 70, "C"));
  BOOST_TEST(wet.report.water == 2);
  BOOST_TEST(wet.report.nucleic == 2);
  BOOST_TEST(wet.report.nucleotides.text() == "DA 1, A 1");
  // Standard residues stay without a C-alpha; the graph of residues has no node for them.
  const ReadStructure bare = read(chain + atom(" N  ", "SER", 2, 9, "N"));
  BOOST_TEST(bare.structure.residues() == 2);
  BOOST_TEST(bare.report.without_alpha == 1);
  BOOST_TEST(read(chain + atom(" H  ", "SER", 2, 9, "H")).report.emptied == 1);
}

BOOST_AUTO_TEST_CASE(duplicate_atoms) {
  const ReadStructure got = read(residue("GLY", 1, 0) + residue("GLY", 1, 0) + residue("ALA", 2, 9));
  BOOST_TEST(got.structure.sequence() == "GA");
  BOOST_TEST(got.report.duplicates == 3);
}

BOOST_AUTO_TEST_CASE(models_and_chains) {
  const std::string one = residue("GLY", 1, 0, " A  ") + residue("ALA", 1, 9, " B  ") + residue("TRP", 2, 20, " A  ");
  const std::string two = residue("SER", 1, 0, " A  ");
  const std::string text = "MODEL        5\n" + one + "ENDMDL\nMODEL        7\n" + two + "ENDMDL\nEND\n";
  const ReadStructure first = read(text);
  BOOST_TEST(first.report.models == 2);
  BOOST_TEST(first.report.other_models == 3);
  BOOST_TEST(first.structure.sequence() == "GAW");
  BOOST_TEST(first.structure.chains.size() == 3u); // A comes back: a run of its own
  BOOST_TEST(read(text, {.model = 2, .chains = {}}).structure.sequence() == "S");
  BOOST_TEST(read(one + "END\n" + two).report.models == 2); // models of trajectories
  const ReadStructure b = read(text, {.model = 1, .chains = {"B"}});
  BOOST_TEST(b.structure.sequence() == "A");
  BOOST_TEST(b.report.other_chains == 6);
  BOOST_TEST(refused(text, {.model = 3, .chains = {}}) == "a.pdb: has no model 3, only 1 to 2.");
  BOOST_TEST(refused(text, {.model = 0, .chains = {}}) == "a.pdb: has no model 0, only 1 to 2.");
  BOOST_TEST(refused(text, {.model = 1, .chains = {"B", "X"}}) == "a.pdb: has no chain \"X\"; its chains are \"A\", \"B\".");
}

BOOST_AUTO_TEST_CASE(chains_without_names_end_at_ter) {
  const std::string one = residue("GLY", 1, 0), same_number = residue("GLY", 1, 9);
  BOOST_TEST(read(one + "TER\n" + same_number + "TER\n").structure.chains.size() == 2u);
  BOOST_TEST(read(one + "TER\n" + same_number).report.duplicates == 0);
  BOOST_TEST(read(residue("GLY", 1, 0, " A  ") + "TER\n" + residue("ALA", 2, 9, " A  ")).structure.chains.size() == 1u);
  BOOST_TEST(read(one + "TER\n" + residue("ASN", 2, 4.2f, "   H")).structure.sequence() == "G"); // no bond across
}

BOOST_AUTO_TEST_CASE(names_of_other_programs) {
  std::string wide = residue("GLY", 1, 0) + atom(" O  ", "GLY", 1, 9, "O");
  wide.replace(wide.rfind("ATOM"), 11, "ATOM 100000"); // six digits touch the record's name
  BOOST_TEST(read(wide).structure.atoms() == 4);
  const ReadStructure got = read(residue("ILE", 1, 0) + atom(" CD ", "ILE", 1, 8, "C") + atom(" OT1", "ILE", 1, 9, "O") +
                                 atom(" OT2", "ILE", 1, 10, "O") + atom(" CX ", "ILE", 1, 11, "C"));
  BOOST_TEST(
      (got.structure.names[3] == atom_name_of("CD1") && got.structure.names[4] == atom_o && got.structure.names[5] == atom_oxt));
  BOOST_TEST(int{got.structure.names[6]} == int{atom_unknown});
  BOOST_TEST(got.report.unknown_names == 1);
}

BOOST_AUTO_TEST_CASE(mmcif_tables) {
  const std::string text = cif_head + "ATOM N N . GLY A 1 0 0 0 1\nATOM C CA . GLY A 1 1.4 0 0 1\nATOM C CA . SER A 1 9 0 0 2\n"
                                      "HETATM O O . HOH A 7 5 5 5 1\n";
  const ReadStructure got = read(text);
  BOOST_TEST(got.structure.sequence() == "G");
  BOOST_TEST(got.report.models == 2);
  BOOST_TEST(got.report.water == 1); // a model that comes back goes on
  const ReadStructure pairs = read("data_x\n_atom_site.group_PDB ATOM\n_atom_site.type_symbol C\n_atom_site.label_atom_id CA\n"
                                   "_atom_site.label_comp_id GLY\n_atom_site.label_asym_id AAA\n_atom_site.label_seq_id 4\n"
                                   "_atom_site.Cartn_x 1.5(2)\n_atom_site.Cartn_y +2\n_atom_site.Cartn_z -3\n");
  BOOST_TEST(pairs.structure.describe(0) == "AAA GLY 4");
  BOOST_TEST((pairs.structure.positions[0] == Position::angstrom(1.5f, 2, -3)));
  const ReadStructure both = read("data_x\n_atom_site.type_symbol C\n_atom_site.label_atom_id CA\n_atom_site.label_comp_id GLY\n"
                                  "_atom_site.label_seq_id 4\n_atom_site.Cartn_x 9\n_atom_site.Cartn_y 9\n_atom_site.Cartn_z 9\n"
                                  "_atom_site.group_PDB ATOM\n" +
                                  cif_head.substr(7) + "ATOM C CA . SER A 5 0 0 0 ?\n"); // pairs, and then a table
  BOOST_TEST(both.structure.sequence() == "GS");
}

// ---- bad input: one sentence each -----------------------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(text_that_is_no_structure) {
  BOOST_TEST(refused("") == "a.pdb: is empty; fetch the file again.");
  BOOST_TEST(
      refused("hello\nworld\n") ==
      "a.pdb: is neither PDB nor mmCIF: none of its 2 lines is an ATOM or HETATM record, and it does not start with \"data_\"; "
      "give coordinates in one of these formats, plain or gzip.");
  BOOST_TEST(has(refused(">sp|P1|\nMKV\n"), "is neither PDB nor mmCIF"));
  BOOST_TEST(has(refused(std::string("\0\1\2", 3)), "is neither PDB nor mmCIF"));
  BOOST_TEST(refused("HEADER    LYSOZYME\nEND\n") ==
             "a.pdb: is a PDB file without atoms: none of its 2 lines is an ATOM or HETATM record.");
  BOOST_TEST(refused("{\"data_1\":{}}") == "a.pdb: is JSON; give the structure as PDB or mmCIF, plain or gzip.");
  BOOST_TEST(refused("\n<!DOCTYPE html>") == "a.pdb: is XML or a web page; give the structure as PDB or mmCIF, plain or gzip.");
  BOOST_TEST(refused("\x1f\x8bxxxx") == "a.pdb: is gzip-compressed: open it with pleat::open_input of pleat/io/gzip.hpp.");
  BOOST_TEST(refused("# c\n data_x\n_a 1\n") == "a.pdb: is mmCIF without atoms: it has no rows of _atom_site.");
  BOOST_TEST(has(refused("data_x\nloop_\n_a\n'x\n"), "a.pdb:4: a quote does not end within its line"));
}

BOOST_AUTO_TEST_CASE(truncated_files) {
  const std::string path = shipped + "103l.pdb.gz";
  std::ifstream file(path, std::ios::binary);
  std::stringstream bytes;
  bytes << file.rdbuf();
  BOOST_REQUIRE(bytes.str().size() > 20000u);
  const std::string half = bytes.str().substr(0, 20000);
  GzipSource source(std::make_unique<MemorySource>(half, "half.pdb.gz"));
  BOOST_CHECK_EXCEPTION(read_structure(source), Error, [](const Error& error) {
    return std::string(error.what()) == "half.pdb.gz: the gzip data end early: the file is truncated, fetch it again.";
  });
  BOOST_TEST(
      refused(residue("GLY", 1, 0) + atom(" O  ", "GLY", 1, 9, "O").substr(0, 40)) ==
      "a.pdb:4: the atom record ends in column 40, its coordinates in column 54; the file is truncated or no PDB file, fetch it "
      "again.");
  for (const char* rest : {"ATOM", "ATOM ", "HETA", "HETATM"}) // a last line that is cut anywhere
    BOOST_TEST(has(refused(residue("GLY", 1, 0) + rest), "a.pdb:4: the atom record ends in column "));
  BOOST_TEST(
      has(refused(cif_head + "ATOM N N . GLY A 1 0 0 0 1\nATOM C CA . GLY A"),
          "a.pdb:15: the loop of _atom_site.group_PDB ends here within a row, after 6 of 11 values; the file is truncated"));
}

BOOST_AUTO_TEST_CASE(columns_that_are_no_numbers) {
  std::string text = residue("GLY", 1, 0);
  text.replace(30, 8, "   1.2.3");
  BOOST_TEST(refused(text) ==
             "a.pdb:1: \"1.2.3\" in columns 31 to 38 is no coordinate x; the columns of a PDB file are fixed, write the "
             "file again with a program that keeps them.");
  text = residue("GLY", 1, 0);
  text.replace(79 + 46, 8, "        ");
  BOOST_TEST(has(refused(text), "a.pdb:2: \"\" in columns 47 to 54 is no coordinate z"));
  text = residue("GLY", 1, 0);
  text.replace(22, 4, " 1x ");
  BOOST_TEST(has(refused(text), "a.pdb:1: \"1x\" in columns 23 to 26 is no residue number"));
  BOOST_TEST(has(refused(cif_head + "ATOM N N . GLY A 1 0 zero 0 1\n"), "a.pdb:14: \"zero\" is no coordinate y"));
  BOOST_TEST(has(refused(cif_head + "ATOM N N . GLY A ? 0 0 0 1\n"), "a.pdb:14: \"\" is no residue number"));
}

BOOST_AUTO_TEST_CASE(coordinates_that_are_no_place) {
  const std::string far = residue("GLY", 1, 0) + atom(" O  ", "GLY", 1, 9999, "O");
  BOOST_TEST(refused(far) ==
             "a.pdb:4: atom GLY 1 O lies at (9999, 0, 0), which is no place but a mark for unknown coordinates; remove such "
             "atoms, or read with drop_bad_atoms (--drop-bad-atoms).");
  std::string nan = residue("GLY", 1, 0);
  nan.replace(79 + 38, 8, "     nan");
  BOOST_TEST(has(refused(nan), "a.pdb:2: atom GLY 1 CA lies at (1.4, nan, 0)"));
  BOOST_TEST(has(refused(cif_head + "ATOM N N . GLY A 1 ? ? ? 1\n"), "a.pdb:14: atom A GLY 1 N lies at (nan, nan, nan)"));
  const StructureOptions drop{.model = 1, .chains = {}, .atom_records_only = false, .drop_bad_atoms = true};
  BOOST_TEST(read(far, drop).report.bad == 1);
  BOOST_TEST(read(nan, drop).structure.atoms() == 2);
  BOOST_TEST(read(residue("GLY", 1, 0) + atom(" CA ", "ALA", 2, 9999, "C"), drop).report.emptied == 1);
}

BOOST_AUTO_TEST_CASE(two_atoms_at_one_place) {
  const std::string text = residue("GLY", 1, 0) + atom(" N  ", "ALA", 2, 2.8f, "N") + atom(" CA ", "ALA", 2, 9, "C");
  BOOST_TEST(refused(text) ==
             "a.pdb:4: atom ALA 2 N lies at the place of atom GLY 1 C (line 3), which leaves no direction between them; "
             "remove one, or read with drop_bad_atoms (--drop-bad-atoms).");
  const StructureOptions drop{.model = 1, .chains = {}, .atom_records_only = false, .drop_bad_atoms = true};
  const ReadStructure got = read(text, drop);
  BOOST_TEST(got.report.bad == 1);
  BOOST_TEST(got.structure.atoms() == 4);
  BOOST_TEST(read(residue("GLY", 1, 0) + atom(" N  ", "ALA", 2, 2.8f, "N"), drop).report.emptied == 1);
}

BOOST_AUTO_TEST_CASE(files_without_protein) {
  BOOST_TEST(refused(atom(" P  ", "DA", 1, 0, "P") + atom(" P  ", "DG", 2, 9, "P")) ==
             "a.pdb: holds no protein: 2 nucleotides left out (2 atoms: DA 1, DG 1); a file with residues of a protein chain is "
             "needed.");
  BOOST_TEST(has(refused(atom(" O  ", "HOH", 1, 0, "O", "   H")), "a.pdb: holds no protein: 1 atom of water left out"));
  BOOST_TEST(has(refused(atom(" H  ", "GLY", 1, 0, "H")), "a.pdb: holds no protein: 1 hydrogen left out"));
}

// ---- shipped files and the published numbers ------------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(shipped_files) {
  const ReadStructure small = read_file(shipped + "2olx.cif");
  BOOST_TEST(small.structure.sequence() == "NNQQ");
  BOOST_TEST(small.structure.atoms() == 35);
  BOOST_TEST(small.report.summary() == "");
  const ReadStructure lysozyme = read_file(shipped + "103l.pdb.gz");
  BOOST_TEST(lysozyme.structure.residues() == 159);
  BOOST_TEST(lysozyme.structure.atoms() == 1270);
  BOOST_TEST(lysozyme.report.insertions == 3);
  const ReadStructure pair = read_file(shipped + "117e.pdb.gz");
  BOOST_TEST(pair.structure.residues() == 564);
  BOOST_TEST(pair.structure.atoms() == 4466);
  BOOST_TEST(pair.structure.chains.size() == 2u);
  BOOST_TEST(pair.report.missing_atoms == 42);
  const ReadStructure selenium = read_file(shipped + "1A8O.cif.gz");
  BOOST_TEST(selenium.structure.residues() == 70);
  BOOST_TEST(selenium.report.modified.text() == "MSE 4");
  const ReadStructure as_pdb = read_file(shipped + "1A8O.pdb.gz"); // the same entry in the other format
  BOOST_TEST((as_pdb.structure.positions == selenium.structure.positions && as_pdb.structure.names == selenium.structure.names &&
              as_pdb.structure.labels == selenium.structure.labels && as_pdb.report.summary() == selenium.report.summary()));
  BOOST_TEST(as_pdb.structure.b_factors == selenium.structure.b_factors, boost::test_tools::per_element());
  BOOST_TEST(as_pdb.structure.b_factor(0) == 18.03f);
  const ReadStructure models = read_file(shipped + "1AS5.cif.gz", {.model = 14, .chains = {}});
  BOOST_TEST(models.report.models == 14);
  BOOST_TEST(models.structure.sequence() == "HXXCCLYGKCRRYXGCSSASCCQR");
  BOOST_TEST(models.report.unknown.text() == "HYP 3");
  const ReadStructure predicted = read_file(shipped + "AF-V9WDR2-F1-model_v4.cif.gz");
  BOOST_TEST(predicted.structure.residues() == 152);
  BOOST_TEST(predicted.report.summary() == "");
}

BOOST_AUTO_TEST_CASE(published_arrays) {
  const Safetensors golden = Safetensors::open(PLEAT_TEST_DATA "/golden/graphs/graph_construction.safetensors");
  for (const auto& [key, file] : {std::pair{"2OLX.", "2olx.cif"}, {"1A8O.", "1A8O.pdb.gz"}, {"103L.", "103l.pdb.gz"}}) {
    const std::string name = key;
    const Structure s = read_file(shipped + file, {.model = 1, .chains = {}, .atom_records_only = true}).structure;
    const std::vector<float> positions = golden.read<float>(name + "node_position");
    const auto elements = golden.read<std::int64_t>(name + "atom_type"), names = golden.read<std::int64_t>(name + "atom_name"),
               residues = golden.read<std::int64_t>(name + "atom2residue"),
               types = golden.read<std::int64_t>(name + "residue_type"),
               numbers = golden.read<std::int64_t>(name + "residue_number");
    const std::span<const float> flat = flat_angstrom(s.positions);
    BOOST_TEST(positions == std::vector<float>(flat.begin(), flat.end()), boost::test_tools::per_element()); // the same bits
    BOOST_REQUIRE(elements.size() == s.elements.size());
    BOOST_REQUIRE(types.size() == s.types.size());
    bool same = true;
    for (std::size_t a = 0; a < elements.size(); ++a)
      same = same && elements[a] == s.elements[a] && names[a] == s.names[a] && residues[a] == s.atom_residues[a];
    for (std::size_t r = 0; r < types.size(); ++r) same = same && types[r] == s.types[r] && numbers[r] == s.labels[r].number;
    BOOST_TEST(same, file);
  }
  const Structure pair = read_file(shipped + "117e.pdb.gz").structure;
  const std::vector<float> alpha = golden.read<float>("117E.residue.ca_position");
  const auto chains = golden.read<std::int64_t>("117E.residue.chain_id");
  const std::vector<Index> carbons = pair.alpha_carbons();
  BOOST_REQUIRE(alpha.size() == 3 * carbons.size());
  bool same = true;
  for (std::size_t r = 0; r < carbons.size(); ++r) {
    const Position& p = pair.positions[static_cast<std::size_t>(carbons[r])];
    same = same && p == Position::angstrom(alpha[3 * r], alpha[3 * r + 1], alpha[3 * r + 2]) &&
           chains[r] == pair.residue_chains[r] + 1;
  }
  BOOST_TEST(same);
}

/// A larger collection, where there is one: a folder with index.tsv (file, models, chains, residues with a C-alpha per chain).
BOOST_AUTO_TEST_CASE(a_collection) {
  const char* folder = std::getenv("PLEAT_SHARED_STRUCTURES");
  if (folder == nullptr) {
    BOOST_TEST_MESSAGE("left out: PLEAT_SHARED_STRUCTURES is not set");
    return;
  }
  std::ifstream index(std::string(folder) + "/index.tsv");
  std::string line;
  Index files = 0;
  for (std::getline(index, line); std::getline(index, line); ++files) {
    std::stringstream fields(line);
    std::string file, models, chains, residues;
    std::getline(fields, file, '\t'), std::getline(fields, models, '\t'), std::getline(fields, chains, '\t'),
        std::getline(fields, residues, '\t');
    const ReadStructure got = read_file(std::string(folder) + "/" + file);
    std::string names, counts;
    for (const StructureChain& chain : got.structure.chains) {
      names += chain.name;
      Index with_alpha = 0;
      const std::vector<Index> carbons = got.structure.alpha_carbons();
      for (Index r = chain.first_residue; r < chain.end(); ++r) with_alpha += carbons[static_cast<std::size_t>(r)] >= 0;
      (counts += counts.empty() ? "" : ",") += std::to_string(with_alpha);
    }
    if (file.find("1AS5") != std::string::npos) residues = "24"; // the index leaves out its three hydroxyprolines
    BOOST_TEST((got.report.models == std::stol(models) && names == chains && counts == residues),
               file << ": " << names << " " << counts << ", the index has " << chains << " " << residues);
  }
  BOOST_TEST(files > 0);
}

BOOST_AUTO_TEST_SUITE_END()
