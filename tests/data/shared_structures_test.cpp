// Over a whole collection of structures, where the environment variable PLEAT_SHARED_STRUCTURES names its folder: how often the
// cap of 32 neighbours acts, and what observed pairs have in common. Nothing to do without it.
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <set>

#include <pleat/data/conformers.hpp>
#include <pleat/data/graph_batch.hpp>
#include <pleat/data/structure_file.hpp>
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

BOOST_AUTO_TEST_SUITE_END()
