#include <boost/test/unit_test.hpp>

#include <array>
#include <ctime>
#include <map>
#include <set>
#include <tuple>

#include <pleat/data/graph_batch.hpp>
#include <pleat/data/structure_file.hpp>
#include <pleat/io/gzip.hpp>

#include "support/structures.hpp"

using namespace pleat;
using namespace structures;

namespace {

Safetensors golden(const std::string& name) { return Safetensors::open(PLEAT_TEST_DATA "/golden/" + name); }

using Edge3 = std::array<std::int64_t, 3>; // source, target, relation

std::vector<Edge3> edges_by_source(const GraphTopology& t) {
  std::vector<Edge3> edges;
  for (const std::int32_t e : t.leaving)
    edges.push_back({t.source[std::size_t(e)], t.target[std::size_t(e)], t.relation[std::size_t(e)]});
  return edges;
}

std::vector<Edge3> golden_edges(const Safetensors& file, const std::string& name) {
  const auto flat = file.read<std::int64_t>(name);
  const auto columns = std::size_t(file.shape(name)[1]);
  std::vector<Edge3> edges;
  for (std::size_t e = 0; e < flat.size(); e += columns) edges.push_back({flat[e], flat[e + 1], columns == 3 ? flat[e + 2] : 0});
  return edges;
}

double distance(const GraphBatch& b, Index u, Index v) {
  double sum = 0;
  for (Index c = 0; c < 3; ++c) {
    const double d = double(b.positions[std::size_t(3 * u + c)]) - double(b.positions[std::size_t(3 * v + c)]);
    sum += d * d;
  }
  return std::sqrt(sum);
}

// Everything core/graph.hpp says about the arrays.
void check_topology(const GraphBatch& batch) {
  const GraphTopology& t = batch.topology;
  const Index nodes = t.node_count(), edges = t.edge_count(), relations = t.relations;
  BOOST_REQUIRE_EQUAL(t.incoming.size(), std::size_t(nodes * relations + 1));
  BOOST_REQUIRE_EQUAL(t.outgoing.size(), std::size_t(nodes + 1));
  BOOST_REQUIRE_EQUAL(t.arcs.size(), std::size_t(nodes + 1));
  BOOST_REQUIRE_EQUAL(t.leaving.size(), std::size_t(edges));
  BOOST_REQUIRE_EQUAL(t.pair.size(), std::size_t(edges));
  std::vector<std::tuple<int, int, int>> by_target, by_source;
  bool ranges = true, pairs = true, counts = true;
  for (Index e = 0; e < edges; ++e) {
    const auto i = std::size_t(e);
    by_target.emplace_back(t.target[i], t.relation[i], t.source[i]);
    const auto cell = std::size_t(t.target[i] * relations + t.relation[i]);
    ranges = ranges && t.incoming[cell] <= e && e < t.incoming[cell + 1];
    const int low = std::min(t.source[i], t.target[i]), high = std::max(t.source[i], t.target[i]);
    pairs = pairs && (low == high ? t.pair[i] == -1
                                  : t.pair[i] >= 0 && t.pair_first[std::size_t(t.pair[i])] == low &&
                                        t.pair_second[std::size_t(t.pair[i])] == high);
  }
  for (Index v = 0; v < nodes; ++v) {
    for (Index k = t.outgoing[std::size_t(v)]; k < t.outgoing[std::size_t(v) + 1]; ++k) {
      const auto e = std::size_t(t.leaving[std::size_t(k)]);
      counts = counts && t.source[e] == v;
      by_source.emplace_back(t.source[e], t.target[e], t.relation[e]);
    }
    const Index out = t.outgoing[std::size_t(v) + 1] - t.outgoing[std::size_t(v)];
    counts = counts && t.arcs[std::size_t(v) + 1] - t.arcs[std::size_t(v)] == (t.in_end(v) - t.in_begin(v)) * out;
  }
  BOOST_TEST(ranges);
  BOOST_TEST(pairs);
  BOOST_TEST(counts);
  BOOST_TEST(std::is_sorted(by_target.begin(), by_target.end()));
  BOOST_TEST(std::is_sorted(by_source.begin(), by_source.end()));
  BOOST_TEST((std::adjacent_find(by_target.begin(), by_target.end()) == by_target.end()));
  std::vector<std::pair<int, int>> listed;
  for (std::size_t p = 0; p < t.pair_first.size(); ++p) listed.emplace_back(t.pair_first[p], t.pair_second[p]);
  BOOST_TEST(std::is_sorted(listed.begin(), listed.end()));
  std::set<std::pair<int, int>> met;
  for (std::size_t e = 0; e < t.pair.size(); ++e)
    if (t.pair[e] >= 0) met.insert(listed[std::size_t(t.pair[e])]);
  BOOST_TEST(met.size() == listed.size());
  BOOST_TEST(batch.positions.size() == std::size_t(3 * nodes));
  BOOST_TEST(batch.records.size() == std::size_t(t.graphs()));
}

std::vector<Index> per_relation(const GraphTopology& t) {
  std::vector<Index> counts(std::size_t(t.relations), 0);
  for (auto r : t.relation) ++counts[r];
  return counts;
}

} // namespace

