// Rivals of SiamDiff: gradients, and what each of them sees and does not see.

#include "support/step_structures.hpp"

#include <pleat/encoders/gearnet.hpp>

using namespace pleat;
using namespace contract;

namespace {

using Encoder = GearNetEdge<ResidueGraph, Shape{.layers = 2, .width = 6}, Readout::sum>;
using Scores = ScoreMatching<Encoder>;
using Types = ResidueTypePrediction<Encoder>;
using Lengths = DistancePrediction<Encoder>;

} // namespace

BOOST_AUTO_TEST_SUITE(structure_rivals)

BOOST_AUTO_TEST_CASE(contract_of_models) {
  const StepStructures structures;
  const ModelContract options{.lengths = {1}, .samples = 100, .same_in_training = false, .step = 1e-7};
  check_model(StructureCase<Scores>{&structures, StructureObjective<Scores>(stage_one)}, options);
  check_model(StructureCase<Types>{&structures, StructureObjective<Types>(stage_one)}, options);
  check_model(StructureCase<Lengths>{&structures, StructureObjective<Lengths>({.pairs = 60})}, options);
}

BOOST_AUTO_TEST_CASE(score_matching_is_the_structure_term_of_diffpret) {
  const StepStructures structures;
  StructureObjective<Scores> objective(stage_one);
  objective.draw({3, 4}, structures.view());
  BOOST_CHECK(objective.batch().masked_type.empty());
  DenoisingOptions options = stage_one;
  options.gamma = 1;
  StructureObjective<DiffPreT<Encoder>> whole(options);
  whole.draw({3, 4}, structures.view());
  BOOST_CHECK(objective.batch().noisy == whole.batch().noisy);
  // The same values in both: the tensors of one are among those of the other, and lie before its sequence head.
  using Whole = DiffPreT<Encoder>;
  ThreadPool pool(1);
  Parameters<Scores, Cpu, Float64> few(Cpu{&pool});
  Parameters<Whole, Cpu, Float64> many(Cpu{&pool});
  shake(many);
  for (const TensorPlace& place : few.tensors())
    for (const TensorPlace& other : many.tensors())
      if (place.name == other.name) std::copy_n(many.data(other), place.rows * stride_of(place.columns), few.data(place));
  few.changed();
  HostMemory memory(Index(1) << 25);
  const auto loss_of = [&](auto& parameters, auto& of) {
    Arena arena(memory.data(), memory.size());
    Training<Cpu, Float64> run(Cpu{&pool}, arena, parameters.values(true));
    const double loss = *of.loss(run, structures.view()).loss.data();
    run.commit([](Index, Index, const double*) {});
    return loss;
  };
  BOOST_CHECK_CLOSE_FRACTION(2 * loss_of(few, objective), loss_of(many, whole), 1e-13); // DiffPreT counts it twice
}

BOOST_AUTO_TEST_CASE(type_prediction_sees_clean_coordinates) {
  const StepStructures structures;
  StructureObjective<Types> objective({.least_masked = 0.15, .most_masked = 0.15});
  objective.draw({3, 4}, structures.view());
  BOOST_CHECK(objective.batch().noisy == objective.batch().clean);
  BOOST_CHECK_EQUAL(Index(objective.batch().masked_type.size()), 6 + 1); // 15 % of 40 residues and of 4
}

BOOST_AUTO_TEST_CASE(predicted_pairs_have_no_edges) {
  const StepStructures structures;
  StructureObjective<Lengths> objective({.pairs = 60, .crop = 30});
  objective.draw({3, 4}, structures.view());
  const auto& batch = objective.batch();
  const GraphTopology graph = batch.graphs.topology();
  BOOST_CHECK_EQUAL(graph.nodes.length(0), 30);
  BOOST_CHECK_EQUAL(batch.pair_offsets[1], 60);
  OwnedGraphs<ResidueGraph> whole(Separation::WithinChains);
  for (std::size_t s = 0; s < 2; ++s)
    whole.add(crop(structures.sources[s], objective.draws()[s].first_residue, objective.draws()[s].residues).view());
  const GraphTopology all = whole.topology();
  BOOST_CHECK_EQUAL(batch.pair_offsets[2] - 60, 2); // four residues have five pairs: at most half of them
  BOOST_CHECK_LT(graph.edge_count(), all.edge_count());
  BOOST_CHECK_EQUAL(graph.pair_count() + Index(batch.first.size()), all.pair_count());
  for (std::size_t p = 0; p < batch.first.size(); ++p) {
    bool before = false;
    for (std::size_t q = 0; q < all.pair_first.size(); ++q)
      before = before || (all.pair_first[q] == batch.first[p] && all.pair_second[q] == batch.second[p]);
    BOOST_CHECK(before);
    for (std::size_t q = 0; q < graph.pair_first.size(); ++q)
      BOOST_CHECK(graph.pair_first[q] != batch.first[p] || graph.pair_second[q] != batch.second[p]);
    double square = 0;
    for (std::size_t k = 0; k < 3; ++k) {
      const double d = double(batch.graphs.positions()[3 * std::size_t(batch.first[p]) + k]) -
                       double(batch.graphs.positions()[3 * std::size_t(batch.second[p]) + k]);
      square += d * d;
    }
    BOOST_CHECK_CLOSE_FRACTION(batch.length[p], std::sqrt(square), 1e-12);
  }
}

BOOST_AUTO_TEST_CASE(numbers_that_are_none) {
  const StepStructures structures;
  StructureObjective<Lengths> none({.pairs = 0});
  BOOST_CHECK_THROW(none.draw({1, 1}, structures.view()), Error);
  StructureObjective<Types> nothing({.crop = 0});
  BOOST_CHECK_THROW(nothing.draw({1, 1}, structures.view()), Error);
  StructureObjective<Lengths> objective;
  std::vector<DistanceDraw> draws(2);
  draws[0] = {0, 4, {{0, 9}}}, draws[1] = {0, 4, {}};
  BOOST_CHECK_THROW(objective.use(structures.view(), draws), Error);
}

BOOST_AUTO_TEST_SUITE_END()
