// Graphs of structures and the tables of angle bins, against the number of residues: copies of lysozyme (103L) side by side.
#include <benchmark/benchmark.h>

#include <string>

#include <pleat/backend/cpu/angle_bins.hpp>
#include <pleat/data/conformers.hpp>
#include <pleat/data/graph_batch.hpp>
#include <pleat/io/safetensors.hpp>

#ifndef PLEAT_BENCH_DATA
#define PLEAT_BENCH_DATA "examples/data"
#endif

namespace {

using pleat::Index;

// The first `residues` residues of copies of 103L, 60 Angstrom apart in rows of ten.
struct Copies {
  std::vector<std::uint8_t> types, elements, names;
  std::vector<std::int32_t> chains, atom_residues;
  std::vector<float> positions;

  explicit Copies(Index residues) {
    const auto file = pleat::Safetensors::open(PLEAT_BENCH_DATA "/../../tests/golden/graphs/graph_construction.safetensors");
    const auto x = file.read<float>("103L.node_position");
    const auto element = file.read<std::int64_t>("103L.atom_type"), name = file.read<std::int64_t>("103L.atom_name");
    const auto owner = file.read<std::int64_t>("103L.atom2residue"), type = file.read<std::int64_t>("103L.residue_type");
    const Index each = Index(type.size());
    for (Index copy = 0; copy * each < residues; ++copy) {
      for (Index r = 0; r < each && copy * each + r < residues; ++r)
        types.push_back(std::uint8_t(type[std::size_t(r)])), chains.push_back(std::int32_t(copy));
      for (std::size_t i = 0; i < element.size() && copy * each + owner[i] < residues; ++i) {
        elements.push_back(std::uint8_t(element[i])), names.push_back(std::uint8_t(name[i]));
        atom_residues.push_back(std::int32_t(copy * each + owner[i]));
        positions.push_back(x[3 * i] + 60.f * float(copy % 10));
        positions.push_back(x[3 * i + 1] + 60.f * float(copy / 10));
        positions.push_back(x[3 * i + 2]);
      }
    }
  }
  pleat::GraphSource source() const { return {types, chains, atom_residues, elements, names, positions, "copies of 103L"}; }
};

void report(benchmark::State& state, const pleat::GraphCounts& counts) {
  state.counters["nodes"] = double(counts.nodes);
  state.counters["edges"] = double(counts.edges);
  state.counters["arcs"] = double(counts.arcs);
}

/// Edges, one-hot columns, pairs: everything but angles.
template <class Graph> void graph(benchmark::State& state) {
  const Copies copies(state.range(0));
  pleat::GraphCounts counts;
  pleat::OwnedGraphs<Graph> graphs; // its memory is used again, as by a loader of batches
  for (auto _ : state) {
    graphs.clear();
    counts = graphs.add(copies.source());
    benchmark::DoNotOptimize(graphs.view());
  }
  report(state, counts);
}

/// Tables of angle bins on one thread, from coordinates as a pass holds them.
template <class Graph, class T> void angles(benchmark::State& state) {
  const Copies copies(state.range(0));
  pleat::OwnedGraphs<Graph> graphs;
  const pleat::GraphCounts counts = graphs.add(copies.source());
  std::vector<T> coordinates(graphs.positions().size() * std::size_t(pleat::stride_of(1)));
  for (std::size_t i = 0; i < graphs.positions().size(); ++i)
    coordinates[i * std::size_t(pleat::stride_of(1))] = T(graphs.positions()[i]);
  std::vector<std::uint8_t> bins(std::size_t(counts.arcs));
  pleat::ThreadPool pool(1);
  for (auto _ : state) {
    pleat::kernel<pleat::angle_bins_op, pleat::Cpu>::forward(
        pleat::Cpu{&pool},
        pleat::angle_bins_op::Forward<T>{coordinates.data(), pleat::stride_of(1), graphs.topology(), bins.data()});
    benchmark::ClobberMemory();
  }
  report(state, counts);
  state.counters["Garcs/s"] = benchmark::Counter(double(counts.arcs) * 1e-9, benchmark::Counter::kIsIterationInvariantRate);
}

template <class Policy> void conformer(benchmark::State& state) {
  const Copies copies(state.range(0));
  const Policy policy;
  for (auto _ : state) benchmark::DoNotOptimize(policy.apply(copies.source(), policy.draw(copies.source(), {1, 1}, {})));
}

void sizes(benchmark::internal::Benchmark* b) {
  for (Index residues : {50, 150, 500, 1500, 5000}) b->Arg(residues);
  b->Unit(benchmark::kMicrosecond);
}

BENCHMARK_TEMPLATE(graph, pleat::ResidueGraph)->Apply(sizes);
BENCHMARK_TEMPLATE(angles, pleat::ResidueGraph, float)->Apply(sizes);
BENCHMARK_TEMPLATE(angles, pleat::ResidueGraph, double)->Apply(sizes);
BENCHMARK_TEMPLATE(graph, pleat::AtomGraph)->Apply(sizes);
BENCHMARK_TEMPLATE(angles, pleat::AtomGraph, float)->Apply(sizes);
BENCHMARK_TEMPLATE(angles, pleat::AtomGraph, double)->Apply(sizes);
BENCHMARK_TEMPLATE(conformer, pleat::Torsional)->Apply(sizes);
BENCHMARK_TEMPLATE(conformer, pleat::RotamerLibrary)->Apply(sizes);

} // namespace

BENCHMARK_MAIN();
