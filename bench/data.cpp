// Throughput of what stands around the models: reading FASTA files, and fitting the probes of the evaluation.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <string>

#include <pleat/backend/cpu.hpp>
#include <pleat/backend/cpu/dense_algebra.hpp>
#include <pleat/core/philox.hpp>
#include <pleat/data/sequences.hpp>
#include <pleat/eval/probes.hpp>
#include <pleat/io/gzip.hpp>

#ifndef PLEAT_BENCH_DATA
#define PLEAT_BENCH_DATA "examples/data"
#endif

namespace {

using pleat::Index;

std::string fasta_path() {
  const char* named = std::getenv("PLEAT_BENCH_FASTA");
  return named != nullptr ? named : PLEAT_BENCH_DATA "/pretrain_train.fasta.gz";
}

void report(benchmark::State& state, double bytes, double residues, double records) {
  using benchmark::Counter;
  state.counters["MB/s"] = Counter(bytes * 1e-6, Counter::kIsIterationInvariantRate);
  state.counters["Mresidues/s"] = Counter(residues * 1e-6, Counter::kIsIterationInvariantRate);
  state.counters["records/s"] = Counter(records, Counter::kIsIterationInvariantRate);
}

/// The uncompressed text of the file.
const std::string& text() {
  static const std::string all = [] {
    const auto source = pleat::open_input(fasta_path());
    std::string whole, block(std::size_t{1} << 16, '\0');
    for (Index got; (got = source->read(block.data(), Index(block.size()))) > 0;) whole.append(block.data(), std::size_t(got));
    return whole;
  }();
  return all;
}

void fasta_from_memory(benchmark::State& state) {
  Index residues = 0, records = 0;
  for (auto _ : state) {
    pleat::MemorySource source(text());
    const auto set = pleat::SequenceSet::from_fasta(source);
    residues = set.residues(), records = set.size();
  }
  report(state, double(text().size()), double(residues), double(records));
}
BENCHMARK(fasta_from_memory)->Unit(benchmark::kMillisecond);

/// Bytes are those of the uncompressed text.
void fasta_from_file(benchmark::State& state) {
  Index residues = 0, records = 0;
  for (auto _ : state) {
    const auto source = pleat::open_input(fasta_path());
    const auto set = pleat::SequenceSet::from_fasta(*source);
    residues = set.residues(), records = set.size();
  }
  report(state, double(text().size()), double(residues), double(records));
}
BENCHMARK(fasta_from_file)->Unit(benchmark::kMillisecond);

/// Rows of normal features, labels of a random linear map; `classes` 1: its value.
pleat::ProbeData problem(Index rows, Index width, Index classes) {
  pleat::ProbeData data;
  data.kind = classes > 1 ? pleat::ProbeKind::Multiclass : pleat::ProbeKind::Regression;
  data.classes = classes, data.width = width;
  pleat::Philox draws(7);
  std::vector<double> map(std::size_t(width * classes));
  for (double& weight : map) weight = draws.normal();
  for (pleat::ProbeSplit* split : {&data.train, &data.valid, &data.test}) {
    split->rows = split == &data.train ? rows : rows / 4;
    for (Index r = 0; r < split->rows; ++r) {
      std::vector<double> score(std::size_t(classes), 0.0);
      for (Index c = 0; c < width; ++c) {
        const double x = draws.normal();
        split->x.push_back(float(x));
        for (Index k = 0; k < classes; ++k) score[std::size_t(k)] += x * map[std::size_t(c * classes + k)];
      }
      for (double& s : score) s += std::sqrt(double(width)) * draws.normal();
      split->y.push_back(classes > 1 ? double(std::max_element(score.begin(), score.end()) - score.begin()) : score[0]);
    }
  }
  return data;
}

/// All strengths on a path, the best chosen: what one representation of one task costs.
template <class Probe> void probe(benchmark::State& state, Index classes) {
  pleat::ThreadPool pool(int(state.range(2)));
  const pleat::Cpu cpu{&pool};
  const pleat::ProbeData data = problem(state.range(0), state.range(1), classes);
  for (auto _ : state) benchmark::DoNotOptimize(Probe{}.run(cpu, data));
  state.counters["training_rows/s"] = benchmark::Counter(double(data.train.rows), benchmark::Counter::kIsIterationInvariantRate);
}
void ridge(benchmark::State& state) { probe<pleat::RidgeProbe>(state, 1); }
void logistic_of_ten_classes(benchmark::State& state) { probe<pleat::LogisticProbe>(state, 10); }

void sizes(benchmark::internal::Benchmark* bench) {
  bench->ArgNames({"rows", "width", "threads"})->UseRealTime()->Unit(benchmark::kMillisecond);
  for (Index threads : {1, 2}) bench->Args({5000, 480, threads});
}
BENCHMARK(ridge)->Apply(sizes);
BENCHMARK(logistic_of_ten_classes)->Apply(sizes);

} // namespace

BENCHMARK_MAIN();
