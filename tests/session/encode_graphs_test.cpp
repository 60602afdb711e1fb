// Rows of structures: the published ones, the same bytes in any company and on any number of threads, and strict weights.

#include "support/gearnet_golden.hpp"
#include "support/refusal.hpp"
#include "support/structures.hpp"

#include <cstring>
#include <filesystem>
#include <unistd.h>

#include <pleat/encoders/gearnet.hpp>
#include <pleat/io/safetensors_writer.hpp>
#include <pleat/session/encode_graphs.hpp>

using namespace pleat;
using namespace contract;

namespace {

using Golden = GearNetEdge<ResidueGraph, Shape{.layers = 2, .width = 16}, Readout::sum>;
using Session = EncodeGraphsSession<Golden, Cpu>;

bool same_bytes(std::span<const float> a, std::span<const float> b) {
  return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0);
}

// C-alphas in a box, so dense that a residue has some 20 edges.
Structure cloud(Index residues, std::uint64_t seed) {
  const auto arrays = structures::cloud(residues, 5 * std::cbrt(double(residues)), seed);
  Structure s;
  s.name = "cloud of " + std::to_string(residues);
  s.chains.push_back({"A", 0, residues});
  for (Index r = 0; r < residues; ++r) {
    const float* x = arrays.positions.data() + 3 * r;
    s.positions.push_back(Position::angstrom(x[0], x[1], x[2]));
    s.elements.push_back(6), s.names.push_back(atom_ca);
    s.atom_residues.push_back(std::int32_t(r));
    s.types.push_back(arrays.residue_type[std::size_t(r)]), s.residue_chains.push_back(0);
    s.labels.push_back({"ALA", std::int32_t(r + 1), ' '});
  }
  return s;
}

EncodedGraphs encode(const std::vector<Structure>& all, int threads) {
  ThreadPool pool(threads);
  Session session(Cpu{&pool});
  session.parameters().initialise(3);
  return session.encode(all);
}

// The golden parameters under their published names and shapes, but for what `change` does to a tensor.
struct Published {
  std::string path = (std::filesystem::temp_directory_path() / ("pleat_weights_" + std::to_string(::getpid()))).string();
  ~Published() { std::filesystem::remove(path); }

  using Change = std::function<void(std::string& name, std::vector<Index>& shape)>;
  Safetensors write(
      const Safetensors& golden, const Change& change = [](std::string&, std::vector<Index>&) {}) {
    struct Tensor {
      std::string name;
      std::vector<Index> shape;
      std::vector<double> values;
    };
    std::vector<Tensor> tensors;
    for (const std::string& name : golden.names())
      for (const std::string kind : {"param.", "buffer."})
        if (name.starts_with(kind)) {
          Tensor tensor{name.substr(kind.size()), golden.shape(name), golden.read<double>(name)};
          change(tensor.name, tensor.shape);
          std::size_t size = 1;
          for (const Index n : tensor.shape) size *= std::size_t(n);
          tensor.values.resize(size);
          if (!tensor.name.empty()) tensors.push_back(std::move(tensor));
        }
    SafetensorsWriter file(path);
    for (const Tensor& tensor : tensors) file.declare(tensor.name, Dtype::F64, tensor.shape);
    for (const Tensor& tensor : tensors) file.write(tensor.values);
    file.finish();
    return Safetensors::open(path);
  }
};

} // namespace

BOOST_AUTO_TEST_SUITE(encode_graphs_session)

BOOST_AUTO_TEST_CASE(published_weights_give_the_published_rows) {
  const GearNetGolden golden("gearnet_residue_batch", ResidueGraph::relations, ResidueGraph::edge_columns);
  Published published;
  ThreadPool pool(2);
  Session session(Cpu{&pool});
  session.load(published.write(golden.file));
  const EncodedGraphs made = session.encode(golden.graph.view());
  const auto wide = [](const std::vector<float>& rows) { return std::vector<double>(rows.begin(), rows.end()); };
  check_close(wide(made.nodes.rows), golden.file.read<double>("eval.node_feature"), 1e-5, "nodes");
  check_close(wide(made.graphs.rows), golden.file.read<double>("eval.graph_feature"), 1e-5, "graphs");
  BOOST_TEST(made.nodes.width == Session::width);
  BOOST_TEST(made.nodes.sequences() == golden.graph.view().topology.graphs());
}

BOOST_AUTO_TEST_CASE(weights_that_do_not_fit_are_refused_by_name) {
  const GearNetGolden golden("gearnet_residue_batch", ResidueGraph::relations, ResidueGraph::edge_columns);
  Published published;
  ThreadPool pool(1);
  Session session(Cpu{&pool});
  const auto refused = [&](const Published::Change& change) {
    return refusal([&] { session.load(published.write(golden.file, change)); });
  };
  const std::string tensor = "layers.1.linear.weight";
  const auto says = [](const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; };
  BOOST_TEST(says(refused([&](std::string& name, auto&) {
                    if (name == tensor) name.clear();
                  }),
                  "1 missing: " + tensor));
  BOOST_TEST(says(refused([&](std::string& name, auto&) {
                    if (name == tensor) name += "s";
                  }),
                  "1 not needed: " + tensor + "s"));
  BOOST_TEST(says(refused([&](std::string& name, auto& shape) {
                    if (name == tensor) std::swap(shape[0], shape[1]);
                  }),
                  tensor + " (112, 16) instead of (16, 112)"));
  BOOST_TEST(refused([](std::string& name, auto&) {
               if (name.ends_with("num_batches_tracked")) name.clear();
             }) == "");
}