BOOST_AUTO_TEST_SUITE(graph_batch)

// Edge lists, distances, separations and whole features of the published graph construction.
BOOST_AUTO_TEST_CASE(residue_graphs_of_the_published_code) {
  const auto file = golden("graphs/graph_construction.safetensors");
  const std::map<std::string, std::array<Index, 6>> expected = {// nodes, sequential, radius, nearest, edges, arcs
                                                                {"2OLX", {4, 14, 0, 0, 14, 50}},
                                                                {"1A8O", {66, 324, 412, 201, 937, 14757}},
                                                                {"103L", {159, 789, 1460, 489, 2738, 51759}},
                                                                {"117E", {564, 2808, 6846, 2608, 12262, 300223}}};
  for (const auto& [name, counts] : expected) {
    BOOST_TEST_CONTEXT(name) {
      const std::string prefix = name + ".residue.";
      const auto ca = file.read<float>(prefix + "ca_position");
      const auto types = file.read<std::int64_t>(prefix + "residue_type"), chains = file.read<std::int64_t>(prefix + "chain_id");
      Arrays arrays = alpha_carbons(ca, types, chains, 0, types.size());
      if (file.contains(name + ".atom_name")) arrays = read_atoms(file, name + "."); // C-alphas among all atoms
      OwnedGraphs<ResidueGraph> graphs;
      const GraphCounts got = graphs.add(arrays.source(), 5);
      const GraphBatch batch = graphs.view();
      const GraphTopology& t = batch.topology;
      check_topology(batch);
      BOOST_TEST(got.nodes == counts[0]);
      BOOST_TEST(got.edges == counts[4]);
      BOOST_TEST(got.arcs == counts[5]);
      BOOST_TEST(got.capped == 0);
      BOOST_TEST(got.left_out == arrays.atoms() - counts[0]);
      BOOST_TEST(t.arc_count() == counts[5]);
      const auto relations = per_relation(t);
      BOOST_TEST(relations[0] + relations[1] + relations[2] + relations[3] + relations[4] == counts[1]);
      BOOST_TEST(relations[5] == counts[2]);
      BOOST_TEST(relations[6] == counts[3]);
      BOOST_TEST((edges_by_source(t) == golden_edges(file, prefix + "edges")));
      BOOST_TEST((std::vector<float>(batch.positions.begin(), batch.positions.end()) == ca));
      if (name == "103L") BOOST_TEST(got.pairs == 1051);
      if (name == "117E") BOOST_TEST(got.pairs == 4582);

      const auto distances = file.read<double>(prefix + "edge_distance");
      std::vector<double> features;
      if (file.contains(prefix + "edge_feature")) features = file.read<double>(prefix + "edge_feature");
      std::vector<std::int64_t> separations;
      if (file.contains(prefix + "edge_sequence_distance"))
        separations = file.read<std::int64_t>(prefix + "edge_sequence_distance");
      double worst = 0;
      bool same_features = true, same_separations = true;
      for (std::size_t k = 0; k < distances.size(); ++k) {
        const auto e = std::size_t(t.leaving[k]);
        worst = std::max(worst, std::abs(distances[k] - distance(batch, t.source[e], t.target[e])));
        const std::int32_t* columns = batch.edge_columns.data() + 4 * e;
        if (!separations.empty()) same_separations = same_separations && columns[3] == 47 + separations[k];
        if (features.empty()) continue;
        std::vector<double> row(59, 0.0);
        for (int c = 0; c < 4; ++c) row[std::size_t(columns[c])] += 1;
        for (std::size_t c = 0; c < 58; ++c) same_features = same_features && row[c] == features[59 * k + c];
      }
      BOOST_TEST(worst < 1e-5);
      BOOST_TEST(same_features);
      BOOST_TEST(same_separations);
      bool same_nodes = true;
      for (std::size_t v = 0; v < types.size(); ++v) same_nodes = same_nodes && batch.node_columns[v] == types[v];
      BOOST_TEST(same_nodes);
    }
  }
}

