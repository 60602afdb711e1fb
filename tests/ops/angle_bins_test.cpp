#include <boost/test/unit_test.hpp>

#include <array>

#include <pleat/backend/cpu.hpp>
#include <pleat/core/parameters.hpp>
#include <pleat/data/graph_batch.hpp>

#include "backend/levels.hpp"
#include "support/op_contract.hpp"
#include "support/structures.hpp"

using namespace pleat;
using contract::Tested;
using namespace structures;

namespace {

// The tables of a batch of graphs, through a pass.
template <class Precision, bool Records = false>
std::vector<std::uint8_t> bins_at(const GraphTopology& graph, const std::vector<double>& positions, int threads = 1) {
  const auto walk = [&](auto& run) {
    using Run = std::remove_reference_t<decltype(run)>;
    const auto x = contract::fill<Run, 1, Coordinates<Residue>>(run, positions);
    auto bins = angle_bins(run, graph, x);
    std::vector<std::uint8_t> table;
    if constexpr (Run::computes) {
      const auto read = run.read(bins);
      table.assign(read.data(), read.data() + bins.count());
    }
    return table;
  };
  Values<Precision> values;
  Arena paper;
  Pass<Paper, Precision, Records> plan(Paper{threads}, paper, values);
  walk(plan);
  ThreadPool pool(threads);
  const Tested device = contract::device_for_tests<Tested>(pool);
  DeviceBlock<MemoryOf<Tested>> memory(memory_of(device));
  memory.grow(2 * paper.high_water()); // a device may share its buffers between counts
  Arena arena(memory.data(), memory.size());
  arena.poison(!has_own_memory<Tested>);
  Pass<Tested, Precision, Records> run(device, arena, values);
  auto table = walk(run);
  if (!has_own_memory<Tested>) BOOST_TEST(arena.high_water() == paper.high_water());
  return table;
}
template <class Precision, bool Records = false>
std::vector<std::uint8_t> bins_of(const GraphTopology& graph, std::span<const float> positions, int threads = 1) {
  return bins_at<Precision, Records>(graph, {positions.begin(), positions.end()}, threads);
}

// The published formula, arc by arc.
std::vector<std::uint8_t> expected_at(const GraphTopology& g, const std::vector<double>& positions) {
  std::vector<std::uint8_t> table(std::size_t(g.arc_count()));
  const auto at = [&](Index node) {
    const auto i = std::size_t(3 * node);
    return std::array<double, 3>{positions[i], positions[i + 1], positions[i + 2]};
  };
  for (Index v = 0; v < g.node_count(); ++v) {
    const Index first = g.outgoing[std::size_t(v)], outs = g.outgoing[std::size_t(v) + 1] - first;
    for (Index e = g.in_begin(v); e < g.in_end(v); ++e)
      for (Index j = 0; j < outs; ++j) {
        const auto a = at(g.source[std::size_t(e)]), b = at(v), c = at(g.target[std::size_t(g.leaving[std::size_t(first + j)])]);
        table[std::size_t(g.arcs[std::size_t(v)] + (e - g.in_begin(v)) * outs + j)] =
            std::uint8_t(angle_bin(a.data(), b.data(), c.data()));
      }
  }
  return table;
}
std::vector<std::uint8_t> expected_bins(const GraphTopology& g, std::span<const float> positions) {
  return expected_at(g, {positions.begin(), positions.end()});
}

template <class Graph> void check_golden(const Arrays& arrays, const Safetensors& file, const std::string& prefix) {
  OwnedGraphs<Graph> graphs;
  graphs.add(arrays.source());
  const GraphTopology g = graphs.topology();
  const auto table = bins_of<Float32>(g, graphs.positions());
  BOOST_REQUIRE_EQUAL(table.size(), std::size_t(g.arc_count()));
  BOOST_TEST((table == bins_of<Float64>(g, graphs.positions())));
  BOOST_TEST((table == expected_bins(g, graphs.positions())));
  std::vector<std::int64_t> histogram(8, 0), by_centre(std::size_t(8 * g.node_count()), 0),
      by_out_edge(std::size_t(8 * g.edge_count()), 0);
  std::vector<std::size_t> golden_row(std::size_t(g.edge_count())); // golden edges are sorted by source
  for (std::size_t k = 0; k < g.leaving.size(); ++k) golden_row[std::size_t(g.leaving[k])] = k;
  std::vector<std::array<std::int64_t, 3>> arcs;
  for (Index v = 0; v < g.node_count(); ++v) {
    const Index first = g.outgoing[std::size_t(v)], outs = g.outgoing[std::size_t(v) + 1] - first;
    for (Index e = g.in_begin(v); e < g.in_end(v); ++e)
      for (Index j = 0; j < outs; ++j) {
        const auto bin = table[std::size_t(g.arcs[std::size_t(v)] + (e - g.in_begin(v)) * outs + j)];
        BOOST_REQUIRE(bin < 8);
        ++histogram[bin], ++by_centre[std::size_t(8 * v) + bin], ++by_out_edge[std::size_t(8 * (first + j)) + bin];
        arcs.push_back({std::int64_t(golden_row[std::size_t(e)]), first + j, bin});
      }
  }
  BOOST_TEST(histogram == file.read<std::int64_t>(prefix + "arc_bin_histogram"), boost::test_tools::per_element());
  if (file.contains(prefix + "arc_bin_by_centre"))
    BOOST_TEST((by_centre == file.read<std::int64_t>(prefix + "arc_bin_by_centre")));
  if (file.contains(prefix + "arc_bin_by_out_edge"))
    BOOST_TEST((by_out_edge == file.read<std::int64_t>(prefix + "arc_bin_by_out_edge")));
  if (file.contains(prefix + "arcs")) {
    std::sort(arcs.begin(), arcs.end());
    const auto flat = file.read<std::int64_t>(prefix + "arcs");
    bool same = flat.size() == 3 * arcs.size();
    for (std::size_t i = 0; same && i < flat.size(); ++i) same = arcs[i / 3][i % 3] == flat[i];
    BOOST_TEST(same);
  }
}

// A star: the centre, node 0, joined both ways to all others, which are given.
struct Star : detail::PublishedEdges<1> {
  using Node = Residue;
  struct Families {
    static constexpr Index relations = 1;
    static constexpr double reach() { return 10; }
    template <class Join> static void into(EdgeSearch& search, Index target, Join&& join) {
      for (Index u = 0; u < search.nodes.size(); ++u)
        if ((u == 0) != (target == 0)) join(u, 0);
    }
  };
  static constexpr Index node_features = 21, node_columns = 1;
  static constexpr const char* name = "star";
  static void choose(const GraphSource& s, std::vector<std::int32_t>& atoms) { ResidueGraph::choose(s, atoms); }
  static void describe_node(const GraphSource& s, const GraphNodes& nodes, Index v, std::int32_t* to) {
    ResidueGraph::describe_node(s, nodes, v, to);
  }
};

OwnedGraphs<Star> star(const std::vector<std::array<double, 3>>& rays) {
  Arrays arrays;
  arrays.residue(0, 0), arrays.atom(6, 1, 0, 0, 0);
  for (const auto& ray : rays) arrays.residue(0, 0), arrays.atom(6, 1, ray[0], ray[1], ray[2]);
  OwnedGraphs<Star> graphs;
  graphs.add(arrays.source());
  return graphs;
}

} // namespace

