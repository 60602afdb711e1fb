#include <boost/test/unit_test.hpp>

#include "support/refusal.hpp"

#include <cstdlib>
#include <filesystem>
#include <pleat/data/atom3d.hpp>
#include <pleat/data/deepfri.hpp>
#include <pleat/data/skempi.hpp>
#include <pleat/data/structure_file.hpp>
#include <pleat/data/structure_parts.hpp>
#include <unistd.h>

using namespace pleat;

namespace {

const std::string shipped = PLEAT_TEST_DATA "/../examples/data/structures/";
Structure read(const std::string& file) { return read_structure(*open_input(shipped + file)).structure; }
using contract::refusal;
bool says(const std::string& message, const char* text) { return message.find(text) != std::string::npos; }

const std::string header = "table\tpdb\tpartners\tmutation\tddg_kcal_mol\tmode\tfiles\n";
MutationTable skempi(const std::string& rows) {
  const std::string text = header + rows;
  MemorySource source(text, "s.tsv");
  return read_skempi(source);
}
std::string skempi_refused(const std::string& rows) {
  return refusal([&] { skempi(rows); });
}
LabelSetTask ec(const std::string& text) {
  MemorySource source(text, "ec.csv");
  return load_label_set_task(source, "ec");
}
DeepfriAnnotations deepfri(const std::string& text) {
  MemorySource source(text, "annot.tsv");
  return read_deepfri(source);
}

} // namespace

BOOST_AUTO_TEST_SUITE(published_layouts)

BOOST_AUTO_TEST_CASE(skempi_rows) {
  const MutationTable table = skempi("S\t1A8O\tA_B\tA:D2A\t-1.25\tforward\ta.pdb b.pdb\n"
                                     "S\t1EZG\tA_B\tA:C3W\t0.5\tforward\tc.pdb\n"
                                     "S\t1A8O\tA_B\tA:I3V\t0\tforward\ta.pdb b.pdb\n");
  BOOST_TEST(table.complexes.size() == 2u);
  BOOST_TEST((table.complexes[0].files == std::vector<std::string>{"a.pdb", "b.pdb"}));
  BOOST_TEST((table.of(0) == std::vector<Index>{0, 2}));
  const Mutation& first = table.mutations[0];
  BOOST_TEST(first.chain == "A");
  BOOST_TEST(first.wild_type == 'D');
  BOOST_TEST(first.mutant == 'A');
  BOOST_TEST(first.position == 2);
  BOOST_TEST(first.ddg == -1.25);
  BOOST_TEST(first.line == 2);
  BOOST_TEST(!first.binds_tighter());
  BOOST_TEST(table.mutations[1].binds_tighter());
  BOOST_TEST(!table.mutations[2].binds_tighter());
  for (const char* bad : {"D2A", "A:D2", "A:2A", "A:D0A", "A:D-1A", "A:D2X", "A:B2A", "A:Dx2A"})
    BOOST_TEST(says(skempi_refused(std::string("S\tx\ty\t") + bad + "\t1\tf\ta\n"), "s.tsv:2: the mutation \""));
  BOOST_TEST(says(skempi_refused("S\tx\ty\tA:D2A\tnan\tf\ta\n"), "s.tsv:2: the energy \"nan\" is not a number."));
  BOOST_TEST(says(skempi_refused("S\tx\ty\tA:D2A\t1\tf\t\n"), "s.tsv:2: names no file"));
  BOOST_TEST(says(skempi_refused("S\tx\ty\tA:D2A\t1\tf\ta\nS\tx\ty\tA:D2A\t1\tf\tb\n"), "s.tsv:3: names other files"));
  BOOST_TEST(says(skempi_refused(""), "holds no mutation"));
}

