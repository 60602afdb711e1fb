// Over the whole collection of structures, where the environment variable PLEAT_SHARED_STRUCTURES names its folder: how often the
// cap of 32 neighbours acts. Nothing to do without it.
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <set>

#include <pleat/data/graph_batch.hpp>
#include <pleat/io/gzip.hpp>

#include "support/structures.hpp"

using namespace pleat;
using namespace structures;

namespace {

// C-alphas of the first model of a PDB file whose records are ATOM only.
Arrays alpha_carbons_of(const std::string& path) {
  Arrays a;
  a.name = path;
  const auto source = open_input(path);
  std::string text, block(1 << 16, '\0'), last;
  for (Index got; (got = source->read(block.data(), Index(block.size()))) > 0;) text.append(block.data(), std::size_t(got));
  std::vector<char> chains;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const std::string line = text.substr(at, end - at);
    at = end + 1;
    if (line.rfind("ENDMDL", 0) == 0) break;
    if (line.rfind("ATOM", 0) != 0 || line.size() < 54 || line.substr(12, 4) != " CA ") continue;
    if (line[16] != ' ' && line[16] != 'A') continue;
    const auto chain = std::find(chains.begin(), chains.end(), line[21]);
    const auto number = std::int32_t(chain - chains.begin());
    if (chain == chains.end()) chains.push_back(line[21]);
    a.residue(int(residue_of_name(line.substr(17, 3))), number);
    a.atom(6, atom_ca, std::stod(line.substr(30, 8)), std::stod(line.substr(38, 8)), std::stod(line.substr(46, 8)));
  }
  return a;
}

} // namespace

BOOST_AUTO_TEST_SUITE(shared_structures)

BOOST_AUTO_TEST_CASE(cap_of_neighbours) {
  const char* const folder = std::getenv("PLEAT_SHARED_STRUCTURES");
  if (folder == nullptr) {
    BOOST_TEST_MESSAGE("PLEAT_SHARED_STRUCTURES is not set: nothing to count");
    return;
  }
  Index files = 0, capped_files = 0, residues = 0, capped = 0, one_way = 0, edges = 0;
  std::size_t most = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    const std::string path = entry.path().string();
    if (path.size() < 7 || path.compare(path.size() - 7, 7, ".pdb.gz") != 0) continue;
    const Arrays arrays = alpha_carbons_of(path);
    OwnedGraphs<ResidueGraph> graphs;
    const GraphCounts counts = graphs.add(arrays.source());
    ++files, capped_files += counts.capped > 0 ? 1 : 0, residues += counts.nodes, capped += counts.capped;
    const GraphTopology t = graphs.topology();
    std::set<std::pair<Index, Index>> radius;
    for (std::size_t e = 0; e < t.source.size(); ++e)
      if (t.relation[e] == 5) radius.insert({t.source[e], t.target[e]});
    for (const auto& [u, v] : radius) one_way += radius.count({v, u}) == 0 ? 1 : 0;
    edges += Index(radius.size());
    NeighbourSearch search(arrays.positions, 10);
    for (Index v = 0; v < search.size(); ++v) most = std::max(most, search.within(v, 10).size());
    BOOST_TEST((counts.capped > 0) == [&] {
      for (Index v = 0; v < search.size(); ++v)
        if (search.within(v, 10).size() > 32) return true;
      return false;
    }());
  }
  std::printf("%td files, %td with capped centres; %td residues, %td capped; %zu neighbours at most; %td of %td radius edges are "
              "one-way\n",
              files, capped_files, residues, capped, most, one_way, edges);
  BOOST_TEST(files > 1000);
  BOOST_TEST(capped_files > files / 10);
  BOOST_TEST(capped_files < files / 3);
}

BOOST_AUTO_TEST_SUITE_END()
