// Over a whole collection of structures, where the environment variable PLEAT_SHARED_STRUCTURES names its folder: how often the
// cap of 32 neighbours acts, and what observed pairs have in common. Nothing to do without it.
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <set>

#include <pleat/data/conformers.hpp>
#include <pleat/data/graph_batch.hpp>
#include <pleat/data/structure_file.hpp>
#include <pleat/data/structure_tasks/displacement.hpp>
#include <pleat/data/structure_tasks/interface_site.hpp>
#include <pleat/data/structure_tasks/pair_interface.hpp>
#include <pleat/data/structure_tasks/residue_site.hpp>
#include <pleat/io/gzip.hpp>

using namespace pleat;

namespace {

std::vector<std::string> files_of_collection() {
  std::vector<std::string> paths;
  const char* const folder = std::getenv("PLEAT_SHARED_STRUCTURES");
  if (folder == nullptr) {
    BOOST_TEST_MESSAGE("PLEAT_SHARED_STRUCTURES is not set: nothing to count");
    return paths;
  }
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder))
    if (const std::string path = entry.path().string(); path.size() > 7 && path.compare(path.size() - 7, 7, ".pdb.gz") == 0)
      paths.push_back(path);
  std::sort(paths.begin(), paths.end());
  return paths;
}

Structure read_file(const std::string& path) {
  const auto source = open_input(path);
  return read_structure(*source).structure;
}

struct CapCounts {
  Index files = 0, capped_files = 0, nodes = 0, capped = 0, one_way = 0, edges = 0;
  std::size_t most = 0;
};

// Edges by distance are those of relation `r`; `reach` is their cutoff.
template <class Graph> void count(CapCounts& all, const Structure& structure, Index r, double reach) {
  OwnedGraphs<Graph> graphs;
  const GraphCounts counts = graphs.add(graph_source(structure));
  const GraphTopology t = graphs.topology();
  ++all.files, all.capped_files += counts.capped > 0 ? 1 : 0, all.nodes += counts.nodes, all.capped += counts.capped;
  NeighbourSearch search(graphs.positions(), reach);
  Index crowded = 0;
  for (Index v = 0; v < search.size(); ++v) {
    const std::size_t neighbours = search.within(v, reach).size();
    all.most = std::max(all.most, neighbours), crowded += neighbours > 32 ? 1 : 0;
  }
  BOOST_TEST(crowded == counts.capped);
  std::set<std::pair<Index, Index>> edges;
  for (std::size_t e = 0; e < t.source.size(); ++e)
    if (t.relation[e] == r) edges.insert({t.source[e], t.target[e]});
  Index one_way = 0;
  for (const auto& [u, v] : edges) one_way += edges.count({v, u}) == 0 ? 1 : 0;
  if (counts.capped == 0) BOOST_TEST(one_way == 0);
  all.one_way += one_way, all.edges += Index(edges.size());
}

void print(const char* level, const CapCounts& c) {
  std::printf("%s: %td files, %td with capped centres; %td nodes, %td capped, %zu neighbours at most; %td of %td edges one-way\n",
              level, c.files, c.capped_files, c.nodes, c.capped, c.most, c.one_way, c.edges);
}

} // namespace

BOOST_AUTO_TEST_SUITE(shared_structures)

BOOST_AUTO_TEST_CASE(cap_of_neighbours) {
  const auto paths = files_of_collection();
  if (paths.empty()) return;
  CapCounts residues, atoms;
  for (const std::string& path : paths) {
    const Structure structure = read_file(path);
    count<ResidueGraph>(residues, structure, 5, 10.0);
    count<AtomGraph>(atoms, structure, 0, 4.5);
  }
  print("residues", residues), print("atoms", atoms);
  BOOST_TEST(residues.files > 1000);
  BOOST_TEST(residues.capped_files > residues.files / 10);
  BOOST_TEST(residues.capped_files < residues.files / 3);
}

