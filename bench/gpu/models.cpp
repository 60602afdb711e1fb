// Training steps and encoding of whole models on a GPU, by generated sessions. Lines `row|model|what|tokens|milliseconds|by` are
// what bench/gpu.sh sets beside those of PyTorch. Times are of whole calls, from numbers of the host to numbers of the host.
//
//   bench_gpu_models [--dump FOLDER]     FOLDER: the batch of the structure encoder, as .npy, for bench/peer_gearnet.py

#include <bench_gpu_models_large_sessions.hpp>
#include <bench_gpu_models_small_sessions.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <string>

#include <pleat/data/graph_batch.hpp>
#include <pleat/io/npy.hpp>

#include "support/structures.hpp"

using namespace pleat;

namespace {

/// The first proteins of 128 ... 512 residues, up to `residues` in all: those of bench/peer_transformer.py.
SequenceSet proteins(Index residues) {
  FileSource source("data/proteins.fasta");
  const auto all = SequenceSet::from_fasta(source);
  SequenceSet some;
  Index left = residues;
  for (Index i = 0; i < all.size() && left >= 128; ++i) {
    if (all.length(i) < 128 || all.length(i) > std::min(Index{512}, left)) continue;
    some.add_tokens(std::to_string(i), all.tokens(i));
    left -= all.length(i);
  }
  return some;
}
OwnedBatch batch_of(const SequenceSet& set) {
  OwnedBatch batch;
  for (Index i = 0; i < set.size(); ++i) batch.add(set.tokens(i), std::uint32_t(i));
  return batch;
}

/// Median milliseconds after some calls that make graphs and choose algorithms.
template <class Body> double milliseconds(const Body& body) {
  for (int i = 0; i < 4; ++i) body();
  std::vector<double> times;
  for (double spent = 0; times.size() < 7 || (spent < 700 && times.size() < 101); spent += times.back()) {
    const auto start = std::chrono::steady_clock::now();
    body();
    times.push_back(std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count());
  }
  std::nth_element(times.begin(), times.begin() + std::ptrdiff_t(times.size() / 2), times.end());
  return times[times.size() / 2];
}
void row(const char* model, const char* what, Index tokens, double ms, const char* by) {
  std::printf("row|%s|%s|%lld|%.4f|%s\n", model, what, static_cast<long long>(tokens), ms, by);
  std::fflush(stdout);
}

template <class Objective, class Precision, class Batch> void train(const char* name, const Batch& batch, Index tokens) {
  TrainSession<Objective, Cuda, Precision> session(Cuda{});
  session.parameters().initialise(1);
  std::uint64_t step = 0;
  double loss = 0;
  const double ms = milliseconds([&] {
    const StepResult result = session.step({&batch, 1}, 1, step++, 1e-4);
    require(result.finite, name, ": the gradients of step ", step, " are not finite.");
    loss = result.metrics.value("loss");
  });
  row(name, "train", tokens, ms, Precision::name);
  require(std::isfinite(loss), name, ": the loss is not finite.");
}
template <class Model, class Precision> void encode(const char* name, const SequenceSet& set) {
  EncodeSession<Model, Cuda, Precision> session(Cuda{});
  session.parameters().initialise(1);
  row(name, "encode", set.residues(), milliseconds([&] { (void)session.encode(set); }), Precision::name);
}

Structure protein(const structures::Arrays& a) {
  Structure s;
  s.name = "103L";
  for (std::size_t i = 0; i < a.element.size(); ++i)
    s.positions.push_back(Position::angstrom(a.positions[3 * i], a.positions[3 * i + 1], a.positions[3 * i + 2]));
  s.elements = a.element, s.names = a.atom_name, s.atom_residues = a.atom_residue, s.types = a.residue_type;
  s.residue_chains.assign(s.types.size(), 0), s.labels.resize(s.types.size());
  s.chains.push_back({"A", 0, s.residues()});
  return s;
}
/// The graph of all structures of the batch as bench/peer_gearnet.py reads it.
void dump(const std::string& folder, const Structure& structure, Index count) {
  OwnedGraphs<AtomGraph> graphs;
  for (Index i = 0; i < count; ++i) graphs.add(graph_source(structure), std::uint32_t(i));
  const auto batch = graphs.view();
  const auto write = [&](const char* what, Index width, const auto& values) {
    NpyWriter to(folder + "/atom_" + std::to_string(count * structure.residues()) + "_" + what + ".npy", width);
    std::vector<float> numbers(values.begin(), values.end());
    to.write(numbers.data(), Index(numbers.size()));
    to.finish();
  };
  write("positions", 3, batch.positions);
  write("source", 0, batch.topology.source), write("target", 0, batch.topology.target);
  write("relation", 0, batch.topology.relation);
  write("nodes", AtomGraph::node_columns, batch.node_columns), write("edges", AtomGraph::edge_columns, batch.edge_columns);
}

// One line for each precision.
template <class Objective, class Batch> void train_all(const char* name, const Batch& batch, Index tokens) {
  train<Objective, Float32>(name, batch, tokens);
  train<Objective, Bf16>(name, batch, tokens);
}
template <class Model> void sequences(const char* name, Index residues) {
  const SequenceSet set = proteins(residues);
  encode<Model, Float32>(name, set);
  encode<Model, Bf16>(name, set);
  train_all<ObjectiveOf<Model>>(name, batch_of(set), set.residues());
}

} // namespace

int main(int argc, char** argv) try {
  if (argc == 2 && std::strcmp(argv[1], "--help") == 0) return std::puts("bench_gpu_models [--dump FOLDER | --dry]") < 0;
  constexpr Index structures_of_a_batch = 8;
  const Structure structure =
      protein(structures::read_atoms(Safetensors::open("data/golden/graphs/graph_construction.safetensors"), "103L."));
  if (argc == 3 && std::strcmp(argv[1], "--dump") == 0) dump(argv[2], structure, structures_of_a_batch);
  if (argc == 2 && std::strcmp(argv[1], "--dry") == 0) {
    std::printf("%lld residues a batch, %lld atoms of %lld residues a structure\n",
                static_cast<long long>(proteins(16384).residues()), static_cast<long long>(structure.positions.size()),
                static_cast<long long>(structure.residues()));
    return 0;
  }
  open_device(Cuda{});             // one sentence where there is no GPU
  sequences<bench::S>("s", 16384); // what is asked for most comes first
  sequences<bench::Xs>("xs", 16384);
  sequences<bench::Nano>("nano", 16384);
  {
    const SequenceSet set = proteins(16384);
    train_all<ObjectiveOf<bench::Diffusion>>("diffusion", batch_of(set), set.residues());
  }
  const auto shared = std::make_shared<const Structure>(structure);
  typename TrainSession<bench::GearNetTask, Cuda>::Batch labelled;
  OwnedStructures whole;
  for (Index i = 0; i < structures_of_a_batch; ++i) {
    labelled.add(LabelledUnit{{shared}, {{{{0, 0, SiteNodes::Structure}}, 0.5}}}, std::uint32_t(i));
    whole.add(shared, std::uint32_t(i));
  }
  train_all<bench::GearNetTask>("gearnet", labelled, structures_of_a_batch * structure.residues());
  train_all<bench::GvpPretraining>("gvp", whole, structures_of_a_batch * structure.residues());
} catch (const Error& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
