// Scores of edges to vectors of nodes, against the published map and its properties.

#include "support/loss_run.hpp"
#include "support/turned.hpp"

#include <pleat/ops/invariant_to_equivariant.hpp>

using namespace pleat;
using namespace contract;

namespace {

template <class Space> struct ScoresCase {
  constexpr explicit ScoresCase(Layout) {}
  using Inputs = Signature<In<1, Space>>;
  template <class Run> auto operator()(Run& run, const TestBatch& batch, const Rows<Run, 1, Space>& scores) const {
    const auto x = fill<Run, 1, Coordinates<Residue>>(run, values_of(3 * batch.graph.nodes(), 8, 3));
    return invariant_to_equivariant(run, batch.graph.topology(), scores, x);
  }
};

template <class Space, class Precision = Float64>
std::vector<double> vectors(const TestGraph& graph, const std::vector<double>& scores, const std::vector<double>& positions) {
  LossRun<Precision> test;
  const auto s = test.template input<1, Space>(scores);
  const auto x = test.template input<1, Coordinates<Residue>>(positions);
  return dense_of(invariant_to_equivariant(test.run, graph.topology(), s, x));
}

template <class Precision> void check_published(const std::string& g) {
  const auto file = Safetensors::open(std::string(PLEAT_TEST_DATA) + "/golden/siamdiff/step_residue_siamdiff.safetensors");
  const auto edges = file.read<std::int32_t>(g + ".edges");
  std::vector<std::int32_t> source, target, relation;
  for (std::size_t e = 0; e < edges.size(); e += 3)
    source.push_back(edges[e]), target.push_back(edges[e + 1]), relation.push_back(edges[e + 2]);
  const auto of_graph = file.read<std::int64_t>(g + ".node2graph");
  const Index first = std::count(of_graph.begin(), of_graph.end(), 0);
  const TestGraph graph({first, static_cast<Index>(of_graph.size()) - first}, source, target, relation, 7);
  const auto x = file.read<double>(g + ".noisy_position");
  const double tolerance = std::is_same_v<Precision, Float64> ? 1e-8 : 2e-4;
  for (const auto& [scores, name] : {std::pair{"edge_pred", "T_pred"}, std::pair{"pair_target", "T_target"}})
    check_close(vectors<Edge, Precision>(graph, graph.sorted(file.read<double>(g + "." + scores)), x),
                file.read<double>(g + "." + name), tolerance, g + "." + name);
}

} // namespace

BOOST_AUTO_TEST_SUITE(invariant_to_equivariant_map)

BOOST_AUTO_TEST_CASE(contract) {
  check_op_contract<ScoresCase<Edge>>();
  check_op_contract<ScoresCase<Pair>>();
}

BOOST_AUTO_TEST_CASE(golden) {
  for (const std::string g : {"g1", "g2"}) {
    check_published<Float64>(g);
    check_published<Float32>(g);
  }
}

BOOST_AUTO_TEST_CASE(a_small_graph) {
  // 0 -> 1, 2 -> 1, 1 -> 1: node 1 at the origin, 0 on the x axis, 2 on the y axis.
  const TestGraph graph({3}, {0, 2, 1}, {1, 1, 1});
  const std::vector<double> x{2, 0, 0, 0, 0, 0, 0, 5, 0};
  // Sorted by source: 0, 1 (itself), 2. The edge of node 1 to itself counts.
  check_close(vectors<Edge>(graph, {3, 7, -6}, x), {3, 0, 0, -1, 2, 0, 0, -6, 0}, 1e-9, "edges");
  check_close(vectors<Pair>(graph, {3, -6}, x), {3, 0, 0, -1, 2, 0, 0, -6, 0}, 1e-9, "pairs");
}

BOOST_AUTO_TEST_CASE(turns_with_the_structure_and_does_not_see_where_it_lies) {
  const TestGraph graph = TestGraph::made_up({20, 9}, 4, 2);
  const auto scores = values_of(graph.edges(), 1), x = values_of(3 * 29, 2, 4);
  const auto still = vectors<Edge>(graph, scores, x);
  for (double sign : {1.0, -1.0}) {
    const auto q = orthogonal(31, sign);
    check_close(vectors<Edge>(graph, scores, turned(x, 1, q, {5, -3, 11})), turned(still, 1, q), 1e-11, "turned");
  }
  auto other = scores;
  for (double& s : other) s = -2 * s;
  auto expected = still;
  for (double& v : expected) v = -2 * v;
  check_close(vectors<Edge>(graph, other, x), expected, 1e-12, "linear in the scores");
}

BOOST_AUTO_TEST_CASE(pairs_are_edges_that_share_a_score) {
  const TestGraph graph = TestGraph::made_up({20, 9}, 4, 2);
  const auto of_pairs = values_of(graph.pairs(), 1), x = values_of(3 * 29, 2, 4);
  std::vector<double> of_edges;
  for (std::int32_t p : graph.topology().pair) of_edges.push_back(p < 0 ? 0.0 : of_pairs[static_cast<std::size_t>(p)]);
  check_same_bits(vectors<Pair>(graph, of_pairs, x), vectors<Edge>(graph, of_edges, x), "pairs");
}

BOOST_AUTO_TEST_CASE(scores_of_another_batch_are_errors) {
  const TestGraph graph = TestGraph::made_up({5}, 2);
  BOOST_CHECK_THROW(vectors<Edge>(graph, {1, 2}, values_of(15, 1)), Error);
  BOOST_CHECK_THROW(vectors<Edge>(graph, values_of(graph.edges(), 1), values_of(12, 1)), Error);
}

BOOST_AUTO_TEST_SUITE_END()