BOOST_AUTO_TEST_CASE(atom_graphs_of_the_published_code) {
  const auto file = golden("graphs/graph_construction.safetensors");
  const std::map<std::string, std::array<Index, 3>> expected = {
      {"2OLX", {35, 320, 3262}}, {"1A8O", {524, 8222, 145750}}, {"103L", {1270, 21600, 404852}}};
  for (const auto& [name, counts] : expected) {
    BOOST_TEST_CONTEXT(name) {
      const Arrays arrays = read_atoms(file, name + ".");
      const std::string prefix = name + ".atom.";
      OwnedGraphs<AtomGraph> graphs;
      const GraphCounts got = graphs.add(arrays.source());
      const GraphBatch batch = graphs.view();
      const GraphTopology& t = batch.topology;
      check_topology(batch);
      BOOST_TEST(got.nodes == counts[0]);
      BOOST_TEST(got.edges == counts[1]);
      BOOST_TEST(got.pairs == counts[1] / 2);
      BOOST_TEST(got.arcs == counts[2]);
      if (file.contains(prefix + "edges")) {
        BOOST_TEST((edges_by_source(t) == golden_edges(file, prefix + "edges")));
        const auto distances = file.read<double>(prefix + "edge_distance");
        double worst = 0;
        for (std::size_t k = 0; k < distances.size(); ++k) {
          const auto e = std::size_t(t.leaving[k]);
          worst = std::max(worst, std::abs(distances[k] - distance(batch, t.source[e], t.target[e])));
        }
        BOOST_TEST(worst < 1e-5);
      }
      if (file.contains(prefix + "edge_feature")) {
        const auto features = file.read<double>(prefix + "edge_feature");
        bool same = true;
        for (std::size_t k = 0; k < t.leaving.size(); ++k) {
          std::vector<double> row(53, 0.0);
          for (int c = 0; c < 4; ++c) row[std::size_t(batch.edge_columns[std::size_t(4 * t.leaving[k] + c)])] += 1;
          for (std::size_t c = 0; c < 52; ++c) same = same && row[c] == features[53 * k + c];
        }
        BOOST_TEST(same);
      }
      if (file.contains(prefix + "out_degree")) {
        const auto degrees = file.read<std::int64_t>(prefix + "out_degree"),
                   sums = file.read<std::int64_t>(prefix + "neighbour_index_sum");
        const auto lengths = file.read<double>(prefix + "neighbour_distance_sum");
        for (Index v = 0; v < t.node_count(); ++v) {
          std::int64_t degree = 0, sum = 0;
          double length = 0;
          for (Index k = t.outgoing[std::size_t(v)]; k < t.outgoing[std::size_t(v) + 1]; ++k) {
            const Index u = t.target[std::size_t(t.leaving[std::size_t(k)])];
            ++degree, sum += u, length += distance(batch, u, v);
          }
          if (degree != degrees[std::size_t(v)] || sum != sums[std::size_t(v)] ||
              std::abs(length - lengths[std::size_t(v)]) > 1e-4)
            BOOST_ERROR("neighbours of atom " << v << " differ");
        }
      }
    }
  }
}

