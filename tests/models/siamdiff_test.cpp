// What DiffPreT and SiamDiff promise beside their numbers: gradients, symmetry, who denoises whom, what gamma switches off.

#include "support/step_structures.hpp"
#include "support/turned.hpp"

#include <pleat/encoders/gearnet.hpp>
#include <pleat/encoders/gvp.hpp>

using namespace pleat;
using namespace contract;

namespace {

using Encoder = GearNetEdge<ResidueGraph, Shape{.layers = 2, .width = 6}, Readout::sum>;
using AtomEncoder = Gvp<AtomGraph, GvpShape{.layers = 1, .node = {12, 4}, .edge = {6, 1}}>;
using Siam = SiamDiff<Encoder, Gaussian>;
using Single = DiffPreT<Encoder>;

// A training pass of a model in double, on values that depend on nothing but the shapes of its tensors.
template <class Model> struct Bench {
  ThreadPool pool{2};
  Parameters<Model, Cpu, Float64> parameters{Cpu{&pool}};
  HostMemory memory{Index(1) << 26};
  Bench() { shake(parameters); }
  template <class Body> void pass(const Body& body) {
    Arena arena(memory.data(), memory.size());
    Training<Cpu, Float64> run(Cpu{&pool}, arena, parameters.values(true));
    body(run);
    run.commit([](Index, Index, const double*) {});
  }
  struct Losses {
    double loss, structure, sequence;
  };
  Losses losses(const typename Model::Batch& batch, const DenoisingOptions& options) {
    Losses found{};
    pass([&](auto& run) {
      const auto loss = model_of<Model>.loss(run, batch, options);
      found = {*loss.loss.data(), *loss.structure.data(), *loss.sequence.data()};
    });
    return found;
  }
};

template <class Model>
typename Model::Batch batch_of(const StructureBatch& structures, const std::vector<typename Model::Draw>& draws,
                               const DenoisingOptions& options, const typename Model::Conformer& conformer = {}) {
  auto batch = Model::make_batch();
  Model::corrupt(structures, draws, options, conformer, batch);
  return batch;
}
template <class Model>
std::vector<typename Model::Draw> draws_of(const StructureBatch& structures, const DenoisingOptions& options,
                                           const typename Model::Conformer& conformer = {}, NoiseKey key = {5, 9}) {
  std::vector<typename Model::Draw> draws;
  Model::draw(key, structures, options, conformer, draws);
  return draws;
}

} // namespace

BOOST_AUTO_TEST_SUITE(siamdiff)

BOOST_AUTO_TEST_CASE(contract_of_models) {
  const StepStructures structures, atoms("step_atom_siamdiff");
  ModelContract options{.lengths = {1}, .samples = 120, .same_in_training = false, .step = 1e-7};
  check_model(StructureCase<Siam>{&structures, StructureObjective<Siam>(stage_one)}, options);
  options.step = 1e-5; // its gradients are small, and it has fewer rectifiers
  using Atoms = SiamDiff<AtomEncoder, Torsional>;
  check_model(StructureCase<Atoms>{&atoms, StructureObjective<Atoms>(stage_two)}, options);
}

BOOST_AUTO_TEST_CASE(equal_conformers_make_it_diffpret) {
  const StepStructures structures;
  auto draws = draws_of<Siam>(structures.view(), stage_one);
  std::vector<Single::Draw> alone;
  for (auto& draw : draws) {
    draw.noise[1] = draw.noise[0];
    for (float& x : draw.conformer.shift) x = 0;
    alone.push_back({draw.first_residue, draw.residues, draw.t, draw.masked, {}, {draw.noise[0], {}}});
  }
  Bench<Siam> siam;
  Bench<Single> single;
  const auto a = siam.losses(batch_of<Siam>(structures.view(), draws, stage_one), stage_one);
  const auto b = single.losses(batch_of<Single>(structures.view(), alone, stage_one), stage_one);
  BOOST_CHECK_CLOSE_FRACTION(a.loss, b.loss, 1e-12);
  BOOST_CHECK_CLOSE_FRACTION(a.structure, b.structure, 1e-12);
  BOOST_CHECK_CLOSE_FRACTION(a.sequence, b.sequence, 1e-12);
  BOOST_CHECK_GT(a.structure, 0.1);
}

BOOST_AUTO_TEST_CASE(which_conformer_is_the_first_does_not_matter) {
  using Seen = SiamDiff<Encoder, Observed>; // its second conformer is whatever it is given
  const StepStructures structures;
  const StructureBatch one = structures.one(0);
  const auto drawn = draws_of<Siam>(one, stage_one);
  const auto second = Gaussian{}.apply(one.sources[0], drawn[0].conformer);
  std::vector<Seen::Draw> draws{{0, one.sources[0].residues(), drawn[0].t, drawn[0].masked, {}, drawn[0].noise}};
  const auto forth = batch_of<Seen>(one, draws, stage_one, Observed{second});
  const GraphSource other = with_positions(one.sources[0], second);
  std::swap(draws[0].noise[0], draws[0].noise[1]);
  const auto back = batch_of<Seen>({{&other, 1}, one.records}, draws, stage_one, Observed{one.sources[0].positions});
  BOOST_REQUIRE(forth.clean != back.clean);
  Bench<Seen> bench;
  BOOST_CHECK_CLOSE_FRACTION(bench.losses(forth, stage_one).loss, bench.losses(back, stage_one).loss, 1e-12);
}

