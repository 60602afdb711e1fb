// Diffusion on the latents of a frozen encoder of structures: gradients, training, readings, and what it is held against.

#include "support/benchmark_complex.hpp"
#include "support/model_contract.hpp"
#include "support/refusal.hpp"
#include "support/structures.hpp"

#include <cstring>
#include <filesystem>
#include <functional>
#include <unistd.h>

#include <pleat/backend/cpu/dense_algebra.hpp>
#include <pleat/data/graph_set.hpp>
#include <pleat/encoders/gearnet.hpp>
#include <pleat/eval/gaussian_floor.hpp>
#include <pleat/session/encode_graphs.hpp>
#include <pleat/session/latent_statistics.hpp>
#include <pleat/session/read_graphs.hpp>
#include <pleat/session/train.hpp>
#include <pleat/session/velocity_loss.hpp>
#include <pleat/train/trainer.hpp>

using namespace pleat;
using namespace contract;

namespace {

using Encoder = GearNetEdge<ResidueGraph, Shape{.layers = 2, .width = 6}>;
using Model = LatentDiffusion<StructureLatents<Encoder>, Denoiser<Shape{2, 12, 2, 20}>>;
using Session = TrainSession<DiffusionObjective<Model>, Cpu>;
using Reader = ReadGraphsSession<Model, Cpu>;
static_assert(std::is_same_v<Session::Batch, OwnedGraphs<ResidueGraph>>);

const LoadedComplex& complex() {
  static const LoadedComplex shared = structures::shipped_complex("1EFN");
  return shared;
}
const GraphSet<ResidueGraph>& set() {
  static const GraphSet<ResidueGraph> shared = [] {
    StructureSet all;
    for (const Structure& s : complex().bound) all.add(s);
    return GraphSet<ResidueGraph>(std::move(all));
  }();
  return shared;
}
OwnedGraphs<ResidueGraph> graphs(std::vector<Index> records) {
  BatchPieces pieces;
  pieces.records = std::move(records);
  return owned_batch(set(), pieces);
}

// The objective where the contract of models hands over sequences.
struct GraphCase {
  using Model = ::Model;
  const OwnedGraphs<ResidueGraph>* batch;
  DiffusionObjective<Model> inner;
  void draw(NoiseKey key, const SequenceBatch&) { inner.draw(key, batch->view()); }
  template <class Context> auto loss(Context& run, const SequenceBatch&) const { return inner.loss(run, batch->view()); }
};

template <class Params> std::vector<float> store_of(const Params& parameters, Store s) {
  return {parameters.store(s), parameters.store(s) + parameters.size(s)};
}
bool same_bytes(std::span<const float> a, std::span<const float> b) {
  return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0);
}
// Latents that are Gaussian, and anew in every step: a linear map of noise.
struct GaussianNodes {
  using Input = GraphBatch;
  using Graphs = ResidueGraph;
  static constexpr Index width = 8;
  Linear<8, 8> map;
  constexpr explicit GaussianNodes(Layout at) : map(at / "map") {}
  template <class Context> constexpr Rows<Context, 8> operator()(Context& run, const GraphBatch& batch) const {
    return map(run, normal_rows<8>(run, noise_rows(batch)));
  }
};

} // namespace

BOOST_AUTO_TEST_SUITE(structure_latents)

BOOST_AUTO_TEST_CASE(contract_of_models) {
  OwnedGraphs<ResidueGraph> few;
  const auto a = structures::helix(9), b = structures::cloud(14, 12, 5);
  few.add(a.source(), 4), few.add(b.source(), 9);
  check_model(GraphCase{&few, {}}, {.samples = 200});
}