BOOST_AUTO_TEST_SUITE(angle_bins_of_graphs)

BOOST_AUTO_TEST_CASE(tables_of_the_published_code) {
  const auto file = Safetensors::open(PLEAT_TEST_DATA "/golden/graphs/graph_construction.safetensors");
  for (const std::string name : {"2OLX", "1A8O", "103L"}) {
    BOOST_TEST_CONTEXT(name) {
      check_golden<ResidueGraph>(read_atoms(file, name + "."), file, name + ".residue.");
      check_golden<AtomGraph>(read_atoms(file, name + "."), file, name + ".atom.");
    }
  }
  const auto types = file.read<std::int64_t>("117E.residue.residue_type");
  check_golden<ResidueGraph>(alpha_carbons(file.read<float>("117E.residue.ca_position"), types,
                                           file.read<std::int64_t>("117E.residue.chain_id"), 0, types.size()),
                             file, "117E.residue.");
  const auto batch = Safetensors::open(PLEAT_TEST_DATA "/golden/gearnet/gearnet_atom.safetensors");
  check_golden<AtomGraph>(read_atoms(batch, ""), batch, "");
}

BOOST_AUTO_TEST_CASE(every_level_and_any_threads) {
  OwnedGraphs<AtomGraph> graphs;
  const auto file = Safetensors::open(PLEAT_TEST_DATA "/golden/graphs/graph_construction.safetensors");
  graphs.add(read_atoms(file, "1A8O.").source());
  OwnedGraphs<ResidueGraph> crowd; // more edges out of a node than are held at a time
  crowd.add(cloud(300, 14, 3).source());
  const auto expected = expected_bins(graphs.topology(), graphs.positions());
  const auto expected_crowd = expected_bins(crowd.topology(), crowd.positions());
  at_each_level([&](const char*) {
    for (int threads : {1, 2, 3}) BOOST_TEST((bins_of<Float32>(graphs.topology(), graphs.positions(), threads) == expected));
    BOOST_TEST((bins_of<Float64>(graphs.topology(), graphs.positions()) == expected));
    BOOST_TEST((bins_of<Float32>(crowd.topology(), crowd.positions()) == expected_crowd));
    BOOST_TEST((bins_of<Float64, true>(crowd.topology(), crowd.positions()) == expected_crowd));
  });
}

