// The readers of PDB and mmCIF against those of gemmi (MPL-2.0), which pleat does not need otherwise.
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <gemmi/cif.hpp>
#include <gemmi/mmcif.hpp>
#include <gemmi/pdb.hpp>
#include <pleat/data/mmcif.hpp>
#include <pleat/data/pdb.hpp>
#include <pleat/data/structure_file.hpp>
#include <pleat/io/gzip.hpp>
#include <tuple>

namespace {

/// Chain, number, insertion, residue, atom, alternate, hetero, position, element.
using Row = std::tuple<std::string, int, char, std::string, std::string, char, bool, float, float, float, int>;

std::string text_of(const std::string& path) {
  const auto source = pleat::open_input(path);
  std::string text;
  char block[1 << 16];
  for (pleat::Index count; (count = source->read(block, sizeof block)) > 0;) text.append(block, static_cast<std::size_t>(count));
  return text;
}
std::vector<Row> rows_of_pleat(const std::string& text, bool cif) {
  const pleat::AtomTable table = cif ? pleat::read_mmcif_atoms(text, "file") : pleat::read_pdb_atoms(text, "file");
  std::vector<Row> rows;
  for (const pleat::AtomRecord& a : table.atoms)
    rows.emplace_back(a.chain, a.number, a.insertion, a.residue, a.name, a.alternate, a.hetero, a.x, a.y, a.z, a.element);
  std::sort(rows.begin(), rows.end());
  return rows;
}
std::vector<Row> rows_of_gemmi(const std::string& text, bool cif) {
  const gemmi::Structure structure = cif ? gemmi::make_structure(gemmi::cif::read_memory(text.data(), text.size(), "file"))
                                         : gemmi::read_pdb_from_memory(text.data(), text.size(), "file");
  std::vector<Row> rows;
  for (const gemmi::Chain& chain : structure.models.at(0).chains)
    for (const gemmi::Residue& residue : chain.residues)
      for (const gemmi::Atom& atom : residue.atoms)
        rows.emplace_back(chain.name, *residue.seqid.num, residue.seqid.icode, residue.name, atom.name,
                          atom.altloc == '\0' ? ' ' : atom.altloc, residue.het_flag == 'H', static_cast<float>(atom.pos.x),
                          static_cast<float>(atom.pos.y), static_cast<float>(atom.pos.z),
                          atom.element == gemmi::El::D ? 1 : atom.element.ordinal());
  std::sort(rows.begin(), rows.end());
  return rows;
}
void compare_folder(const std::string& folder) {
  pleat::Index files = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    const std::string path = entry.path().string();
    const bool cif = path.find(".cif") != std::string::npos;
    if (!cif && path.find(".pdb") == std::string::npos) continue;
    const std::string text = text_of(path);
    std::vector<Row> ours = rows_of_pleat(text, cif);
    const std::vector<Row> theirs = rows_of_gemmi(text, cif);
    BOOST_TEST(ours.size() == theirs.size(), path);
    std::size_t differ = 0;
    for (std::size_t i = 0; i < (std::min)(ours.size(), theirs.size()); ++i) {
      if (std::get<10>(theirs[i]) == 0) std::get<10>(ours[i]) = 0; // no element column: pleat reads the name
      differ += ours[i] != theirs[i];
    }
    BOOST_TEST(differ == 0u, path << ": " << differ << " of " << ours.size() << " atoms differ");
    ++files;
  }
  BOOST_TEST(files > 0);
}

} // namespace

BOOST_AUTO_TEST_SUITE(gemmi_reads_the_same)

BOOST_AUTO_TEST_CASE(shipped) { compare_folder(PLEAT_TEST_DATA "/../examples/data/structures"); }

BOOST_AUTO_TEST_CASE(a_collection) {
  if (const char* folder = std::getenv("PLEAT_SHARED_STRUCTURES")) compare_folder(folder);
}

BOOST_AUTO_TEST_SUITE_END()
