// Encoders of structures through the CUDA kernels on the emulator, step by step beside the CPU; which batches share a graph.

#include "cuda/emulator.hpp"

#include <pleat/backend/cuda.hpp>

#include "support/op_contract.hpp"
#include "support/training.hpp"

#include <cstring>
#include <map>
#include <set>

#include <pleat/data/graph_batch.hpp>
#include <pleat/data/structure_batch.hpp>
#include <pleat/encoders/gearnet.hpp>
#include <pleat/encoders/gvp.hpp>
#include <pleat/session/train.hpp>
#include <pleat/train/structure_objective.hpp>
#include <pleat/train/task_objective.hpp>

using namespace pleat;
using namespace contract;

namespace {

using Siam = StructureObjective<SiamDiff<GearNetEdge<ResidueGraph, Shape{.layers = 2, .width = 16}>, Gaussian>>;
using GvpTask =
    TaskObjective<StructureTask<Gvp<ResidueGraph, GvpShape{.layers = 1, .node = {12, 4}, .edge = {6, 1}, .input = 9}>, 2, 1>>;

// Counts of a batch that blocks and grids have the capacity of.
template <class Graph> Lengths counts_of(const DenoisingBatch<Graph>& batch) {
  const GraphTopology graph = batch.graphs.topology();
  std::set<std::pair<std::int32_t, std::int32_t>> units; // of parallel edges
  for (std::size_t e = 0; e < graph.source.size(); ++e) units.insert({graph.source[e], graph.target[e]});
  return {graph.graphs(),
          graph.node_count(),
          3 * graph.node_count(),
          graph.edge_count(),
          static_cast<Index>(units.size()),
          graph.arc_count(),
          graph.pair_count(),
          batch.masked().groups(),
          static_cast<Index>(batch.masked_node.size())};
}

// The same steps on both devices from the same values.
template <class Objective, class Precision = Float64> struct Both {
  using Batch = typename TrainSession<Objective, Cpu, Float64>::Batch;
  ThreadPool pool{1};
  TrainSession<Objective, Cpu, Float64> cpu{Cpu{&pool}};
  TrainSession<Objective, Cuda, Precision> cuda{Cuda{}};
  double tolerance = 1e-9;

  Both() { cpu.parameters().initialise(3), cuda.parameters().initialise(3); }
  void step(const std::vector<Batch>& batches, std::uint64_t number) {
    const StepResult mine = cuda.step(batches, 7, number, 3e-3), theirs = cpu.step(batches, 7, number, 3e-3);
    BOOST_REQUIRE(mine.finite);
    BOOST_TEST(mine.metrics.value("loss") == theirs.metrics.value("loss"), boost::test_tools::tolerance(tolerance));
    BOOST_TEST(mine.gradient_norm == theirs.gradient_norm, boost::test_tools::tolerance(tolerance));
  }
  void check_values() {
    for (const Store s : {Store::Trained, Store::State}) check_close(values(cuda, s), values(cpu, s), tolerance, "values");
  }
  std::size_t graphs() { return cuda.parameters().device().stream->graphs(); }

private:
  template <class Session> static std::vector<double> values(Session& session, Store s) {
    return {session.parameters().store(s), session.parameters().store(s) + session.parameters().size(s)};
  }
};

// Rows of the nodes of helices (residues, seed) in one batch, by the encoder of a session.
using Helices = std::vector<std::pair<Index, std::uint64_t>>;
template <class Session> std::vector<double> encoded(Session& session, const Helices& helices) {
  using Model = typename Session::Objective::Model;
  OwnedGraphs<ResidueGraph> graphs;
  for (const auto& [residues, seed] : helices) graphs.add(graph_source(*helix_of(residues, seed)), 0);
  const GraphBatch batch = graphs.view();
  std::vector<double> rows;
  session.infer(batch_of<typename Session::Batch>({9}, 0), {}, [&](auto& run, const auto&) {
    const auto h = model_of<Model>.encoder(run, batch);
    if constexpr (std::remove_reference_t<decltype(run)>::computes) {
      const auto read = run.read(h);
      for (Index r = 0; r < read.count; ++r) rows.insert(rows.end(), read.row(r), read.row(r) + Model::width);
    }
  });
  return rows;
}
template <class Objective> void check_encoding() {
  Both<Objective> both;
  both.step({batch_of<typename Both<Objective>::Batch>({20, 8}, 3)}, 3); // running statistics of their own
  const auto alone = encoded(both.cuda, {{70, 2}});
  check_close(alone, encoded(both.cpu, {{70, 2}}), 1e-9, "encoded");
  for (const Helices& mates : {Helices{{33, 1}, {70, 2}}, {{70, 2}, {9, 3}}, {{9, 3}, {40, 4}, {12, 5}, {70, 2}, {33, 1}}}) {
    const auto many = encoded(both.cuda, mates);
    std::size_t begin = 0;
    for (const auto& [residues, seed] : mates) {
      if (seed == 2) BOOST_TEST(std::memcmp(many.data() + begin, alone.data(), alone.size() * sizeof(double)) == 0);
      begin += alone.size() / 70 * static_cast<std::size_t>(residues);
    }
  }
}

} // namespace

