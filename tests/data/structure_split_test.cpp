// The reader of the split, and what the stored table promises.
#include <boost/test/unit_test.hpp>

#include <map>
#include <set>
#include <string>

#include <pleat/data/structure_split.hpp>
#include <pleat/data/structure_tasks/complexes.hpp>
#include <pleat/io/byte_source.hpp>

using namespace pleat;

namespace {

StructureSplit read_text(const std::string& text) {
  MemorySource source(text, "split.tsv");
  return read_structure_split(source);
}
StructureSplit stored() {
  FileSource source(PLEAT_TEST_DATA "/../examples/data/structure_split.tsv");
  return read_structure_split(source);
}
auto says(const char* text) {
  return [text](const Error& e) { return std::string(e.what()).find(text) != std::string::npos; };
}
const std::string header = "file\tchain\tcluster\tcomponent\tsplit\n";

} // namespace

BOOST_AUTO_TEST_SUITE(structure_split)

BOOST_AUTO_TEST_CASE(reads_a_table) {
  const StructureSplit split =
      read_text(header + "b/y.pdb\tA\tc1\tk1\ttrain\nb/y.pdb\tB\tc2\tk1\ttrain\na/x.pdb\t\tc3\tk2\ttest\n");
  BOOST_TEST(split.chains.size() == 3u);
  BOOST_TEST((split.clusters == std::vector<std::string>{"c1", "c2", "c3"}));
  BOOST_TEST((split.components == std::vector<std::string>{"k1", "k2"}));
  BOOST_TEST(split.find("b/y.pdb", "B") == 1);
  BOOST_TEST(split.find("a/x.pdb", "") == 2);
  BOOST_TEST(split.find("a/x.pdb", "A") == -1);
  BOOST_TEST((split.of("a/x.pdb", "").split == Split::Test));
  BOOST_TEST((split.of_file("b/y.pdb") == std::vector<Index>{0, 1}));
  BOOST_TEST((split.files() == std::vector<std::string>{"a/x.pdb", "b/y.pdb"}));
  const SplitCounts train = count_split(split, Split::Train), valid = count_split(split, Split::Valid);
  BOOST_TEST((train.chains == 2 && train.clusters == 2 && train.components == 1));
  BOOST_TEST((valid.chains == 0 && valid.clusters == 0 && valid.components == 0));
  BOOST_CHECK_EXCEPTION(split.of("b/y.pdb", "C"), Error,
                        says("split.tsv: has no chain \"C\" of \"b/y.pdb\", only \"A\", \"B\"."));
  BOOST_CHECK_EXCEPTION(split.of("z.pdb", "A"), Error, says("split.tsv: has no file \"z.pdb\""));
}

BOOST_AUTO_TEST_CASE(refusals) {
  BOOST_CHECK_EXCEPTION(read_text(""), Error, says("split.tsv: is empty"));
  BOOST_CHECK_EXCEPTION(read_text(header), Error, says("lists no chain"));
  BOOST_CHECK_EXCEPTION(read_text("file\tchain\tcluster\tsplit\na\tA\tc\ttrain\n"), Error, says("\"component\" is missing"));
  BOOST_CHECK_EXCEPTION(read_text(header + "a\tA\tc1\tk1\tdev\n"), Error, says("split.tsv:2: the split \"dev\" is unknown"));
  BOOST_CHECK_EXCEPTION(read_text(header + "a\tA\tc1\tk1\n"), Error, says("split.tsv:2: the row has 4 fields"));
  BOOST_CHECK_EXCEPTION(read_text(header + "\tA\tc1\tk1\ttrain\n"), Error, says("split.tsv:2: the name of the file is empty"));
  BOOST_CHECK_EXCEPTION(read_text(header + "a\tA\tc1\tk1\ttrain\na\tA\tc1\tk1\ttrain\n"), Error,
                        says("split.tsv:3: the chain \"A\" of \"a\" comes twice"));
  BOOST_CHECK_EXCEPTION(read_text(header + "a\tA\tc1\tk1\ttrain\na\tB\tc2\tk1\ttest\n"), Error,
                        says("split.tsv:3: the component \"k1\" is in test here and in train in line 2"));
  BOOST_CHECK_EXCEPTION(read_text(header + "a\tA\tc1\tk1\ttrain\na\tB\tc1\tk2\ttrain\n"), Error,
                        says("split.tsv:3: the cluster \"c1\" is in the component \"k2\" here and in another in line 2"));
}