// Rays in one plane, some of them exactly on boundaries, and 130 of them so that tables are cut: the bins are symmetric in their
// two ends, 0 on the way back and 7 straight on.
BOOST_AUTO_TEST_CASE(rays_of_a_star) {
  std::vector<std::array<double, 3>> rays;
  for (int k = 0; k < 128; ++k) {
    const double angle = k * 3.14159265358979323846 / 64, length = 1 + 0.37 * (k % 7);
    rays.push_back({length * std::cos(angle), length * std::sin(angle), 0});
  }
  rays.push_back({0, 0, 0});         // on the centre: every angle with it is 0
  rays.push_back({1e-25, 2e-25, 0}); // its square is no float number
  const auto graphs = star(rays);
  const GraphTopology g = graphs.topology();
  at_each_level([&](const char*) {
    const auto table = bins_of<Float32>(g, graphs.positions());
    BOOST_TEST((table == expected_bins(g, graphs.positions())));
    const std::size_t n = rays.size();
    bool symmetric = true;
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t j = 0; j < n; ++j) symmetric = symmetric && table[i * n + j] == table[j * n + i];
    BOOST_TEST(symmetric);
    for (std::size_t k = 0; k < 128; ++k) {
      BOOST_TEST(int{table[k * n + k]} == 0);
      BOOST_TEST(int{table[k * n + (k + 64) % 128]} == 7);
      BOOST_TEST(int{table[k * n + 128]} == 0);
      BOOST_TEST(int{table[k * n + (k + 3) % 128]} == 0); // 8.4 degrees
      BOOST_TEST(int{table[k * n + (k + 20) % 128]} == 2);
    }
  });
}

// Rays of a lattice, which meet at right angles and half of them, and fans of rays that meet some eight roundings beside the
// boundaries between bins, near and far away: the bins are those of the formula bit for bit. (Nearer, they would be those of the
// arc tangent of the C library, whose last place is not always the right one.)
BOOST_AUTO_TEST_CASE(angles_on_boundaries) {
  std::vector<std::array<double, 3>> lattice, wide, narrow;
  for (int i = 0; i < 125; ++i)
    if (i != 62) lattice.push_back({i % 5 - 2.0, i / 5 % 5 - 2.0, i / 25 - 2.0});
  for (int k = 0; k < 8; ++k)
    for (const bool wider : {true, false}) {
      const double angle = k * (3.14159265358979323846 / 8 + (wider ? 0x1p-49 : -0x1p-49)), length = 1 + 0.37 * (k % 7);
      const double x = length * std::cos(angle), y = length * std::sin(angle);
      (wider ? wide : narrow).push_back({x, y, 0});
      (wider ? wide : narrow).push_back({-0.8 * y, x, 0.6 * y});
    }
  for (const auto& rays : {lattice, wide, narrow}) {
    const auto graphs = star(rays);
    const GraphTopology g = graphs.topology();
    for (const double scale : {1.0, 1.7, 1e-160, 1e-30, 1e30, 1e76, 1e150, 1e160, 1e300}) {
      std::vector<double> positions{0, 0, 0};
      for (const auto& ray : rays)
        for (const double x : ray) positions.push_back(x * scale);
      BOOST_TEST((bins_at<Float64>(g, positions) == expected_at(g, positions)), "in double, times " << scale);
      for (double& x : positions) x = double(float(x));
      BOOST_TEST((bins_at<Float32>(g, positions) == expected_at(g, positions)), "in float, times " << scale);
    }
  }
}

BOOST_AUTO_TEST_CASE(rotations_and_reflections_keep_them) {
  const Arrays arrays = cloud(200, 30, 11);
  OwnedGraphs<ResidueGraph> graphs;
  graphs.add(arrays.source());
  const auto table = bins_of<Float64>(graphs.topology(), graphs.positions());
  for (const double handed : {1.0, -1.0}) {
    std::vector<float> moved(graphs.positions().begin(), graphs.positions().end());
    for (std::size_t i = 0; i < moved.size(); i += 3) { // a quarter turn and a mirror are exact in float
      const float x = moved[i], y = moved[i + 1];
      moved[i] = -y, moved[i + 1] = x, moved[i + 2] = float(handed) * moved[i + 2];
    }
    BOOST_TEST((bins_of<Float32>(graphs.topology(), moved) == table));
  }
}

BOOST_AUTO_TEST_CASE(no_numbers_and_no_nodes) {
  const auto graphs = star({{1, 0, 0}, {0, 1, 0}, {0, 0, 1}});
  std::vector<float> broken(graphs.positions().begin(), graphs.positions().end());
  broken[4] = NAN, broken[6] = INFINITY;
  at_each_level([&](const char*) {
    const auto table = bins_of<Float32>(graphs.topology(), broken);
    BOOST_TEST((table == expected_bins(graphs.topology(), broken)));
    for (auto bin : table) BOOST_TEST(int{bin} < 8);
  });
  BOOST_TEST(bins_of<Float32>(GraphTopology{}, {}).empty());
  BOOST_CHECK_THROW(bins_of<Float32>(graphs.topology(), graphs.positions().first(3)), Error);
}

BOOST_AUTO_TEST_SUITE_END()
