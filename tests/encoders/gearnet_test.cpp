// GearNet-Edge against the published code: inference, training, every gradient and the running statistics after a step.

#include "support/gearnet_golden.hpp"

#include <pleat/encoders/published_gearnet.hpp>
#include <pleat/ops/weighted_sum.hpp>

using namespace pleat;
using namespace contract;

namespace {

using ResidueGolden = GearNetEdge<ResidueGraph, Shape{.layers = 3, .width = 32}, Readout::sum>;
using ResidueBatchGolden = GearNetEdge<ResidueGraph, Shape{.layers = 2, .width = 16}, Readout::sum>;
using AtomGolden = GearNetEdge<AtomGraph, Shape{.layers = 3, .width = 24}, Readout::mean>;

// An encoder with its golden file, on an arena of exactly the planned size.
template <class Encoder, class Precision> struct Bench {
  using Real = typename Precision::Stream;
  using Node = typename Encoder::Node;
  GearNetGolden golden;
  ThreadPool pool;
  Parameters<Encoder, Cpu, Precision> parameters{Cpu{&pool}};

  explicit Bench(const std::string& name, int threads = 2)
      : golden(name, Encoder::Graphs::relations, Encoder::Graphs::edge_columns), pool(threads) {
    golden.load(parameters);
  }

  template <bool Records, class Walk> void with_run(const Walk& walk) {
    Arena paper;
    {
      Pass<Paper, Precision, Records> plan(Paper{pool.size()}, paper, Values<Precision>{});
      walk(plan);
      plan.commit([](Index, Index, const Real*) {});
    }
    HostMemory memory(paper.high_water());
    Arena arena(memory.data(), memory.size());
    arena.poison(true);
    Pass<Cpu, Precision, Records> run(Cpu{&pool}, arena, parameters.values(Records));
    walk(run);
    BOOST_CHECK_EQUAL(arena.high_water(), paper.high_water());
  }
};

template <class Precision> constexpr bool is_double = std::is_same_v<Precision, Float64>;

template <class Encoder, class Precision> void check_inference(const std::string& name) {
  Bench<Encoder, Precision> bench(name);
  const auto& file = bench.golden.file;
  bench.template with_run<false>([&](auto& run) {
    using Run = std::remove_reference_t<decltype(run)>;
    const GraphBatch batch = bench.golden.graph.view();
    const auto h = model_of<Encoder>(run, batch);
    const auto g = read_out(run, batch.topology, h, Encoder::readout);
    if constexpr (Run::computes) {
      const double tolerance = is_double<Precision> ? 1e-9 : 1e-5;
      check_close(dense_of(h), file.template read<double>("eval.node_feature"), tolerance, "nodes");
      check_close(dense_of(g), file.template read<double>("eval.graph_feature"), tolerance, "graphs");
    }
  });
}

} // namespace

BOOST_AUTO_TEST_SUITE(gearnet)

BOOST_AUTO_TEST_CASE(inference_in_double) {
  check_inference<ResidueGolden, Float64>("gearnet_residue");
  check_inference<ResidueBatchGolden, Float64>("gearnet_residue_batch");
  check_inference<AtomGolden, Float64>("gearnet_atom");
}

BOOST_AUTO_TEST_CASE(inference_in_float) {
  check_inference<ResidueGolden, Float32>("gearnet_residue");
  check_inference<ResidueBatchGolden, Float32>("gearnet_residue_batch");
  check_inference<AtomGolden, Float32>("gearnet_atom");
}

BOOST_AUTO_TEST_SUITE_END()
