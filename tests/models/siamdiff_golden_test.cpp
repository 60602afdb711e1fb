// Whole training steps of the published SiamDiff and DiffPreT: batch, outputs, losses, every gradient, running statistics.

#include "support/siamdiff_golden.hpp"

using namespace pleat;
using namespace contract;

namespace {

using ResidueEncoder = GearNetEdge<ResidueGraph, Shape{.layers = 2, .width = 8}, Readout::sum>;
using AtomEncoder = GearNetEdge<AtomGraph, Shape{.layers = 2, .width = 6}, Readout::mean>;
using ResidueSiamDiff = SiamDiff<ResidueEncoder, Gaussian, PublishedQuirks>;
using AtomSiamDiff = SiamDiff<AtomEncoder, Torsional, PublishedQuirks>;
using ResidueDiffPreT = DiffPreT<ResidueEncoder, PublishedQuirks>;

// The batch that our data path makes of the structures and the draws of the file.
template <class Model> void check_batch(const std::string& name, const DenoisingOptions& stage) {
  const SiamDiffGolden<Model> golden(name, stage);
  const auto& batch = golden.batch;
  const GraphBatch view = batch.view();
  using Graphs = typename Model::Graphs;
  check_close(batch.clean, golden.template of_nodes<double>("clean_position"), 1e-6, "clean positions");
  check_close(batch.noisy, golden.template of_nodes<double>("noisy_position"), 1e-6, "noisy positions");
  std::vector<double> columns(view.edge_columns.begin(), view.edge_columns.end());
  check_close(columns, golden.of_edges("edge_onehot_columns", 4), 0, "columns of edges");
  std::vector<double> features(std::size_t(view.topology.node_count() * Graphs::node_features), 0.0);
  for (std::size_t i = 0; i < view.node_columns.size(); ++i)
    if (view.node_columns[i] >= 0)
      features[i / std::size_t(Graphs::node_columns) * std::size_t(Graphs::node_features) + std::size_t(view.node_columns[i])] =
          1;
  check_close(features, golden.template of_nodes<double>("node_feature"), 0, "features of nodes");
  const auto targets = golden.file.template read<std::int64_t>("seq_target");
  const auto rows = golden.drawn_rows();
  BOOST_REQUIRE_EQUAL(rows.size(), targets.size() * std::size_t(Model::Pairing::conformers));
  for (std::size_t k = 0; k < rows.size(); ++k)
    BOOST_CHECK_EQUAL(Index(batch.masked_type[rows[k]]), Index(targets[k % targets.size()]));
}

template <class Model, class Precision> void check_step(const std::string& name, const DenoisingOptions& stage, int threads) {
  constexpr bool exact = std::is_same_v<Precision, Float64>;
  const double values = exact ? 1e-8 : 2e-4, scores = exact ? 1e-8 : 5e-4, gradients = exact ? 1e-8 : 2e-3;
  SiamDiffGolden<Model> golden(name, stage);
  golden.take_exact_positions();
  const auto& batch = golden.batch;
  const auto& file = golden.file;
  const auto number = [&](const std::string& tensor) { return file.template read<double>(tensor); };
  check_close(batch.noisy, golden.template of_nodes<double>("noisy_position"), 1e-12, "noisy positions");
  const std::vector<double> self(std::size_t(batch.graphs.edge_count()), 0.0);
  check_close(golden.at_edges(batch.pair_length, self), golden.of_edges("noisy_distance"), 1e-6,
              "noisy distances"); // F32 in the file
  check_close(golden.at_edges(batch.pair_score, self), golden.of_edges("pair_target"), 1e-8, "pair targets");

  ThreadPool pool(threads);
  Parameters<Model, Tested, Precision> parameters(device_for_tests<Tested>(pool));
  golden.load(parameters);
  parameters.gradients(), parameters.zero_gradients();
  const auto outputs = [&](auto& run) {
    using Run = std::remove_reference_t<decltype(run)>;
    const Model& model = model_of<Model>;
    const auto x = coordinates<typename Model::Node>(run, std::span<const double>(batch.noisy));
    const auto z = model.represent(run, batch, x);
    const auto s = model.scores(run, batch, z);
    const auto t = invariant_to_equivariant(run, batch.graphs.topology(), s, x, Model::loops);
    const auto y = column<Pair>(run, batch.pair_score);
    const auto ty = invariant_to_equivariant(run, batch.graphs.topology(), y, x, Model::loops);
    const auto logits = model.logits(run, batch, z);
    if constexpr (Run::computes) {
      auto rows_of_both = number("encoder_output1");
      if (Model::Pairing::conformers == 2)
        for (double v : number("encoder_output2")) rows_of_both.push_back(v);
      check_close(dense_of(z), rows_of_both, values, "encoder");
      const auto expected = golden.of_edges("edge_pred");
      check_close(golden.at_edges(dense_of(s), expected), expected, values, "predicted scores");
      check_close(golden.at_edges(dense_of(y), self), golden.of_edges("pair_target"), scores, "targets of scores");
      check_close(dense_of(t), golden.template of_nodes<double>("T_pred"), values, "predicted vectors");
      check_close(dense_of(ty), golden.template of_nodes<double>("T_target"), scores, "vectors of the target");
      std::vector<double> drawn;
      const auto rows = dense_of(logits);
      for (std::size_t m : golden.drawn_rows())
        for (std::size_t k = 0; k < 20; ++k) drawn.push_back(rows[m * 20 + k]);
      check_close(drawn, golden.template of_nodes<double>("seq_logits"), values, "logits");
    }
  };
  const auto step = [&](auto& run) {
    using Run = std::remove_reference_t<decltype(run)>;
    const Model& model = model_of<Model>;
    const auto loss = model.loss(run, batch, golden.options);
    if constexpr (Run::computes) {
      check_close(dense_of(loss.structure), number("metric.structure_denoising_loss"), values, "structure loss");
      check_close(dense_of(loss.sequence), number("metric.sequence_denoising_loss"), values, "sequence loss");
      check_close(dense_of(loss.loss), number("loss_total"), values, "loss");
      double hits = 0, graphs = 0;
      const auto row_hit = run.read(loss.row_hit);
      for (std::size_t m = 0; m < batch.masked_weight.size(); ++m)
        hits += batch.masked_weight[m] * double(row_hit[static_cast<Index>(m)]), graphs += batch.masked_weight[m];
      check_close({hits / graphs}, number("metric.sequence_denoising_accuracy"), values, "accuracy");
    }
    run.backward(loss.loss);
    run.commit([&](Index offset, Index size, const auto* data) {
      if constexpr (Run::computes) {
        const auto numbers = host_copy(run, data, size);
        std::copy(numbers.begin(), numbers.end(), parameters.store(Store::State) + offset);
      }
    });
    if (Run::computes) parameters.changed();
  };
  in_planned_memory<true>(parameters, outputs);
  BOOST_CHECK_EQUAL(in_planned_memory<true>(parameters, step), 0);

  double largest = 0;
  for (const TensorPlace& place : parameters.tensors())
    if (place.store == Store::Trained)
      for (double g : number("grad." + golden.published_name(place.name))) largest = std::max(largest, std::abs(g));
  for (const TensorPlace& place : parameters.tensors()) {
    const std::string theirs = golden.published_name(place.name);
    if (place.store == Store::Trained) {
      // In front of a batch norm a bias has no effect: its gradient is 0 but for rounding.
      const auto got = values_at(parameters.gradients(), place), expected = number("grad." + theirs);
      const bool zero = place.name.ends_with("self_loop.bias") ||
                        (place.name.starts_with("encoder.edge_layers") && place.name.ends_with("linear.bias"));
      if (zero)
        for (std::size_t i = 0; i < got.size(); ++i) BOOST_CHECK_SMALL(got[i] - expected[i], (exact ? 1e-11 : 1e-4) * largest);
      else
        check_close(got, expected, gradients, "gradient of " + place.name);
    } else {
      check_close(values_at(parameters.store(Store::State), place), number("after_buffer." + theirs), values,
                  "after the step: " + place.name);
    }
  }
}

constexpr DenoisingOptions first = stage_one, second = stage_two;

} // namespace

BOOST_AUTO_TEST_SUITE(siamdiff_golden)

BOOST_AUTO_TEST_CASE(batches) {
  check_batch<ResidueSiamDiff>("step_residue_siamdiff", first);
  check_batch<AtomSiamDiff>("step_atom_siamdiff", first);
  check_batch<ResidueDiffPreT>("step_residue_diffpret_stage2", second);
}

BOOST_AUTO_TEST_CASE(steps_in_double) {
  check_step<ResidueSiamDiff, Float64>("step_residue_siamdiff", first, 1);
  check_step<AtomSiamDiff, Float64>("step_atom_siamdiff", first, 2);
  check_step<ResidueDiffPreT, Float64>("step_residue_diffpret_stage2", second, 2);
}

BOOST_AUTO_TEST_CASE(steps_in_float) {
  check_step<ResidueSiamDiff, Float32>("step_residue_siamdiff", first, 2);
  check_step<AtomSiamDiff, Float32>("step_atom_siamdiff", first, 1);
  check_step<ResidueDiffPreT, Float32>("step_residue_diffpret_stage2", second, 2);
}

BOOST_AUTO_TEST_SUITE_END()