// The batch that the published encoder was run on: three graphs, numbers through the batch, one-hot columns.
BOOST_AUTO_TEST_CASE(batches_of_the_published_encoder) {
  for (const std::string name : {"gearnet_residue", "gearnet_residue_batch"}) {
    const auto file = golden("gearnet/" + name + ".safetensors");
    const auto ca = file.read<float>("node_position");
    const auto types = file.read<std::int64_t>("residue_type"), chains = file.read<std::int64_t>("chain_id");
    const auto graph = file.read<std::int64_t>("node2graph");
    OwnedGraphs<ResidueGraph> graphs;
    for (std::size_t begin = 0, end = 0; begin < graph.size(); begin = end) {
      while (end < graph.size() && graph[end] == graph[begin]) ++end;
      graphs.add(alpha_carbons(ca, types, chains, begin, end).source(), std::uint32_t(begin));
    }
    const GraphBatch batch = graphs.view();
    check_topology(batch);
    BOOST_TEST((edges_by_source(batch.topology) == golden_edges(file, "edges")));
    const auto columns = file.read<std::int64_t>("edge_onehot_columns");
    const auto input = file.read<double>("node_input");
    bool same = true;
    for (std::size_t k = 0; k < batch.topology.leaving.size(); ++k)
      for (std::size_t c = 0; c < 4; ++c)
        same = same && batch.edge_columns[4 * std::size_t(batch.topology.leaving[k]) + c] == columns[4 * k + c];
    for (std::size_t v = 0; v < types.size(); ++v) same = same && input[21 * v + std::size_t(batch.node_columns[v])] == 1;
    BOOST_TEST(same);
    require_level<ResidueGraph>(batch);
    BOOST_CHECK_THROW(require_level<AtomGraph>(batch), Error);
  }
  const auto file = golden("gearnet/gearnet_atom.safetensors");
  OwnedGraphs<AtomGraph> graphs;
  graphs.add(read_atoms(file, "").source());
  const GraphBatch batch = graphs.view();
  check_topology(batch);
  BOOST_TEST((edges_by_source(batch.topology) == golden_edges(file, "edges")));
  const auto columns = file.read<std::int64_t>("edge_onehot_columns");
  const auto input = file.read<double>("node_input");
  bool same = true;
  for (std::size_t k = 0; k < batch.topology.leaving.size(); ++k) {
    const std::int32_t* mine = batch.edge_columns.data() + 4 * std::size_t(batch.topology.leaving[k]);
    same = same && mine[0] == columns[3 * k] && mine[1] == columns[3 * k + 1] && mine[2] == 40 && mine[3] == columns[3 * k + 2];
  }
  for (std::size_t v = 0; v < batch.positions.size() / 3; ++v)
    for (std::size_t c = 0; c < 2; ++c) same = same && input[39 * v + std::size_t(batch.node_columns[2 * v + c])] == 1;
  BOOST_TEST(same);
}

// 5 n - 6 sequential edges a chain, kinds mirrored; spatial edges both ways where no cap acts; at most 10 nearest.
BOOST_AUTO_TEST_CASE(properties) {
  for (const std::int32_t chains : {1, 3}) {
    const Arrays arrays = cloud(150, 45, 21, chains);
    OwnedGraphs<ResidueGraph> graphs;
    BOOST_TEST(graphs.add(arrays.source()).capped == 0);
    const GraphBatch batch = graphs.view();
    check_topology(batch);
    const GraphTopology& t = batch.topology;
    const auto counts = per_relation(t);
    BOOST_TEST(counts[0] + counts[1] + counts[2] + counts[3] + counts[4] == 5 * 150 - 6 * chains);
    BOOST_TEST(counts[2] == 150);
    std::set<Edge3> edges;
    for (const Edge3& e : edges_by_source(t)) edges.insert(e);
    for (const auto& [u, v, r] : edges) {
      if (r < 5) {
        BOOST_TEST(r == v - u + 2);
        BOOST_TEST((edges.count({v, u, 4 - r}) == 1));
      } else {
        BOOST_TEST(std::abs(u - v) >= 5);
      }
      if (r == 5) {
        BOOST_TEST((edges.count({v, u, 5}) == 1));
        BOOST_TEST(distance(batch, u, v) < 10);
      }
    }
    for (Index v = 0; v < 150; ++v) BOOST_TEST(t.incoming[std::size_t(7 * v + 7)] - t.incoming[std::size_t(7 * v + 6)] <= 10);
  }
}