BOOST_AUTO_TEST_CASE(training_moves_the_denoiser_only_and_threads_change_nothing) {
  std::vector<float> trained[2];
  for (const int threads : {1, 3}) {
    ThreadPool pool(threads);
    Session session(Cpu{&pool});
    session.parameters().initialise(4);
    BOOST_TEST(fit_standardiser(session, set(), {4096, 0, 1}, 100'000) == set().residues());
    const auto encoder = store_of(session.parameters(), Store::Frozen), state = store_of(session.parameters(), Store::State),
               before = store_of(session.parameters(), Store::Trained);
    const std::vector<OwnedGraphs<ResidueGraph>> batches{graphs({0}), graphs({1})};
    for (std::uint64_t step = 0; step < 3; ++step) BOOST_TEST(session.step(batches, 7, step, 1e-2).finite);
    BOOST_TEST(same_bytes(store_of(session.parameters(), Store::Frozen), encoder));
    BOOST_TEST(same_bytes(store_of(session.parameters(), Store::State), state));
    BOOST_TEST(!same_bytes(store_of(session.parameters(), Store::Trained), before));
    trained[threads == 1 ? 0 : 1] = store_of(session.parameters(), Store::Trained);
  }
  BOOST_TEST(same_bytes(trained[0], trained[1]));
}

BOOST_AUTO_TEST_CASE(the_loss_falls) {
  ThreadPool pool(2);
  Session session(Cpu{&pool});
  session.parameters().initialise(4);
  fit_standardiser(session, set(), {4096, 0, 1}, 100'000);
  const std::vector<OwnedGraphs<ResidueGraph>> batches{graphs({0, 1})};
  const double fresh = velocity_loss(session, batches, 0.5, {3, 0});
  for (std::uint64_t step = 0; step < 60; ++step) session.step(batches, 7, step, 1e-2);
  const double after = velocity_loss(session, batches, 0.5, {3, 0});
  BOOST_TEST(fresh < 1.05); // 1 on standardised latents, or less where a channel never varies
  BOOST_TEST(after < 0.9 * fresh);
}

BOOST_AUTO_TEST_CASE(readings) {
  ThreadPool pool(1), more(3);
  Reader one(Cpu{&pool}, 2), three(Cpu{&more}, 2);
  contract::shake(one.parameters());
  three.copy_values(one.parameters());
  const auto both = graphs({0, 1}), first = graphs({0}), second = graphs({1});
  const GraphBatch together[] = {both.view()}, apart[] = {first.view(), second.view()};

  // The encoder's own rows.
  EncodeGraphsSession<Encoder, Cpu> plain(Cpu{&pool});
  for (const TensorPlace& to : plain.parameters().tensors())
    for (const TensorPlace& from : one.parameters().tensors())
      if (from.name == "autoencoder.encoder." + to.name)
        std::copy_n(one.parameters().data(from), to.rows * stride_of(to.columns), plain.parameters().data(to));
  plain.parameters().changed();
  const Ragged z = one.represent(together, {});
  BOOST_TEST(same_bytes(z.rows, plain.encode(both.view()).nodes.rows));

  // Any company, any number of threads.
  std::vector<ReadOptions> asked;
  for (const Reading reading : {Reading::V, Reading::EpsHat, Reading::Denoised, Reading::Score})
    asked.push_back({{reading, 0}, 0.4, ReadingInput::Clean, 1});
  asked.push_back({{Reading::Hidden, 1}, 0.4, ReadingInput::Clean, 1});
  asked.push_back({{Reading::EpsHat, 0}, 0.4, ReadingInput::Noised, 3});
  std::vector<std::vector<float>> rows;
  for (const ReadOptions& reading : asked) {
    const Ragged alone = one.represent(apart, reading);
    BOOST_TEST(same_bytes(alone.rows, three.represent(together, reading).rows));
    BOOST_TEST(alone.sequences() == 2);
    rows.push_back(alone.rows);
  }
  three.read(together, asked, [&](Index graph, Index reading, std::span<const float> got) { // beside each other
    const auto& all = rows[std::size_t(reading)];
    const std::size_t begin = std::size_t(graph == 0 ? 0 : z.offsets[1] * z.width);
    BOOST_TEST(same_bytes(got, std::span(all).subspan(begin, got.size())));
  });
  // score = -eps_hat / sigma
  const double sigma = noise_level(CosineSchedule{}, 0.4).sigma;
  for (std::size_t i = 0; i < rows[1].size(); ++i) BOOST_TEST(std::abs(rows[3][i] + rows[1][i] / float(sigma)) < 1e-4f);

  // t = 0: the estimate of the clean latents is the standardised latent itself, and eps_hat is v_hat.
  const Ragged denoised = one.represent(together, {{Reading::Denoised, 0}, 0.0, ReadingInput::Clean, 1});
  const Ragged eps = one.represent(together, {{Reading::EpsHat, 0}, 0.0, ReadingInput::Clean, 1});
  const Ragged v = one.represent(together, {{Reading::V, 0}, 0.0, ReadingInput::Clean, 1});
  BOOST_TEST(same_bytes(eps.rows, v.rows));
  const float* state = one.parameters().store(Store::State);
  for (std::size_t i = 0; i < z.rows.size(); ++i) {
    const auto c = static_cast<Index>(i) % Model::width;
    const float standardised = (z.rows[i] - state[model_of<Model>.mean.offset + c]) / state[model_of<Model>.deviation.offset + c];
    BOOST_TEST(std::abs(denoised.rows[i] - standardised) <= 1e-5f * (1 + std::abs(standardised)));
  }
}

BOOST_AUTO_TEST_CASE(what_does_not_exist_is_refused_in_one_sentence) {
  ThreadPool pool(1);
  Reader reader(Cpu{&pool});
  reader.parameters().initialise(1);
  const auto batch = graphs({0});
  const GraphBatch views[] = {batch.view()};
  const auto refused = [&](const ReadOptions& reading) { return refusal([&] { reader.represent(views, reading); }); };
  BOOST_TEST(refused({{Reading::Score, 0}, 0.0, ReadingInput::Clean, 1}) ==
             "reading score at t = 0: " + std::string(detail::score_refusal));
  BOOST_TEST(refused({{Reading::Hidden, 3}, 0.3, ReadingInput::Clean, 1}) == "reading hidden:3: the denoiser has blocks 1 to 2.");
  BOOST_TEST(refused({{Reading::V, 0}, 1.5, ReadingInput::Clean, 1}).starts_with("diffusion time t = 1.5 is outside [0, 1]"));

  OwnedGraphs<AtomGraph> atoms;
  atoms.add(graph_source(complex().bound[0]));
  const GraphBatch wrong[] = {atoms.view()};
  BOOST_TEST(
      refusal([&] { reader.represent(wrong, {}); }).starts_with("these graphs are none that a model of the residue graph reads"));

  Session session(Cpu{&pool});
  BOOST_TEST(refusal([&] { velocity_loss(session, {}, 0.5, {}); }) ==
             "v-loss at t = 0.5: there is no row to measure it on; give batches that are not empty.");
}

BOOST_AUTO_TEST_CASE(the_encoder_of_a_pre_training) {
  ThreadPool pool(1);
  EncodeGraphsSession<Encoder, Cpu> whole(Cpu{&pool});
  struct Pretrained { // an encoder and something else
    Encoder encoder;
    Linear<12, 3> head;
    constexpr explicit Pretrained(Layout at) : encoder(at / "encoder"), head(at / "head") {}
  };
  Parameters<Pretrained, Cpu> from(Cpu{&pool});
  from.initialise(8);
  const std::string path = (std::filesystem::temp_directory_path() / ("pleat_latents_" + std::to_string(::getpid()))).string();
  save_checkpoint(path, {"test", Json::object(), Json::object(), {}}, from, nullptr);
  {
    const Safetensors file = Safetensors::open(path);
    Reader reader(Cpu{&pool});
    load_part(file, reader.parameters(), "autoencoder.encoder.", "autoencoder.");
    for (const TensorPlace& to : reader.parameters().tensors())
      for (const TensorPlace& place : from.tensors())
        if (to.name == "autoencoder." + place.name)
          BOOST_TEST(
              same_bytes({reader.parameters().data(to), std::size_t(to.columns)}, {from.data(place), std::size_t(to.columns)}));
    BOOST_TEST(refusal([&] {
                 load_part(file, reader.parameters(), "autoencoder.encoder.");
               }).starts_with(path + ": does not hold autoencoder.encoder.layers.0."));
    BOOST_TEST(refusal([&] { load_part(file, reader.parameters(), "encoder.", "autoencoder."); }) ==
               "the part \"encoder.\" does not lie within \"autoencoder.\"; name one that does.");
  }
  std::filesystem::remove(path);
}

// A run that is cut at its second step and continued ends with the same bytes, and its checkpoint is read.
BOOST_AUTO_TEST_CASE(a_run_goes_on_bit_for_bit) {
  const auto folder = std::filesystem::temp_directory_path() / ("pleat_latents_run_" + std::to_string(::getpid()));
  std::filesystem::remove_all(folder);
  const auto run = [&](const char* name, std::initializer_list<Index> stops) {
    std::vector<float> values;
    for (const Index stop : stops) {
      ThreadPool pool(2);
      Session session(Cpu{&pool});
      session.parameters().initialise(2);
      const TrainerOptions options{
          .steps = 4, .budget = 400, .crop = 0, .peak_rate = 1e-3, .warm_up = 2, .validate_every = 2, .checkpoint_every = 1};
      struct Stop {};
      Trainer trainer(session, set(), set(), (folder / name).string(), options, [] { return CheckpointInfo{"latents"}; });
      try {
        trainer.run([&](const Progress& p) {
          if (p.step > stop) throw Stop{};
        });
      } catch (const Stop&) {
      }
      values = store_of(session.parameters(), Store::Trained);
    }
    return values;
  };
  const auto whole = run("whole", {4}), cut = run("cut", {2, 4});
  BOOST_TEST((whole == cut));
  ThreadPool pool(1);
  Reader reader(Cpu{&pool});
  reader.load(Safetensors::open((folder / "cut" / "model.safetensors").string()));
  BOOST_TEST((store_of(reader.parameters(), Store::Trained) == whole));
  std::filesystem::remove_all(folder);
}

BOOST_AUTO_TEST_CASE(no_denoiser_goes_below_the_gaussian_floor) {
  using Drawn = LatentDiffusion<StructureLatents<GaussianNodes>, Denoiser<Shape{2, 8, 2, 32}>>;
  ThreadPool pool(2);
  TrainSession<DiffusionObjective<Drawn>, Cpu> session(Cpu{&pool});
  session.parameters().initialise(2);
  // Pairs of channels with the correlation 0.95 and variance 1.
  std::vector<double> covariance(64), values(8), vectors(64);
  for (const TensorPlace& place : session.parameters().tensors()) {
    if (place.name == "autoencoder.encoder.map.bias") std::fill_n(session.parameters().data(place), 8, 0.0f);
    if (place.name != "autoencoder.encoder.map.weight") continue;
    for (Index i = 0; i < 8; ++i)
      for (Index j = 0; j < 8; ++j)
        session.parameters().data(place)[i * stride_of(8) + j] = i == j ? (i % 2 == 0 ? 1.0f : float(std::sqrt(1 - 0.95 * 0.95)))
                                                                 : i % 2 == 1 && j == i - 1 ? 0.95f
                                                                                            : 0.0f;
  }
  session.parameters().changed();
  for (std::size_t i = 0; i < 8; ++i) covariance[9 * i] = 1, covariance[8 * i + (i ^ 1u)] = 0.95;
  BOOST_REQUIRE(symmetric_eigen(Cpu{&pool}, 8, covariance.data(), values.data(), vectors.data()));

  std::vector<structures::Arrays> helices;
  std::vector<OwnedGraphs<ResidueGraph>> batches(1), held(1);
  for (std::uint32_t g = 0; g < 64; ++g) {
    helices.push_back(structures::helix(16));
    (g < 32 ? batches : held)[0].add(helices.back().source(), g);
  }
  for (std::uint64_t step = 0; step < 600; ++step) session.step(batches, 5, step, step < 400 ? 1e-2 : 2e-3);
  for (const double t : {0.25, 0.5, 0.75}) {
    double floor = 0, loss = 0;
    for (const double v : values) floor += gaussian_v_loss(v, noise_level(CosineSchedule{}, t)) / 8;
    for (std::uint64_t k = 0; k < 8; ++k) loss += velocity_loss(session, held, t, {99, k}) / 8; // 32,768 numbers
    BOOST_TEST_CONTEXT("t " << t << ", floor " << floor << ", loss " << loss) {
      BOOST_TEST(loss > floor * 0.97);              // below it by chance only
      BOOST_TEST(loss < floor + 0.5 * (1 - floor)); // and it has learnt
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
