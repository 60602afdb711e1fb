// Encoder forward and training step (forward, backward) of GearNet-Edge against the size of the protein, float32. `cpu_ms`:
// processor time of all threads (PLEAT_BENCH_THREADS, 2 where unset), which a busy machine changes least. `flops` counts the
// dense layers of the formula, 2 (relations or bins + 1) in out a row, with nothing saved. PLEAT_BENCH_DUMP=folder writes the
// graphs as .npy for bench/peer_gearnet.py.

#include <chrono>
#include <cstdlib>
#include <ctime>
#include <string>

#include <benchmark/benchmark.h>

#include <pleat/backend/cpu.hpp>
#include <pleat/core/parameters.hpp>
#include <pleat/data/graph_batch.hpp>
#include <pleat/encoders/gearnet.hpp>
#include <pleat/io/npy.hpp>
#include <pleat/io/safetensors.hpp>

#include "yardstick.hpp"

using pleat::Index;
using pleat::Shape;

namespace {

template <Index Width> using Atoms = pleat::GearNetEdge<pleat::AtomGraph, Shape{6, Width}, pleat::Readout::mean>;
template <Index Width> using Residues = pleat::GearNetEdge<pleat::ResidueGraph, Shape{6, Width}, pleat::Readout::sum>;

/// Residues of a real structure, the first ones, and side by side copies of it where more are asked for.
template <class Graphs> const pleat::OwnedGraphs<Graphs>& protein(Index residues) {
  static std::vector<std::pair<Index, pleat::OwnedGraphs<Graphs>>> made;
  for (const auto& [size, graphs] : made)
    if (size == residues) return graphs;
  constexpr bool atoms = Graphs::relations == 1;
  const auto file = pleat::Safetensors::open(PLEAT_BENCH_GOLDEN "/graphs/graph_construction.safetensors");
  const std::string name = atoms ? "103L." : "117E.residue.";
  const auto positions = file.read<float>(atoms ? "103L.node_position" : "117E.residue.ca_position");
  const auto types = file.read<std::int64_t>(name + "residue_type"), chains = file.read<std::int64_t>(name + "chain_id");
  std::vector<std::int64_t> element(positions.size() / 3, 6), residue(positions.size() / 3);
  for (std::size_t i = 0; i < residue.size(); ++i) residue[i] = std::int64_t(i);
  if (atoms) element = file.read<std::int64_t>("103L.atom_type"), residue = file.read<std::int64_t>("103L.atom2residue");
  std::vector<std::uint8_t> residue_type, elements, names;
  std::vector<std::int32_t> chain, of_residue;
  std::vector<float> x;
  for (Index copy = 0; Index(residue_type.size()) < residues; ++copy) {
    const auto first = std::int32_t(residue_type.size());
    const auto left = std::min<std::size_t>(types.size(), std::size_t(residues - first));
    for (std::size_t r = 0; r < left; ++r) {
      residue_type.push_back(std::uint8_t(types[r]));
      chain.push_back(std::int32_t(chains[r] + 100 * copy));
    }
    for (std::size_t i = 0; i < element.size() && std::size_t(residue[i]) < left; ++i) {
      elements.push_back(std::uint8_t(element[i])), names.push_back(1);
      of_residue.push_back(first + std::int32_t(residue[i]));
      for (std::size_t k = 0; k < 3; ++k) x.push_back(positions[3 * i + k] + (k == 0 ? 150.0f * float(copy) : 0.0f));
    }
  }
  pleat::OwnedGraphs<Graphs> graphs;
  graphs.add({residue_type, chain, of_residue, elements, names, x, "bench"});
  if (const char* folder = std::getenv("PLEAT_BENCH_DUMP")) {
    const auto batch = graphs.view();
    const auto write = [&](const char* what, Index width, const auto& values) {
      pleat::NpyWriter to(std::string(folder) + (atoms ? "/atom_" : "/residue_") + std::to_string(residues) + "_" + what + ".npy",
                          width);
      std::vector<float> numbers(values.begin(), values.end());
      to.write(numbers.data(), Index(numbers.size()));
      to.finish();
    };
    write("positions", 3, batch.positions);
    write("source", 0, batch.topology.source), write("target", 0, batch.topology.target);
    write("relation", 0, batch.topology.relation);
    write("nodes", Graphs::node_columns, batch.node_columns), write("edges", Graphs::edge_columns, batch.edge_columns);
  }
  made.emplace_back(residues, std::move(graphs));
  return made.back().second;
}

double seconds_of(const auto& body) {
  const auto start = std::chrono::steady_clock::now();
  body();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

template <class Model, bool Training> void measure(benchmark::State& state) {
  const char* const named = std::getenv("PLEAT_BENCH_THREADS");
  const int threads = named != nullptr ? std::atoi(named) : 2;
  const auto& graphs = protein<typename Model::Graphs>(Index(state.range(0)));
  const auto batch = graphs.view();
  pleat::ThreadPool pool(threads);
  pleat::Parameters<Model, pleat::Cpu> parameters(pleat::Cpu{&pool});
  parameters.initialise(1);
  if (Training) parameters.gradients();
  const auto walk = [&](auto& run) {
    using Run = std::remove_reference_t<decltype(run)>;
    {
      const auto y = pleat::model_of<Model>(run, batch);
      const auto g = pleat::read_out(run, batch.topology, y, Model::readout);
      if constexpr (Training) {
        auto seed = run.template contribute<Model::width>(g.value(), g.count());
        if constexpr (Run::computes)
          for (Index i = 0; i < g.count() * g.stride; ++i) seed.data[i] = 1;
      }
    }
    if constexpr (Training) run.backward();
    run.commit([](Index, Index, const float*) {});
  };
  pleat::Arena paper;
  pleat::Pass<pleat::Paper, pleat::Float32, Training> plan(pleat::Paper{threads}, paper, {});
  walk(plan);
  pleat::HostMemory memory(paper.high_water());
  pleat::Arena arena(memory.data(), memory.size());
  pleat::Pass<pleat::Cpu, pleat::Float32, Training> run(pleat::Cpu{&pool}, arena, parameters.values(Training));
  const auto once = [&] {
    run.restart({1, 2});
    if (Training) parameters.zero_gradients();
    walk(run);
  };
  once();
  std::vector<double> seconds, eigen, processor;
  for (auto _ : state) {
    for (double spent = 0; seconds.size() < 3 || (spent < 2 && seconds.size() < 15); spent += seconds.back()) {
      if (std::getenv("PLEAT_BENCH_YARDSTICK") != nullptr) eigen.push_back(yardstick(threads, 1));
      const std::clock_t start = std::clock();
      seconds.push_back(seconds_of(once));
      processor.push_back(double(std::clock() - start) / CLOCKS_PER_SEC);
    }
    state.SetIterationTime(median(seconds));
  }
  state.counters["nodes"] = double(graphs.node_count());
  state.counters["edges"] = double(graphs.edge_count());
  state.counters["cpu_ms"] = 1e3 * median(processor);
  state.counters["GFLOP/s"] = plan.cost().flops / median(seconds) * 1e-9;
  state.counters["planned_MB"] = double(paper.high_water()) / 1e6;
  state.counters["parameters_MB"] = double(decltype(parameters)::memory(Training)) / 1e6;
  if (!eigen.empty()) state.counters["eigen"] = median(eigen);
}

template <class Model> void forward(benchmark::State& state) { measure<Model, false>(state); }
template <class Model> void training_step(benchmark::State& state) { measure<Model, true>(state); }

#define PLEAT_BENCH_GEARNET(function, ...)                                                                                       \
  BENCHMARK_TEMPLATE(function, __VA_ARGS__)                                                                                      \
      ->ArgName("residues")                                                                                                      \
      ->Arg(50)                                                                                                                  \
      ->Arg(150)                                                                                                                 \
      ->Arg(564)                                                                                                                 \
      ->Arg(1500)                                                                                                                \
      ->Arg(5000)                                                                                                                \
      ->Iterations(1)                                                                                                            \
      ->UseManualTime()                                                                                                          \
      ->Unit(benchmark::kMillisecond)
PLEAT_BENCH_GEARNET(forward, Atoms<64>);
PLEAT_BENCH_GEARNET(forward, Atoms<128>);
PLEAT_BENCH_GEARNET(forward, Residues<512>);
PLEAT_BENCH_GEARNET(training_step, Atoms<64>);
PLEAT_BENCH_GEARNET(training_step, Atoms<128>);
PLEAT_BENCH_GEARNET(training_step, Residues<512>);

} // namespace

BENCHMARK_MAIN();
