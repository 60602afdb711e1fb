// Trains and reads generated models. Exit status: 0 all is well, and where there is no GPU that was one sentence.
#include <cmath>
#include <cstdio>
#include <cstring>
#include <iterator>

#include <models_sessions.hpp>
#include <pleat/data/graph_set.hpp>
#include <pleat/session/latent_statistics.hpp>
#include <pleat/session/velocity_loss.hpp>
#include <small_sessions.hpp>
#include <together_sessions.hpp>
#if WITH_CUDA
#include <rounded_sessions.hpp>
#endif

#if defined(EIGEN_WORLD_VERSION) || defined(__CUDA_RUNTIME_H__)
#error "the header of generated sessions shows Eigen or CUDA to the host program"
#endif

// What was generated, in the words of the project.
static_assert(pleat::has_session(small_manifest, "EncodeSession", "mine::Narrow", "cpu", "Float32"));
static_assert(pleat::has_session(small_manifest, "EncodeGraphsSession", "mine::Encoder", "cpu"));
static_assert(pleat::has_session(models_manifest, "TrainSession", "mine::Siamese", "cpu"));
static_assert(pleat::has_session(together_manifest, "ReadGraphsSession", "mine::Density", "cpu"));
static_assert(!pleat::has_session(models_manifest, "TrainSession", "mine::Narrow", "cpu"));
static_assert(std::size(small_manifest) == (WITH_CUDA ? 6 : 3));
#if WITH_CUDA
static_assert(rounded_manifest[0] == pleat::GeneratedSession{"TrainSession", "mine::Narrow", "cuda", "Bf16", "90"});
static_assert(small_manifest[3].architectures.starts_with("80-real,90"));
#endif

// Library functions that run passes of their own.
template <class Session, class Set> void measure(Session& diffusion, const Set& set) {
  const pleat::Index used = pleat::fit_standardiser(diffusion, set, {.budget = 100}, 1000);
  pleat::require(used == set.residues(), "the standardiser saw ", used, " of ", set.residues(), " residues.");
  typename Session::Batch batch = owned_batch(set, pleat::BatchPlan(set.lengths(), {.budget = 1000}).batch(0));
  const double loss = pleat::velocity_loss(diffusion, std::span<const typename Session::Batch>(&batch, 1), 0.5, {1, 2});
  pleat::require(loss > 0 && loss < 100, "the v-loss is ", loss, ".");
}

std::vector<pleat::OwnedBatch> batch_of_made_up_sequences() {
  std::vector<pleat::OwnedBatch> batches(1);
  for (std::uint32_t s = 0; s < 8; ++s) {
    std::vector<std::uint8_t> tokens;
    for (std::uint32_t i = 0; i < 20 + 3 * s; ++i) tokens.push_back(static_cast<std::uint8_t>(4 + i * (s + 1) % 20));
    batches[0].add(tokens, s);
  }
  return batches;
}
template <class Session> void learn(Session& training) {
  const auto batches = batch_of_made_up_sequences();
  double first = 0, last = 0;
  for (std::uint64_t step = 0; step < 30; ++step) {
    const pleat::StepResult result = training.step(batches, 1, step, 3e-3);
    pleat::require(result.finite, "the gradients of step ", step, " are not finite.");
    (step == 0 ? first : last) = result.metrics.value("loss");
  }
  pleat::require(last < first, "the loss went from ", first, " to ", last, ": nothing was learnt.");
  std::printf("%s: loss %.4f -> %.4f\n", Session::Device::name, first, last);
}

template <class Model, class Device> void train(const Device& device) {
  pleat::TrainSession<pleat::ObjectiveOf<Model>, Device> training(device);
  training.parameters().initialise(1);
  if constexpr (requires { typename Model::Schedule; }) {
    pleat::SequenceSet set;
    for (const char* letters : {"MKTAYIAKQRQISFVKSHFSRQ", "GLSDGEWQLVLNVWGKVEADIPGHGQEV"}) set.add("chain", letters);
    measure(training, set);
  }
  learn(training);

  pleat::EncodeSession<Model, Device> encoding(device);
  encoding.copy_values(training.parameters());
  const auto tokens = std::vector<std::uint8_t>{5, 6, 7, 8, 9};
  const pleat::CheckPair one = encoding.check_pair(tokens), again = encoding.check_pair(tokens);
  pleat::require(!one.rows.empty() && one.rows == again.rows, "the same sequence had other rows the second time.");
  pleat::require(pleat::relative_difference(pleat::check_pair(training, tokens).rows, one.rows) < 1e-5,
                 "the two sessions make something else of the same sequence.");
  std::printf("%s: %zu numbers of rows\n", Device::name, one.rows.size());
}