BOOST_AUTO_TEST_CASE(skempi_sites) {
  const Structure s = read("1A8O.pdb.gz");
  const std::string sequence = s.sequence();
  const auto row = [&](Index position, char wild) {
    return "S\t1A8O\tA_B\tA:" + std::string(1, wild) + std::to_string(position) + "A\t1\tforward\ta\n";
  };
  for (const Index position : {Index{1}, Index{5}, s.residues()}) {
    const char wild = sequence[std::size_t(position - 1)];
    const MutationTable table = skempi(row(position, wild));
    BOOST_TEST(mutated_residue(table, table.mutations[0], s) == position - 1); // from 1, whatever the PDB calls it
    BOOST_TEST(s.labels[std::size_t(position - 1)].number != position);
  }
  const char other = sequence[4] == 'W' ? 'A' : 'W';
  const MutationTable wrong = skempi(row(5, other)), beyond = skempi(row(s.residues() + 1, 'A'));
  const std::string message = refusal([&] { mutated_residue(wrong, wrong.mutations[0], s); });
  BOOST_TEST(says(message, "s.tsv:2: residue 5 of chain A is A "));
  BOOST_TEST(says(message, ", not the wild type W of the mutation;"));
  BOOST_TEST(says(refusal([&] { mutated_residue(beyond, beyond.mutations[0], s); }), "has no residue 71 in a chain A"));
  const Structure parts[] = {read("1ezgA_native.pdb.gz"), s}; // a chain that comes back is counted through
  const Structure joined = join_structures({&parts[0], &parts[1]}, "both");
  BOOST_TEST(joined.residues() == parts[0].residues() + s.residues());
  BOOST_TEST(joined.sequence() == parts[0].sequence() + sequence);
  BOOST_TEST(joined.chains[1].first_residue == parts[0].residues());
  const MutationTable late = skempi(row(parts[0].residues() + 3, sequence[2]));
  BOOST_TEST(mutated_residue(late, late.mutations[0], joined) == parts[0].residues() + 2);

  const MutationTable folds = skempi("S\t1A22\tx\tA:D2A\t1\tf\ta\nS\t1PPF\tx\tA:D2A\t1\tf\tb\nS\t3SGB\tx\tA:D2A\t1\tf\tc\n");
  BOOST_TEST((mutation_folds(folds) == std::vector<int>{0, 1, 1}));
  BOOST_TEST(says(refusal([&] { mutation_folds(late); }), "fold 1 holds no mutation"));
}

BOOST_AUTO_TEST_CASE(enzyme_table) {
  const LabelSetTask task = ec("id,sequence,label,split\na,MKV,3.6.4.12;3.6.4.-,train\nb,MK,1.1.1.1,valid\nc,GG,3.6.4.-,test\n");
  BOOST_TEST((task.sets.classes == std::vector<std::string>{"1.1.1.1", "3.6.4.-", "3.6.4.12"}));
  BOOST_TEST((task.sets.labels == std::vector<std::vector<Index>>{{1, 2}, {0}, {1}}));
  BOOST_TEST((task.of(Split::Test) == std::vector<Index>{2}));
  const Index rows[] = {0, 2};
  BOOST_TEST((task.sets.matrix(rows) == std::vector<Index>{0, 1, 1, 0, 1, 0}));
  const std::string head = "id,sequence,label,split\n";
  BOOST_TEST(says(refusal([&] { ec(head + "a,,1,train\n"); }), "ec.csv:2: the sequence of \"a\" is empty."));
  BOOST_TEST(says(refusal([&] { ec(head + "a,M,,train\n"); }), "ec.csv:2: \"a\" has no label."));
  BOOST_TEST(says(refusal([&] { ec(head + "a,M,1;1,train\n"); }), "stands twice"));
  BOOST_TEST(says(refusal([&] { ec(head + "a,M,1;,train\n"); }), "end with a separator"));
  BOOST_TEST(says(refusal([&] { ec(head + "a,M,1,dev\n"); }), "the split \"dev\" is unknown"));
  BOOST_TEST(says(refusal([&] { ec(head + "a,M,1,train\n"); }), "has no row of the split valid."));
  MemorySource chains("file\tchain\tec\tevidence\nx.pdb\tE\t3.4.21.62;3.4.21.-\ty\nz.pdb\tA\t1.1.1.1\ty\n", "l.tsv");
  const LabelledChains labelled = read_labelled_chains(chains);
  BOOST_TEST((labelled.files == std::vector<std::string>{"x.pdb", "z.pdb"}));
  BOOST_TEST((labelled.sets.labels == std::vector<std::vector<Index>>{{1, 2}, {0}}));
}