BOOST_AUTO_TEST_CASE(a_structure_has_the_same_bytes_in_any_company_and_on_any_number_of_threads) {
  std::vector<Structure> all;
  for (const Index residues : {40, 1, 1500, 7, 120, 2}) all.push_back(cloud(residues, std::uint64_t(residues)));
  {
    OwnedGraphs<ResidueGraph> largest; // has all threads to itself
    BOOST_TEST(largest.add(graph_source(all[2])).edges > Session::one_thread);
  }
  const EncodedGraphs together = encode(all, 1);
  BOOST_TEST(together.nodes.sequences() == 6);
  BOOST_TEST(together.graphs.sequences() == 6);
  for (std::size_t i = 0; i < all.size(); ++i) {
    BOOST_TEST(together.nodes.length(Index(i)) == all[i].residues());
    for (float x : together.nodes[Index(i)]) BOOST_REQUIRE(std::isfinite(x));
    const EncodedGraphs alone = encode({all[i]}, 2);
    BOOST_CHECK_MESSAGE(same_bytes(alone.nodes.rows, together.nodes[Index(i)]), all[i].name << " alone");
    BOOST_CHECK_MESSAGE(same_bytes(alone.graphs.rows, together.graphs[Index(i)]), all[i].name << " alone, readout");
  }
  for (int threads : {2, 3}) {
    const EncodedGraphs backward = encode({all.rbegin(), all.rend()}, threads);
    for (std::size_t i = 0; i < all.size(); ++i)
      BOOST_CHECK_MESSAGE(same_bytes(backward.nodes[Index(all.size() - 1 - i)], together.nodes[Index(i)]),
                          all[i].name << ", " << threads << " threads");
  }
  // First, in the middle and last of one packed pass.
  OwnedGraphs<ResidueGraph> packed;
  for (const std::size_t i : {0u, 3u, 4u, 0u, 5u, 0u}) packed.add(graph_source(all[i]));
  ThreadPool pool(2);
  Session session(Cpu{&pool});
  session.parameters().initialise(3);
  const EncodedGraphs one_pass = session.encode(packed);
  for (const Index at : {0, 3, 5}) {
    BOOST_CHECK_MESSAGE(same_bytes(one_pass.nodes[at], together.nodes[0]), "place " << at << " of a packed pass");
    BOOST_CHECK_MESSAGE(same_bytes(one_pass.graphs[at], together.graphs[0]), "place " << at << " of a packed pass, readout");
  }
  BOOST_TEST(session.cost(packed.view()).peak > 0);
  BOOST_TEST(session.encode(std::vector<Structure>{}).nodes.sequences() == 0);
}

// A complex of 20,000 residues runs in the memory that its plan states, which is linear in its size.
BOOST_AUTO_TEST_CASE(twenty_thousand_residues) {
  ThreadPool pool(2);
  Session session(Cpu{&pool});
  session.parameters().initialise(3);
  OwnedGraphs<ResidueGraph> tenth, whole;
  tenth.add(graph_source(cloud(2000, 5)));
  const Structure complex = cloud(20000, 5);
  const GraphCounts counts = whole.add(graph_source(complex));
  const double peak = static_cast<double>(session.cost(whole.view()).peak), per_edge = peak / static_cast<double>(counts.edges),
               per_edge_of_tenth = static_cast<double>(session.cost(tenth.view()).peak) / static_cast<double>(tenth.edge_count());
  BOOST_TEST(peak < 400e6);
  BOOST_TEST(per_edge < 1.2 * per_edge_of_tenth);
  const EncodedGraphs rows = session.encode(whole); // an arena of exactly that size: more would be an error
  BOOST_TEST(rows.nodes.length(0) == 20000);
  double sum = 0;
  for (float x : rows.nodes[0]) sum += std::abs(static_cast<double>(x));
  BOOST_TEST(std::isfinite(sum));
  BOOST_TEST(sum > 0);
}

BOOST_AUTO_TEST_CASE(what_has_no_graph_is_refused_by_name) {
  std::vector<Structure> all{cloud(9, 1), cloud(12, 2), cloud(3, 3)};
  for (AtomName& name : all[1].names) name = atom_cb;
  for (const int threads : {1, 2})
    BOOST_TEST(refusal([&] { encode(all, threads); }).find("cloud of 12: none of its 12 atoms") == 0);
  OwnedGraphs<AtomGraph> atoms;
  atoms.add(graph_source(all[0]));
  ThreadPool pool(1);
  Session session(Cpu{&pool});
  BOOST_TEST(
      refusal([&] { session.encode(atoms.view()); }).find("these graphs are none that a model of the residue graph reads") == 0);
}

BOOST_AUTO_TEST_SUITE_END()