// A helix that is nowhere quite regular, C-alphas only.
pleat::Structure helix(pleat::Index residues) {
  pleat::Structure s;
  s.name = "helix";
  for (pleat::Index r = 0; r < residues; ++r) {
    const double turn = 1.7453 * static_cast<double>(r), at = static_cast<double>(r);
    s.positions.push_back(pleat::Position::angstrom(static_cast<float>(2.3 * std::cos(turn) + 0.2 * std::sin(at * at)),
                                                    static_cast<float>(2.3 * std::sin(turn)), static_cast<float>(1.5 * at)));
    s.elements.push_back(6), s.names.push_back(pleat::atom_ca), s.atom_residues.push_back(r);
    s.types.push_back(static_cast<std::uint8_t>(r % 20));
  }
  s.residue_chains.assign(s.types.size(), 0), s.labels.resize(s.types.size());
  s.chains.push_back({"A", 0, residues});
  return s;
}
template <class Device> void train_structures(const Device& device) {
  pleat::TrainSession<mine::Siamese, Device> training(device);
  training.parameters().initialise(1);
  std::vector<pleat::OwnedStructures> batches(1);
  batches[0].add(std::make_shared<const pleat::Structure>(helix(30)), 0);
  for (std::uint64_t step = 0; step < 3; ++step)
    pleat::require(training.step(batches, 1, step, 1e-3).finite, "the gradients of step ", step, " are not finite.");
  pleat::EncodeGraphsSession<mine::Encoder, Device> encoding(device);
  encoding.parameters().initialise(2);
  const std::vector<pleat::Structure> structures{helix(30), helix(40)};
  const auto rows = encoding.encode(std::span(structures));
  pleat::require(rows.nodes.offsets.back() == 70, "70 residues have ", rows.nodes.offsets.back(), " rows.");

  using Graphs = typename mine::Encoder::Graphs;
  pleat::LabelledStructures units;
  units.add({.length = 30, .items = 2, .make = [] {
               return pleat::LabelledUnit{{std::make_shared<const pleat::Structure>(helix(30))},
                                          {{{{.residue = 3}}, 1}, {{{.residue = 20}}, 0}}};
             }});
  pleat::TrainSession<mine::Sites, Device> task(device);
  task.parameters().initialise(3);
  const auto outputs = pleat::task_outputs(task, pleat::LabelledSet<Graphs>(units));
  pleat::require(outputs.size() == 4, "2 items of 2 classes have ", outputs.size(), " outputs.");

  pleat::StructureSet set;
  for (const pleat::Index residues : {30, 40}) set.add(helix(residues));
  pleat::TrainSession<mine::DensityObjective, Device> density(device);
  density.parameters().initialise(4);
  measure(density, pleat::GraphSet<Graphs>(set));
  pleat::ReadGraphsSession<mine::Density, Device> reading(device);
  reading.copy_values(density.parameters());
  pleat::OwnedGraphs<Graphs> graphs;
  graphs.add(pleat::graph_source(structures[0]), 0);
  const pleat::GraphBatch batch = graphs.view();
  const pleat::Ragged read = reading.represent({&batch, 1}, {});
  pleat::require(read.offsets.back() == 30, "30 residues have ", read.offsets.back(), " rows of the density.");
  std::printf("%s: %zu outputs, %lld rows\n", Device::name, outputs.size(), static_cast<long long>(read.offsets.back()));
}

int main() try {
  pleat::ThreadPool pool(2);
  train<mine::Narrow>(pleat::Cpu{&pool});
  train<mine::Prior>(pleat::Cpu{&pool});
  train_structures(pleat::Cpu{&pool});
#if WITH_CUDA
  try {
    train<mine::Narrow>(pleat::Cuda{});
    pleat::TrainSession<pleat::ObjectiveOf<mine::Narrow>, pleat::Cuda, pleat::Bf16> rounded(pleat::Cuda{});
    rounded.parameters().initialise(1);
    learn(rounded);
    train<mine::Prior>(pleat::Cuda{});
    train_structures(pleat::Cuda{});
  } catch (const pleat::Error& error) {
    std::puts(error.what());
    if (std::strstr(error.what(), "there is no NVIDIA GPU") == nullptr) return 1;
  }
#endif
} catch (const pleat::Error& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