BOOST_AUTO_TEST_CASE(deepfri_folder) {
  FileSource source(PLEAT_TEST_DATA "/golden/deepfri/small_EC_annot.tsv");
  const DeepfriAnnotations table = read_deepfri(source);
  BOOST_TEST((table.chains == std::vector<std::string>{"1EZG-A", "1A8O-A", "9XYZ-B"}));
  BOOST_TEST(table.ontologies.size() == 1u);
  BOOST_TEST(table.ontologies[0].name == "EC-numbers");
  BOOST_TEST((table.ontologies[0].sets.labels == std::vector<std::vector<Index>>{{0, 2}, {3}, {1}}));

  const std::string folder = (std::filesystem::temp_directory_path() / ("pleat_deepfri_" + std::to_string(::getpid()))).string();
  std::filesystem::create_directories(folder);
  std::filesystem::copy_file(shipped + "1A8O.cif.gz", folder + "/1A8O-A.cif.gz");
  std::filesystem::copy_file(shipped + "1ezgA_native.pdb.gz", folder + "/1ezg-A.pdb.gz"); // the code in small letters
  const AnnotatedStructures read = read_annotated_folder(folder, table);
  BOOST_TEST((read.chains == std::vector<std::string>{"1EZG-A", "1A8O-A"}));
  BOOST_TEST((read.missing == std::vector<std::string>{"9XYZ-B"}));
  BOOST_TEST((read.sets.labels == std::vector<std::vector<Index>>{{0, 2}, {3}}));
  BOOST_TEST(read.structures[0].structure.residues() == 82);
  BOOST_TEST(read.structures[1].structure.residues() == 70);
  std::filesystem::remove_all(folder);
  BOOST_TEST(says(refusal([&] { read_annotated_folder(folder, table); }), "holds no file of a chain of the annotation table"));
  BOOST_TEST(says(refusal([&] { read_annotated_folder(folder, table, 1); }), "number 1 is not one of them"));

  // GO tables have three ontologies and lines of names beside them.
  const DeepfriAnnotations go =
      deepfri("### GO-terms (molecular_function)\nGO:1\tGO:2\n### GO-names (molecular_function)\none\ttwo\n"
              "### GO-terms (cellular_component)\nGO:3\n### GO-names (cellular_component)\nthree\n"
              "### PDB-chain\tGO-terms (molecular_function)\tGO-terms (cellular_component)\n"
              "1ABC-A\tGO:2,GO:1\t\n2ABC-B\t\tGO:3\n");
  BOOST_TEST(go.ontologies.size() == 2u);
  BOOST_TEST((go.ontologies[0].sets.labels == std::vector<std::vector<Index>>{{0, 1}, {}}));
  BOOST_TEST((go.ontologies[1].sets.labels == std::vector<std::vector<Index>>{{}, {0}}));
  const std::string head = "### EC-numbers\n1\t2\n### PDB-chain\tEC-numbers\n";
  BOOST_TEST(says(refusal([&] { deepfri("a\t1\n"); }), "annot.tsv:1: \"a\t1\" stands before"));
  BOOST_TEST(
      says(refusal([&] { deepfri(head + "a\t3\n"); }), "annot.tsv:4: the class \"3\" of a is not in the list of EC-numbers."));
  BOOST_TEST(says(refusal([&] { deepfri(head + "a\t1,1\n"); }), "a has a class twice"));
  BOOST_TEST(says(refusal([&] { deepfri(head + "a\t1\t2\n"); }), "has 3 fields"));
  BOOST_TEST(says(refusal([&] { deepfri(head); }), "holds no chain"));
  BOOST_TEST(says(refusal([&] { deepfri("### EC-numbers\n1\t1\n"); }), "stands twice"));
  BOOST_TEST(says(refusal([&] { deepfri("### EC-numbers\n"); }), "the names of the classes of \"EC-numbers\" are missing"));
}