BOOST_AUTO_TEST_SUITE(cuda_structure_training)

// Two micro-batches a step, with the draws of the step.
BOOST_AUTO_TEST_CASE(siamdiff_trains_as_on_the_cpu) {
  Both<Siam> both;
  for (std::uint64_t step = 0; step < 2; ++step)
    both.step({batch_of<OwnedStructures>({23, 7}, step), batch_of<OwnedStructures>({70}, step + 50)}, step);
  both.check_values();
}

BOOST_AUTO_TEST_CASE(rounded_products_train_as_on_the_cpu) {
  Both<Siam, Bf16> both;
  both.tolerance = 5e-2;
  for (std::uint64_t step = 0; step < 2; ++step) both.step({batch_of<OwnedStructures>({23, 7}, step)}, step);
  both.check_values();
}

// Structures of other lengths but the same buckets are one graph, and are computed as they would be alone.
BOOST_AUTO_TEST_CASE(structures_of_one_bucket_share_a_graph) {
  Both<Siam> both;
  std::map<Lengths, std::multiset<Lengths>> buckets;
  const auto step = [&](const Lengths& lengths, std::uint64_t seed) {
    both.step({batch_of<OwnedStructures>(lengths, seed)}, 5);
    const Lengths counts = counts_of(both.cuda.objective().batch());
    Lengths capacities;
    for (const Index count : counts) capacities.push_back(capacity_of(count));
    buckets[capacities].insert(counts);
  };
  std::uint64_t seed = 0;
  for (const Lengths& lengths : {Lengths{30, 10}, {29, 11}, {28, 12}, {31, 9}, {12, 12}, {30, 10}}) step(lengths, seed++);
  step({30, 10}, 0); // the first once more
  both.check_values();
  std::size_t repeated = 0;
  bool ragged = false;
  for (const auto& [capacities, counts] : buckets) {
    repeated += counts.size() > 1 ? 1u : 0u; // captured when it is seen for the second time
    ragged = ragged || (counts.size() > 2 && *counts.begin() != *counts.rbegin());
  }
  BOOST_TEST(ragged);
  BOOST_TEST(both.graphs() == repeated);
}

BOOST_AUTO_TEST_CASE(vectors_train_as_on_the_cpu) {
  Both<GvpTask> both;
  std::uint64_t step = 0;
  for (const Lengths& lengths : {Lengths{15, 9}, {14, 10}, {24}, {9, 12}, {70, 7}})
    both.step({batch_of<GvpTask::Batch>(lengths, step)}, step), ++step;
  both.check_values();
}

// Nodes have the same bits alone and in any batch.
BOOST_AUTO_TEST_CASE(encoding_does_not_depend_on_batch_mates) {
  check_encoding<Siam>();
  check_encoding<GvpTask>();
}

BOOST_AUTO_TEST_SUITE_END()
