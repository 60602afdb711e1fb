// A training step on warm memory allocates nothing: not in draws, plans, ops, metrics, the optimiser or the average.

#include <boost/test/unit_test.hpp>

#include "support/allocations.hpp"

#include <pleat/backend/cpu.hpp>
#include <pleat/encoders/gearnet.hpp>
#include <pleat/session/train.hpp>
#include <pleat/train/structure_objective.hpp>

#if PLEAT_TEST_COUNTS_MALLOC

using namespace pleat;

namespace {

inline constexpr Shape small{1, 16, 2, 24};
template <class Bottleneck> using Small = Autoencoder<Transformer<small>, Bottleneck, Decoder<small>>;
using Normed = Small<TokenNorm<TokenNormPolicy{.form = TokenNormForm::Layer}>>;

template <class Objective> long allocations_of_a_warm_step(int threads) {
  ThreadPool pool(threads);
  TrainSession<Objective, Cpu> session(Cpu{&pool}, Objective{});
  session.parameters().initialise(3);
  session.start_average({.decay = 0.9});
  std::vector<OwnedBatch> batches(2);
  Philox draws(1, 2);
  for (Index length : {300, 7, 0, 350}) {
    std::vector<std::uint8_t> tokens;
    for (Index i = 0; i < length; ++i) tokens.push_back(static_cast<std::uint8_t>(4 + draws.index(20)));
    batches[0].add(tokens, static_cast<std::uint32_t>(length));
    batches[1].add(std::span(tokens).first(static_cast<std::size_t>(length / 2)), static_cast<std::uint32_t>(length + 1));
  }
  long before = 0;
  for (std::uint64_t step = 0; step < 4; ++step) { // self-conditioning and masks differ from step to step
    before = allocations;
    BOOST_REQUIRE(session.step(batches, 7, step, 1e-3).finite);
  }
  return allocations - before;
}

// Draws of structures are made on the host and use the heap; the pass that reads them does not.
using Siam = SiamDiff<GearNetEdge<ResidueGraph, Shape{.layers = 2, .width = 8}>, Gaussian>;
struct DrawnOnce : StructureObjective<Siam> {
  void draw(NoiseKey key, const StructureBatch& batch, std::size_t part = 0) {
    if (draws().empty()) StructureObjective<Siam>::draw(key, batch, part);
  }
};
long allocations_of_a_warm_structure_step(int threads) {
  Structure chain;
  chain.chains.push_back({"A", 0, 40});
  for (int i = 0; i < 40; ++i) {
    chain.positions.push_back(
        Position::angstrom(2.3f * std::cos(1.745f * float(i)), 2.3f * std::sin(1.745f * float(i)), 1.5f * float(i)));
    chain.elements.push_back(6), chain.names.push_back(atom_ca), chain.atom_residues.push_back(i);
    chain.types.push_back(std::uint8_t(i % 20)), chain.residue_chains.push_back(0), chain.labels.emplace_back();
  }
  ThreadPool pool(threads);
  TrainSession<DrawnOnce, Cpu> session(Cpu{&pool}, DrawnOnce{});
  session.parameters().initialise(3);
  std::vector<OwnedStructures> batches(1);
  batches[0].add(chain, 1), batches[0].add(chain, 2);
  long before = 0;
  for (std::uint64_t step = 0; step < 4; ++step) {
    before = allocations;
    BOOST_REQUIRE(session.step(batches, 7, step, 1e-3).finite);
  }
  return allocations - before;
}

} // namespace

BOOST_AUTO_TEST_SUITE(no_allocation)

BOOST_AUTO_TEST_CASE(a_warm_step_allocates_nothing) {
  for (int threads : {1, 3}) {
    BOOST_TEST(allocations_of_a_warm_step<AutoencoderObjective<Small<NoiseMask<>>>>(threads) == 0);
    BOOST_TEST(allocations_of_a_warm_step<AutoencoderObjective<Small<Masking<>>>>(threads) == 0);
    BOOST_TEST(allocations_of_a_warm_step<AutoencoderObjective<Small<TokenNorm<>>>>(threads) == 0);
    BOOST_TEST(allocations_of_a_warm_step<AutoencoderObjective<Normed>>(threads) == 0);
    BOOST_TEST((
        allocations_of_a_warm_step<DiffusionObjective<LatentDiffusion<Normed, Denoiser<small>>, ReducibleLoss<>>>(threads) == 0));
  }
}

BOOST_AUTO_TEST_CASE(a_warm_pass_over_structures_allocates_nothing) {
  for (int threads : {1, 3}) BOOST_TEST(allocations_of_a_warm_structure_step(threads) == 0);
}

BOOST_AUTO_TEST_SUITE_END()

#endif