// Unbound (_u) and bound (_b) forms of the docking benchmark, and the two states of adenylate kinase.
BOOST_AUTO_TEST_CASE(observed_pairs) {
  Index pairs = 0;
  double least = 1, sum = 0;
  for (const std::string& path : files_of_collection()) {
    const bool unbound = path.find("_u.pdb.gz") != std::string::npos, open = path.find("4AKE_open") != std::string::npos;
    if (!unbound && !open) continue;
    std::string other = path;
    if (unbound) other.replace(other.rfind("_u.pdb.gz"), 2, "_b");
    if (open) other.replace(other.rfind("4AKE_open"), 9, "1AKE_closed");
    const Structure first = read_file(path), second = read_file(other);
    const ConformerPair pair = match_conformers(first, second);
    pair.structure.check();
    const double share = double(pair.structure.atoms()) / double(std::min(first.atoms(), second.atoms()));
    ++pairs, sum += share, least = std::min(least, share);
    OwnedGraphs<ResidueGraph> graphs;
    const GraphSource source = graph_source(pair.structure);
    graphs.add(source);
    graphs.add(with_positions(source, Observed{flat_angstrom(pair.second)}.apply(source, {})));
    BOOST_TEST(graphs.topology().nodes.length(0) == graphs.topology().nodes.length(1));
  }
  if (pairs == 0) return;
  std::printf("%td observed pairs have %.0f %% of their atoms in common, at least %.0f %%\n", pairs, 100 * sum / double(pairs),
              100 * least);
  BOOST_TEST(pairs == 419);
  BOOST_TEST(sum / double(pairs) > 0.8);
}

// All complexes of the split: every builder takes every complex, and what they give holds together.
BOOST_AUTO_TEST_CASE(structure_tasks_of_all_complexes) {
  const char* const folder = std::getenv("PLEAT_SHARED_STRUCTURES");
  if (folder == nullptr) {
    BOOST_TEST_MESSAGE("PLEAT_SHARED_STRUCTURES is not set: no complexes to build tasks of");
    return;
  }
  FileSource table(PLEAT_TEST_DATA "/../examples/data/structure_split.tsv");
  const StructureSplit split = read_structure_split(table);
  const auto stored_source = open_input(PLEAT_TEST_DATA "/../examples/data/interface_pairs.tsv.gz");
  std::map<std::string, std::vector<StoredPair>> stored;
  for (StoredPair& row : read_residue_pairs(*stored_source)) stored[row.complex].push_back(std::move(row));
  Index sites = 0, complexes = 0, unbound = 0, residues = 0, refused = 0, same = 0;
  for (const StructureComplex& complex : structure_complexes(split)) {
    if (complex.group == "decoys") continue;
    const LoadedComplex loaded =
        load_complex(complex, [folder](const std::string& file) { return read_file(std::string(folder) + "/" + file); });
    for (std::size_t p = 0; p < loaded.bound.size(); ++p)
      for (const StructureChain& chain : loaded.bound[p].chains)
        BOOST_TEST(split.find(complex.bound[p], chain.name) >= 0, complex.name);
    sites += Index(residue_sites(loaded).size());
    if (loaded.bound.size() == 2) {
      ++complexes;
      BOOST_TEST((residue_pairs(loaded) == find_pairs(stored[complex.name], loaded)), complex.name); // never redrawn
    }
    if (loaded.unbound.size() != 2) continue;
    for (std::size_t p = 0; p < 2; ++p) {
      ++unbound;
      try {
        const Displacements moved = displacements(loaded, p);
        const InterfaceSites faces = interface_sites(loaded, p);
        residues += Index(moved.residues.size()), same += moved.same_form;
        BOOST_TEST(moved.same_form == faces.same_form);
        BOOST_TEST((moved.rmsd >= 0 && moved.rmsd < 40), complex.name); // domains swing about in 1BGX and 4FQI
        BOOST_TEST(std::count(faces.labels.begin(), faces.labels.end(), 1) > 0, complex.name);
        BOOST_TEST(faces.residues.size() + std::size_t(faces.left_out) == loaded.unbound[p].types.size(), complex.name);
      } catch (const Error& error) {
        std::printf("%s\n", error.what());
        ++refused;
      }
    }
  }
  std::printf("%td residue sites; %td complexes of two; %td unbound forms with %td residues, %td of them the bound form\n", sites,
              complexes, unbound, residues, same);
  BOOST_TEST((complexes == 361 && unbound == 418 && refused == 1 && same == 12)); // 1OPH_l is numbered otherwise when unbound
}

BOOST_AUTO_TEST_SUITE_END()