// Structures one after another have the graphs they have alone.
BOOST_AUTO_TEST_CASE(batching) {
  const Arrays a = cloud(40, 20, 1), b = helix(30), c = cloud(25, 9, 2);
  OwnedGraphs<ResidueGraph> all;
  Index first_node = 0, first_edge = 0, first_pair = 0;
  for (const Arrays* one : {&a, &b, &c}) all.add(one->source(), 7);
  check_topology(all.view());
  for (const Arrays* one : {&a, &b, &c}) {
    OwnedGraphs<ResidueGraph> alone;
    const GraphCounts counts = alone.add(one->source());
    const GraphBatch x = alone.view(), y = all.view();
    bool same = true;
    for (Index e = 0; e < counts.edges; ++e) {
      const auto i = std::size_t(e), j = std::size_t(first_edge + e);
      same = same && y.topology.source[j] == first_node + x.topology.source[i] &&
             y.topology.target[j] == first_node + x.topology.target[i] && y.topology.relation[j] == x.topology.relation[i] &&
             y.topology.leaving[j] == first_edge + x.topology.leaving[i] &&
             y.topology.pair[j] == (x.topology.pair[i] < 0 ? -1 : first_pair + x.topology.pair[i]);
      for (std::size_t k = 0; k < 4; ++k) same = same && y.edge_columns[4 * j + k] == x.edge_columns[4 * i + k];
    }
    BOOST_TEST(same);
    first_node += counts.nodes, first_edge += counts.edges, first_pair += counts.pairs;
  }
  BOOST_TEST(all.edge_count() == first_edge);
  BOOST_TEST(
      (std::vector<std::uint32_t>(all.view().records.begin(), all.view().records.end()) == std::vector<std::uint32_t>(3, 7)));
  all.clear();
  BOOST_TEST(all.view().topology.graphs() == 0);
  BOOST_TEST(all.view().topology.arc_count() == 0);
}

// A crowd: centres have more than 32 neighbours, keep the nearest, and some edges are one-way.
BOOST_AUTO_TEST_CASE(cap_of_neighbours) {
  const Arrays arrays = cloud(300, 25, 5);
  OwnedGraphs<ResidueGraph> graphs;
  const GraphCounts counts = graphs.add(arrays.source());
  const GraphBatch batch = graphs.view();
  const GraphTopology& t = batch.topology;
  check_topology(batch);
  BOOST_TEST(counts.capped > 100);
  std::set<std::pair<Index, Index>> edges;
  Index one_way = 0, capped = 0;
  for (Index v = 0; v < 300; ++v) {
    std::vector<std::pair<double, Index>> nearer;
    for (Index u = 0; u < 300; ++u)
      if (u != v && distance(batch, u, v) < 10) nearer.push_back({distance(batch, u, v), u});
    std::sort(nearer.begin(), nearer.end());
    if (nearer.size() > 32) ++capped, nearer.resize(32);
    std::set<Index> expected, got; // the cap first, then the filter by sequence
    for (const auto& [d, u] : nearer)
      if (std::abs(u - v) >= 5) expected.insert(u);
    for (Index e = t.incoming[std::size_t(7 * v + 5)]; e < t.incoming[std::size_t(7 * v + 6)]; ++e) {
      got.insert(t.source[std::size_t(e)]);
      edges.insert({t.source[std::size_t(e)], v});
    }
    BOOST_TEST((got == expected));
  }
  for (const auto& [u, v] : edges) one_way += edges.count({v, u}) == 0 ? 1 : 0;
  BOOST_TEST(one_way > 50);
  BOOST_TEST(counts.capped == capped);
}

namespace {

// A graph of one's own: beta carbons (alpha in glycine), two kinds of edges by distance and one to the next in the chain.
struct Contacts {
  static constexpr const char* name = "contact graph";
  struct Node {};
  using Families = EdgeFamilies<Radius<6.0, 3>, Radius<8.0, 3, 5>, Sequential<0>>;
  static constexpr Index relations = 3, node_features = 4, node_columns = 1, edge_features = 5, edge_columns = 1;
  static void choose(const GraphSource& s, std::vector<std::int32_t>& atoms) {
    for (Index i = 0; i < s.atoms(); ++i) {
      const bool glycine = s.residue_type[std::size_t(s.residue_of(i))] == 0;
      if (s.name_of(i) == (glycine ? atom_ca : atom_cb)) atoms.push_back(std::int32_t(i));
    }
  }
  static void describe_node(const GraphSource&, const GraphNodes& nodes, Index v, std::int32_t* to) {
    to[0] = nodes.residue[std::size_t(v)] % 4;
  }
  static void describe_edge(const GraphNodes&, Index, Index, Index r, std::int32_t* to) { to[0] = std::int32_t(r); }
};

} // namespace