BOOST_AUTO_TEST_CASE(the_stored_table) {
  const StructureSplit split = stored(); // the reader refuses a component in two parts and a cluster in two components
  BOOST_TEST(split.chains.size() == 1225u);
  BOOST_TEST(split.files().size() == 1216u);
  std::map<Index, std::set<Split>> parts;
  for (const SplitChain& row : split.chains) parts[row.component].insert(row.split);
  for (const auto& [component, of] : parts) BOOST_TEST(of.size() == 1u);
  // Every complex lies in one component (structure_complexes refuses it else), and every one is whole.
  std::map<Split, Index> benchmark;
  std::map<std::string, Index> pairs;
  for (const StructureComplex& complex : structure_complexes(split)) {
    const bool two = complex.group == "unbound_bound" || complex.group == "dips_pairs" || complex.group == "bound_pairs";
    BOOST_TEST(complex.bound.size() == (two ? 2u : 1u), complex.name);
    BOOST_TEST(complex.unbound.size() == (complex.group == "unbound_bound" ? 2u : 0u), complex.name);
    if (complex.group == "unbound_bound") ++benchmark[complex.split];
    if (two) ++pairs[complex.group];
  }
  BOOST_TEST(benchmark[Split::Test] == 60);
  BOOST_TEST(benchmark[Split::Valid] == 20);
  BOOST_TEST(benchmark[Split::Train] == 129);
  BOOST_TEST((pairs["dips_pairs"] == 100 && pairs["bound_pairs"] == 52 && pairs["unbound_bound"] == 209));
  // The largest component trains.
  std::map<Index, Index> sizes;
  for (const SplitChain& row : split.chains) ++sizes[row.component];
  Index largest = 0;
  for (const auto& [component, size] : sizes)
    if (size > sizes[largest]) largest = component;
  BOOST_TEST((*parts[largest].begin() == Split::Train));
  // The counts that docs/structure_tasks.md states.
  const SplitCounts train = count_split(split, Split::Train), valid = count_split(split, Split::Valid),
                    test = count_split(split, Split::Test);
  BOOST_TEST((train.chains == 889 && train.clusters == 331 && train.components == 185));
  BOOST_TEST((valid.chains == 89 && valid.clusters == 32 && valid.components == 14));
  BOOST_TEST((test.chains == 247 && test.clusters == 90 && test.components == 31));
}

BOOST_AUTO_TEST_CASE(names_make_complexes) {
  const StructureSplit split =
      read_text(header + "unbound_bound/1ABC_l_b.pdb\tB\tc1\tk1\ttest\nunbound_bound/1ABC_l_u.pdb\tB\tc1\tk1\ttest\n"
                         "unbound_bound/1ABC_r_b.pdb\tA\tc2\tk1\ttest\nunbound_bound/1ABC_r_u.pdb\tA\tc2\tk1\ttest\n"
                         "dips_pairs/1XYZ_0-1_l.pdb\tA\tc3\tk2\ttrain\ndips_pairs/1XYZ_0-1_r.pdb\tB\tc3\tk2\ttrain\n"
                         "bound_pairs/2ABC_D.pdb\tD\tc4\tk3\ttrain\nbound_pairs/2ABC_AB.pdb\tA\tc4\tk3\ttrain\n"
                         "chains/alone.pdb\tA\tc5\tk4\tvalid\n");
  const auto complexes = structure_complexes(split);
  BOOST_TEST_REQUIRE(complexes.size() == 4u);
  BOOST_TEST((complexes[0].bound == std::vector<std::string>{"bound_pairs/2ABC_AB.pdb", "bound_pairs/2ABC_D.pdb"}));
  BOOST_TEST(complexes[1].name == "chains/alone.pdb");
  BOOST_TEST((complexes[2].bound == std::vector<std::string>{"dips_pairs/1XYZ_0-1_r.pdb", "dips_pairs/1XYZ_0-1_l.pdb"}));
  BOOST_TEST(complexes[3].name == "unbound_bound/1ABC");
  BOOST_TEST((complexes[3].bound == std::vector<std::string>{"unbound_bound/1ABC_r_b.pdb", "unbound_bound/1ABC_l_b.pdb"}));
  BOOST_TEST((complexes[3].unbound == std::vector<std::string>{"unbound_bound/1ABC_r_u.pdb", "unbound_bound/1ABC_l_u.pdb"}));
  BOOST_TEST((complexes[3].split == Split::Test && complexes[3].component == 0));

  const auto refused = [&](const std::string& rows) { return structure_complexes(read_text(header + rows)); };
  BOOST_CHECK_EXCEPTION(refused("dips_pairs/a_l.pdb\tA\tc1\tk1\ttrain\ndips_pairs/a_r.pdb\tA\tc2\tk2\ttest\n"), Error,
                        says("the files of dips_pairs/a lie in two components"));
  BOOST_CHECK_EXCEPTION(refused("unbound_bound/1ABC.pdb\tA\tc1\tk1\ttrain\n"), Error, says("end in _r_u, _r_b, _l_u or _l_b"));
  BOOST_CHECK_EXCEPTION(refused("bound_pairs/2A_B.pdb\tA\tc1\tk1\ttrain\nbound_pairs/2A_C.pdb\tA\tc1\tk1\ttrain\nbound_pairs/"
                                "2A_D.pdb\tA\tc1\tk1\ttrain\n"),
                        Error, says("more than two partners"));
}

BOOST_AUTO_TEST_SUITE_END()