BOOST_AUTO_TEST_CASE(atom3d_items) {
  const Structure truth = read("2olx.cif");
  for (const char* format : {"json", "msgpack"}) {
    const Atom3dDataset data = Atom3dDataset::open(std::string(PLEAT_TEST_DATA "/golden/lmdb/") + format);
    BOOST_TEST(data.size() == 3);
    const Json decoy = data.item(1);
    BOOST_TEST(decoy.at("id").string() == "('T1', 'cut')");
    BOOST_TEST(decoy.at("scores").at("gdt_ts").number() == 0.25);
    const Json native = data.item(0), pair = data.item(2);
    BOOST_TEST(pair.at("label").string() == "1");
    const auto [s, report] = atom3d_structure(native.at("atoms"), "native");
    s.check();
    BOOST_TEST(s.sequence() == truth.sequence()); // the same as from the file itself
    BOOST_TEST((s.names == truth.names));
    BOOST_TEST((s.elements == truth.elements));
    BOOST_TEST((s.positions == truth.positions));
    BOOST_TEST(report.atoms_read() == report.atoms_in_file);
    const Structure moved = atom3d_structure(pair.at("mutated_atoms"), "moved").structure;
    BOOST_TEST(moved.atoms() == truth.atoms());
    BOOST_TEST(std::abs(moved.positions[0].x() - truth.positions[0].x() - 1) < 1e-4f);
    BOOST_TEST(says(refusal([&] { data.item(3); }), "item 3: there are the items 0 to 2."));
  }
  const std::string pickle = refusal([] { Atom3dDataset::open(PLEAT_TEST_DATA "/golden/lmdb/pickle"); });
  BOOST_TEST(says(pickle, "is packed with pickle, which is not read, since it runs code of the file;"));
  BOOST_TEST(says(pickle, "make_lmdb_dataset(d.load_dataset('OLD', 'lmdb'), 'NEW', serialization_format='json')"));
  BOOST_TEST(says(refusal([] { Atom3dDataset::open(PLEAT_TEST_DATA "/golden/lmdb/many"); }), "but no data set of ATOM3D"));
}

BOOST_AUTO_TEST_CASE(atom3d_tables) {
  const auto table = [](const char* row, const char* columns = nullptr) {
    return Json::parse(std::string("{\"columns\":") +
                       (columns != nullptr
                            ? columns
                            : "[\"model\",\"chain\",\"hetero\",\"insertion_code\",\"residue\",\"resname\",\"x\",\"y\","
                              "\"z\",\"element\",\"altloc\",\"name\"]") +
                       ",\"index\":[0],\"data\":[" + row + "]}");
  };
  const auto message = [&](const char* row, const char* columns = nullptr) {
    return refusal([&] { atom3d_structure(table(row, columns), "t"); });
  };
  const Structure s = atom3d_structure(table("[0,\"A\",\" \",\" \",7,\"ALA\",1,2.5,3,\"C\",\" \",\"CA\"],"
                                             "[1,\"A\",\" \",\" \",8,\"ALA\",1,2.5,9,\"C\",\" \",\"CA\"]"),
                                       "t")
                          .structure;
  BOOST_TEST(s.atoms() == 1); // the first model
  BOOST_TEST(s.labels[0].number == 7);
  BOOST_TEST(says(message("[0,\"A\"]"), "t, row 0: has not as many values as the table has columns."));
  BOOST_TEST(
      says(message("[0,\"A\",\" \",\" \",\"7\",\"ALA\",1,2,3,\"C\",\" \",\"CA\"]"), "t, row 0: its residue is no number."));
  BOOST_TEST(says(message("[0,1,\" \",\" \",7,\"ALA\",1,2,3,\"C\",\" \",\"CA\"]"), "t, row 0: chain is not a text."));
  BOOST_TEST(says(message("[0,\"A\",\" \",\" \",7,\"ALA\",\"x\",2,3,\"C\",\" \",\"CA\"]"), "t, row 0: x is not a number."));
  BOOST_TEST(says(message("[1]", "[\"chain\"]"), "t: the table of atoms has no column \"hetero\"."));
  BOOST_TEST(says(message(""), "t: its table holds no atom."));
  BOOST_TEST(says(refusal([&] { atom3d_structure(Json::parse("[]"), "t"); }), "t: is no table of atoms"));
}

BOOST_AUTO_TEST_SUITE_END()