BOOST_AUTO_TEST_CASE(a_graph_of_ones_own) {
  const auto file = golden("graphs/graph_construction.safetensors");
  OwnedGraphs<Contacts> graphs;
  const GraphCounts counts = graphs.add(read_atoms(file, "103L.").source());
  const GraphBatch batch = graphs.view();
  check_topology(batch);
  BOOST_TEST(counts.nodes == 159);
  const auto edges = per_relation(batch.topology);
  BOOST_TEST(edges[2] == 159);
  BOOST_TEST((edges[0] > 0 && edges[1] > edges[0] && edges[1] <= 5 * 159));
  BOOST_TEST(batch.edge_columns.size() == std::size_t(counts.edges));
  require_level<Contacts>(batch);
}

namespace {

struct Stray { // a family that joins what is not there
  static constexpr Index relations = 1;
  static constexpr double reach = 0;
  template <class Join> static void into(EdgeSearch& search, Index, Join&& join) { join(search.nodes.size(), 0); }
};
struct Strays : ResidueGraph {
  using Families = EdgeFamilies<Sequential<2>, Radius<10.0, 5>, Stray>;
};

} // namespace

BOOST_AUTO_TEST_CASE(odd_families) {
  OwnedGraphs<Strays> graphs;
  BOOST_CHECK_THROW(graphs.add(helix(4).source()), Error);
  graphs.clear();
  BOOST_TEST(graphs.node_count() == 0);
}

BOOST_AUTO_TEST_CASE(odd_structures) {
  OwnedGraphs<ResidueGraph> residues;
  OwnedGraphs<AtomGraph> atoms;
  const auto refused = [&](const GraphSource& s, const std::string& word) {
    try {
      residues.add(s);
      BOOST_ERROR("no error about " << word);
    } catch (const Error& error) {
      BOOST_TEST(std::string(error.what()).find(word) != std::string::npos, error.what());
    }
    BOOST_TEST(residues.graphs() == 0);
  };
  refused({}, "empty");
  Arrays no_alpha;
  no_alpha.residue(3, 0), no_alpha.atom(7, atom_n, 0, 0, 0), no_alpha.atom(6, atom_c, 1.4, 0, 0);
  refused(no_alpha.source(), "C-alpha");
  BOOST_TEST(atoms.add(no_alpha.source()).edges == 2);
  Arrays calcium = no_alpha; // an ion is no C-alpha
  calcium.atom(20, atom_ca, 3, 0, 0);
  refused(calcium.source(), "C-alpha");
  Arrays lost = helix(5);
  lost.positions[7] = NAN;
  refused(lost.source(), "residue 2");
  lost.positions[7] = 1e8f;
  refused(lost.source(), "coordinate");
  Arrays wrong = helix(5);
  wrong.chain.pop_back();
  refused(wrong.source(), "chain numbers");
  wrong = helix(5), wrong.atom_residue[3] = 1;
  refused(wrong.source(), "sort the atoms");
  wrong = helix(5), wrong.residue_type[1] = 21;
  refused(wrong.source(), "type 21");
  wrong = helix(5), wrong.atom_name[1] = 38;
  refused(wrong.source(), "name number");

  // A residue of one: joined to itself. Without its C-alpha a residue has no node, and the others close up.
  const GraphCounts one = residues.add(helix(1).source());
  BOOST_TEST(one.nodes == 1);
  BOOST_TEST(one.edges == 1);
  BOOST_TEST(one.pairs == 0);
  BOOST_TEST(one.arcs == 1);
  Arrays gap = helix(8);
  gap.atom_name[3] = atom_cb;
  OwnedGraphs<ResidueGraph> closed;
  const GraphCounts counts = closed.add(gap.source());
  BOOST_TEST(counts.nodes == 7);
  BOOST_TEST(counts.residues_without == 1);
  BOOST_TEST(per_relation(closed.topology())[3] == 6);
  check_topology(closed.view());

  // Two atoms at one place are nodes, but no neighbours.
  Arrays twin = no_alpha;
  twin.atom(8, atom_o, 1.4, 0, 0);
  OwnedGraphs<AtomGraph> twins;
  BOOST_TEST(twins.add(twin.source()).edges == 4);
  check_topology(twins.view());

  // Hydrogens and heavy elements have no node in an atom graph; unknown residues have their own column, and glycine's on edges.
  Arrays odd = no_alpha;
  odd.residue_type[0] = residue_unknown;
  odd.atom(1, atom_unknown, 0.5, 0.5, 0), odd.atom(34, atom_unknown, 0, 1, 1), odd.atom(0, atom_unknown, 0, 1, 2);
  OwnedGraphs<AtomGraph> heavy;
  const GraphCounts kept = heavy.add(odd.source());
  BOOST_TEST(kept.nodes == 2);
  BOOST_TEST(kept.left_out == 3);
  BOOST_TEST(heavy.view().node_columns[1] == 18 + 20);
  BOOST_TEST(heavy.view().edge_columns[0] == 0);
  BOOST_TEST(heavy.view().edge_columns[1] == 20);
}

