// GearNet-Edge against the published code: inference, training, every gradient and the running statistics after a step.

#include "support/gearnet_golden.hpp"

#include <pleat/encoders/published_gearnet.hpp>

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
  Parameters<Encoder, Tested, Precision> parameters{device_for_tests<Tested>(pool)};

  explicit Bench(const std::string& name, int threads = 2)
      : golden(name, Encoder::Graphs::relations, Encoder::Graphs::edge_columns), pool(threads) {
    golden.load(parameters);
  }
  template <bool Records, class Walk> void with_run(const Walk& walk) { in_planned_memory<Records>(parameters, walk); }
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

// `from_rows`: features as rows, whose gradients are compared as well; otherwise as columns, as models are used.
template <class Encoder, class Precision> void check_training(const std::string& name, int threads, bool from_rows) {
  Bench<Encoder, Precision> bench(name, threads);
  using Node = typename Encoder::Node;
  using Graphs = typename Encoder::Graphs;
  const auto& file = bench.golden.file;
  const double values = is_double<Precision> ? 1e-9 : 5e-5, gradients = is_double<Precision> ? 1e-9 : 1e-3;
  bench.parameters.gradients();
  bench.parameters.zero_gradients();
  const auto read = [&](const std::string& tensor) { return file.template read<double>("train." + tensor); };
  const auto node_weights = read("loss_weight_node"), graph_weights = read("loss_weight_graph");
  auto& parameters = bench.parameters;
  bench.template with_run<true>([&](auto& run) {
    using Run = std::remove_reference_t<decltype(run)>;
    const GraphBatch batch = bench.golden.graph.view();
    const GraphTopology& graph = batch.topology;
    auto h = one_hot<Graphs::node_features, Node>(run, batch.node_columns, Graphs::node_columns, graph.node_count());
    const auto x = coordinates<Node>(run, batch.positions);
    auto d = distances(run, graph, x);
    if constexpr (Run::computes)
      check_close(dense_of(d), bench.golden.of_edges("edge_distance"), is_double<Precision> ? 1e-12 : 1e-6, "distances");
    auto f = one_hot_and<Graphs::edge_features>(run, batch.edge_columns, Graphs::edge_columns, d);
    run.want(h), run.want(f);
    {
      const auto y =
          from_rows ? model_of<Encoder>.encode(run, graph, h, angle_bins(run, graph, x), f) : model_of<Encoder>(run, batch, x);
      const auto g = read_out(run, graph, y, Encoder::readout);
      if constexpr (Run::computes) {
        check_close(dense_of(y), read("node_feature"), values, "nodes");
        check_close(dense_of(g), read("graph_feature"), values, "graphs");
      }
      seed(run, y, node_weights);
      seed(run, g, graph_weights);
    }
    run.backward();
    const auto dh = run.gradient_of(h);
    const auto df = run.gradient_of(f);
    if constexpr (Run::computes) {
      if (from_rows) {
        check_close(dense_of(dh), read("grad_node_input"), gradients, "gradient of the node features");
        std::vector<double> norms, last;
        const auto rows = run.read(df);
        for (Index e = 0; e < df.count(); ++e) {
          double sum = 0;
          for (Index c = 0; c < Graphs::edge_features; ++c) sum += double(rows.row(e)[c]) * double(rows.row(e)[c]);
          norms.push_back(std::sqrt(sum)), last.push_back(double(rows.row(e)[Graphs::edge_features - 1]));
        }
        check_close(norms, bench.golden.of_edges("train.grad_edge_feature_norm"), gradients,
                    "norms of gradients of edge features");
        check_close(last, bench.golden.of_edges("train.grad_edge_distance"), gradients, "gradient of the distances");
      }
      for (const TensorPlace& place : parameters.tensors()) {
        if (place.store != Store::Trained) continue;
        const auto expected = read("grad." + place.name);
        // In front of a batch norm a bias has no effect: its gradient is 0 but for rounding.
        const bool zero = place.name.ends_with("self_loop.bias") ||
                          (place.name.starts_with("edge_layers") && place.name.ends_with("linear.bias"));
        const auto got = values_at(parameters.gradients(), place);
        if (zero) {
          for (std::size_t i = 0; i < got.size(); ++i)
            BOOST_CHECK_SMALL(got[i] - expected[i], is_double<Precision> ? 1e-9 : 1e-4 * (1 + std::abs(read("loss")[0])));
        } else {
          check_close(got, expected, gradients, "gradient of " + place.name);
        }
      }
      std::size_t committed = 0;
      run.commit([&](Index offset, Index size, const auto* data) {
        const auto numbers = host_copy(run, data, size);
        std::copy(numbers.begin(), numbers.end(), parameters.store(Store::State) + offset);
        ++committed;
      });
      parameters.changed();
      BOOST_CHECK_EQUAL(committed, 3 * (3 * std::size_t(Encoder::shape.layers)));
      for (const TensorPlace& place : parameters.tensors())
        if (place.store == Store::State)
          check_close(values_at(parameters.store(Store::State), place), read("after_buffer." + place.name), values,
                      "after the step: " + place.name);
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

BOOST_AUTO_TEST_CASE(training_in_double) {
  check_training<ResidueGolden, Float64>("gearnet_residue", 1, true);
  check_training<ResidueGolden, Float64>("gearnet_residue", 1, false);
  check_training<ResidueBatchGolden, Float64>("gearnet_residue_batch", 2, true);
  check_training<ResidueBatchGolden, Float64>("gearnet_residue_batch", 2, false);
  check_training<AtomGolden, Float64>("gearnet_atom", 2, true);
  check_training<AtomGolden, Float64>("gearnet_atom", 2, false);
}

BOOST_AUTO_TEST_CASE(training_in_float) {
  check_training<ResidueGolden, Float32>("gearnet_residue", 2, true);
  check_training<ResidueGolden, Float32>("gearnet_residue", 2, false);
  check_training<ResidueBatchGolden, Float32>("gearnet_residue_batch", 1, true);
  check_training<ResidueBatchGolden, Float32>("gearnet_residue_batch", 1, false);
  check_training<AtomGolden, Float32>("gearnet_atom", 2, true);
  check_training<AtomGolden, Float32>("gearnet_atom", 2, false);
}

BOOST_AUTO_TEST_SUITE_END()