BOOST_AUTO_TEST_CASE(gamma_switches_off_noise_or_masks) {
  const StepStructures structures;
  DenoisingOptions types_only = stage_one, noise_only = stage_one;
  types_only.gamma = 0, noise_only.gamma = 1;
  const auto still = batch_of<Siam>(structures.view(), draws_of<Siam>(structures.view(), types_only), types_only);
  BOOST_CHECK(still.noisy == still.clean);
  BOOST_CHECK(!still.masked_type.empty());
  const auto seen = batch_of<Siam>(structures.view(), draws_of<Siam>(structures.view(), noise_only), noise_only);
  BOOST_CHECK(seen.masked_type.empty() && seen.noisy != seen.clean);
  for (std::int32_t column : seen.view().node_columns) BOOST_CHECK_GE(column, 0);
  Bench<Siam> bench;
  const auto a = bench.losses(still, types_only), b = bench.losses(seen, noise_only);
  BOOST_CHECK_EQUAL(a.structure, 0.0);
  BOOST_CHECK_CLOSE_FRACTION(a.loss, a.sequence, 1e-15);
  BOOST_CHECK_EQUAL(b.sequence, 0.0);
  BOOST_CHECK_CLOSE_FRACTION(b.loss, b.structure, 1e-15);
  // With both, the total is their weighted sum.
  DenoisingOptions both = stage_one;
  both.gamma = 0.2;
  const auto c = bench.losses(batch_of<Siam>(structures.view(), draws_of<Siam>(structures.view(), both), both), both);
  BOOST_CHECK_CLOSE_FRACTION(c.loss, 0.2 * c.structure + 0.8 * c.sequence, 1e-12);
}

BOOST_AUTO_TEST_CASE(each_conformer_is_denoised_by_the_other) {
  const StepStructures structures;
  const auto batch = batch_of<Siam>(structures.view(), draws_of<Siam>(structures.view(), stage_one), stage_one);
  const Index nodes = batch.graphs.node_count(), half = nodes / 2;
  Bench<Siam> bench;
  for (int side : {0, 1}) {
    const std::vector<double> weights{side == 0 ? 1.0 : 0.0, side == 0 ? 1.0 : 0.0, side == 1 ? 1.0 : 0.0, side == 1 ? 1.0 : 0.0};
    bench.pass([&](auto& run) {
      using Run = std::remove_reference_t<decltype(run)>;
      const auto z = fill<Run, Siam::width, Residue>(run, values_of(nodes * Siam::width, 3));
      run.want(z);
      const auto x = coordinates<Residue>(run, std::span<const double>(batch.noisy));
      const auto error = score_error(run, batch, model_of<Siam>.scores(run, batch, z), x, Siam::loops, weights);
      run.backward(error.loss);
      const auto gradient = dense_of(run.gradient_of(z));
      double squares[2] = {0, 0};
      for (std::size_t i = 0; i < gradient.size(); ++i)
        squares[i < std::size_t(half * Siam::width) ? 0 : 1] += gradient[i] * gradient[i];
      BOOST_CHECK_EQUAL(squares[side], 0.0);
      BOOST_CHECK_GT(squares[1 - side], 1e-9);
    });
  }
}

BOOST_AUTO_TEST_CASE(the_loss_does_not_see_where_the_structure_lies) {
  const StepStructures structures;
  auto batch = batch_of<Siam>(structures.view(), draws_of<Siam>(structures.view(), stage_one), stage_one);
  Bench<Siam> bench;
  const double still = bench.losses(batch, stage_one).loss;
  const auto clean = batch.clean, noise = batch.noise;
  for (double sign : {1.0, -1.0}) {
    const auto q = orthogonal(17, sign);
    batch.clean = turned(clean, 1, q, {5, -3, 11}), batch.noise = turned(noise, 1, q);
    batch.finish();
    BOOST_CHECK_CLOSE_FRACTION(bench.losses(batch, stage_one).loss, still, 1e-9);
  }
}

BOOST_AUTO_TEST_CASE(perfect_and_uniform_predictions) {
  const StepStructures structures;
  const auto batch = batch_of<Siam>(structures.view(), draws_of<Siam>(structures.view(), stage_one), stage_one);
  Bench<Siam> bench;
  bench.pass([&](auto& run) {
    const auto x = coordinates<Residue>(run, std::span<const double>(batch.noisy));
    BOOST_CHECK_EQUAL(*score_error(run, batch, column<Pair>(run, batch.pair_score), x, Siam::loops).loss.data(), 0.0);
  });
  for (const TensorPlace& place : bench.parameters.tensors())
    if (place.name.starts_with("sequence_head.layers.2."))
      std::fill_n(bench.parameters.data(place), place.rows * stride_of(place.columns), 0.0);
  bench.parameters.changed();
  BOOST_CHECK_CLOSE_FRACTION(bench.losses(batch, stage_one).sequence, std::log(20.0), 1e-12);
}

BOOST_AUTO_TEST_SUITE_END()