// From the file to the counts of the published graph construction, where no array of it is at hand.
BOOST_AUTO_TEST_CASE(counts_of_whole_files) {
  struct Counts {
    const char* file;
    Index nodes, edges, arcs;
  };
  const auto check = [](const auto& graphs, const GraphCounts& got, const Counts& expected) {
    BOOST_TEST_CONTEXT(expected.file) {
      BOOST_TEST(got.nodes == expected.nodes);
      BOOST_TEST(got.edges == expected.edges);
      BOOST_TEST(got.arcs == expected.arcs);
      BOOST_TEST(got.capped == 0);
      check_topology(graphs.view());
    }
  };
  for (const auto& [residue, atom] : {std::pair<Counts, Counts>{{"11as.pdb.gz", 654, 13792, 325608}, {"", 5118, 86780, 1587402}},
                                      {{"117e.pdb.gz", 564, 12262, 300223}, {"", 4466, 76126, 1398260}}}) {
    const auto source = open_input(PLEAT_TEST_DATA "/../examples/data/structures/" + std::string(residue.file));
    const Structure s = read_structure(*source, {.model = 1, .chains = {}, .atom_records_only = true}).structure;
    OwnedGraphs<ResidueGraph> residues;
    const GraphCounts of_residues = residues.add(graph_source(s));
    check(residues, of_residues, residue);
    const auto relations = per_relation(residues.topology());
    if (std::string(residue.file) == "11as.pdb.gz") {
      BOOST_TEST(relations[0] + relations[1] + relations[2] + relations[3] + relations[4] == 3258);
      BOOST_TEST(relations[5] == 7798);
      BOOST_TEST(relations[6] == 2736);
    }
    OwnedGraphs<AtomGraph> atoms;
    const GraphCounts of_atoms = atoms.add(graph_source(s));
    check(atoms, of_atoms, atom);
  }
}

// Helices, tubes and spirals of any size, sparse and crowded: time is linear in residues and neighbours.
BOOST_AUTO_TEST_CASE(twenty_thousand_residues) {
  const auto seconds = [](Index residues, double radius, double rise) {
    const Arrays arrays = helix(residues, radius, rise, 3);
    const std::clock_t begin = std::clock(); // of the processor: other programs do not count
    OwnedGraphs<ResidueGraph> graphs;
    const GraphCounts counts = graphs.add(arrays.source());
    const double taken = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
    BOOST_TEST(counts.nodes == residues);
    BOOST_TEST(graphs.topology().arc_count() == counts.arcs);
    return taken;
  };
  BOOST_TEST(seconds(20000, 2.3, 1.5) < 1);
  BOOST_TEST(seconds(20000, 60, 0.08) < 1); // a tube whose turns touch
  BOOST_TEST(seconds(2000, 2000, 100) < 1); // a wide spiral: neighbours are far away
  BOOST_TEST(seconds(1000, 1, 0) < 1);      // and all in one place, nearly
}

BOOST_AUTO_TEST_SUITE_END()
