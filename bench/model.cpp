// Encoding and training steps of whole models, beside Eigen's own matrix product (yardstick.hpp) measured between the repeats:
// tokens/s, GFLOP/s as a Plan counts them, and `of_eigen`, their ratio to the yardstick on as many threads. Then memory: what a
// training step holds against what was planned. Batches are real proteins of 128 to 512 residues, 4096 residues in all.
// Run on an idle machine. Files of FASTA format to take the proteins from: environment variable PLEAT_BENCH_FASTA.
#include <benchmark/benchmark.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>

#include <pleat/backend/cpu.hpp>
#include <pleat/io/gzip.hpp>
#include <pleat/pleat.hpp>
#include <pleat/session/planned_memory.hpp>

#include "yardstick.hpp"

#ifndef PLEAT_BENCH_DATA
#define PLEAT_BENCH_DATA "examples/data"
#endif

namespace {

using pleat::Index;
using pleat::Shape;

template <Shape Encoder, Shape Decoder>
using LsdNm = pleat::Autoencoder<pleat::Transformer<Encoder>, pleat::NoiseMask<>, pleat::Decoder<Decoder>>;
using Nano = LsdNm<Shape{.layers = 4, .width = 128, .heads = 8}, Shape{.layers = 2, .width = 128, .heads = 8}>;
using S = LsdNm<Shape{.layers = 12, .width = 480, .heads = 20}, Shape{.layers = 2, .width = 480, .heads = 20}>;

/// The first proteins of 128 … 512 residues, up to `residues` in all.
const pleat::SequenceSet& proteins(Index residues = 4096) {
  static const pleat::SequenceSet chosen = [residues] {
    const char* named = std::getenv("PLEAT_BENCH_FASTA");
    const std::string path = named != nullptr ? named : PLEAT_BENCH_DATA "/pretrain_train.fasta.gz";
    const auto source = pleat::open_input(path);
    const auto all = pleat::SequenceSet::from_fasta(*source);
    pleat::SequenceSet some;
    Index left = residues;
    for (Index i = 0; i < all.size() && left >= 128; ++i) {
      if (all.length(i) < 128 || all.length(i) > (std::min)(Index{512}, left)) continue;
      some.add_tokens(std::to_string(i), all.tokens(i));
      left -= all.length(i);
    }
    return some;
  }();
  return chosen;
}

pleat::OwnedBatch batch_of(const pleat::SequenceSet& set) {
  pleat::OwnedBatch batch;
  for (Index i = 0; i < set.size(); ++i) batch.add(set.tokens(i), std::uint32_t(i));
  return batch;
}

double seconds_of(const auto& body) {
  const auto start = std::chrono::steady_clock::now();
  body();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// Repeats `body` (once to warm up) with the yardstick between the repeats; counters from the medians.
void compare(benchmark::State& state, int threads, double residues, double flops, const auto& body) {
  body();
  std::vector<double> seconds, eigen;
  double spent = 0;
  for (auto _ : state) {
    seconds.clear(), eigen.clear();
    for (spent = 0; seconds.size() < 5 || (spent < 4 && seconds.size() < 25); spent += seconds.back()) {
      eigen.push_back(yardstick(threads, 3));
      seconds.push_back(seconds_of(body));
    }
    state.SetIterationTime(median(seconds));
  }
  const double rate = flops / median(seconds) * 1e-9, theirs = median(eigen);
  state.counters["residues/s"] = residues / median(seconds);
  state.counters["GFLOP/s"] = rate;
  state.counters["repeats"] = double(seconds.size());
  if (theirs > 0) state.counters["eigen"] = theirs, state.counters["of_eigen"] = rate / theirs;
}

template <class Model> void encode(benchmark::State& state) {
  pleat::ThreadPool pool(int(state.range(0)));
  pleat::EncodeSession<Model, pleat::Cpu> session(pleat::Cpu{&pool});
  session.parameters().initialise(1);
  const pleat::SequenceSet& set = proteins();
  const auto cost = pleat::planned_inference<pleat::Float32>(
      batch_of(set), 1, [](auto& run, const auto& view) { (void)pleat::model_of<Model>.encode(run, view); });
  compare(state, pool.size(), double(set.residues()), cost.flops, [&] { benchmark::DoNotOptimize(session.encode(set)); });
}

template <class Model> void training_step(benchmark::State& state) {
  using Objective = pleat::AutoencoderObjective<Model>;
  pleat::ThreadPool pool(int(state.range(0)));
  pleat::TrainSession<Objective, pleat::Cpu> session(pleat::Cpu{&pool});
  session.parameters().initialise(1);
  const pleat::OwnedBatch batch = batch_of(proteins());
  Objective objective;
  const auto cost = pleat::planned_training<pleat::Float32>(objective, batch, pool.size());
  std::uint64_t step = 0;
  compare(state, pool.size(), double(batch.rows()), cost.flops, [&] { session.step({&batch, 1}, 1, step++, 1e-4); });
}

/// Bytes of this process that are in memory now.
double resident() {
  double kilobytes = 0;
  if (std::FILE* file = std::fopen("/proc/self/status", "r")) {
    char line[256];
    while (std::fgets(line, sizeof line, file) != nullptr)
      if (std::sscanf(line, "VmRSS: %lf", &kilobytes) == 1) break;
    std::fclose(file);
  }
  return 1024 * kilobytes;
}

/// What a training session holds after a step: exactly what was planned, and what the process grew by.
template <class Model> void memory(benchmark::State& state) {
  using Objective = pleat::AutoencoderObjective<Model>;
  using Session = pleat::TrainSession<Objective, pleat::Cpu>;
  using Parameters = std::remove_reference_t<decltype(std::declval<Session&>().parameters())>;
  pleat::ThreadPool pool(int(state.range(0)));
  const pleat::OwnedBatch batch = batch_of(proteins());
  for (auto _ : state) {
    const double before = resident();
    Session session(pleat::Cpu{&pool});
    session.parameters().initialise(1);
    session.step({&batch, 1}, 1, 0, 1e-4);
    const double grown = resident() - before;
    Objective objective;
    const auto planned_pass = pleat::planned_training<pleat::Float32>(objective, batch, pool.size()).peak;
    const Index moments = 2 * Index(sizeof(float)) * Parameters::size(pleat::Store::Trained);
    const Index planned = planned_pass + Parameters::memory(true) + moments;
    const Index held = session.activation_memory() + session.parameters().held() +
                       Index(session.optimiser().first().size_bytes() + session.optimiser().second().size_bytes());
    state.counters["planned_MB"] = double(planned) / 1e6;
    state.counters["held_MB"] = double(held) / 1e6;
    state.counters["pass_MB"] = double(planned_pass) / 1e6;
    state.counters["process_grew_MB"] = grown / 1e6;
    state.counters["process/planned"] = grown / double(planned);
    if (held != planned) state.SkipWithError("what the session holds is not what was planned");
    if (planned > 100'000'000 && grown > 1.1 * double(planned))
      state.SkipWithError("the process grew by more than 110 % of what was planned");
  }
}

// Memory first: later sessions reuse pages of earlier ones.
BENCHMARK_TEMPLATE(memory, Nano)->ArgName("threads")->Arg(2)->Iterations(1);
BENCHMARK_TEMPLATE(memory, S)->ArgName("threads")->Arg(2)->Iterations(1);
#define PLEAT_BENCH_MODEL(function, Model)                                                                                       \
  BENCHMARK_TEMPLATE(function, Model)                                                                                            \
      ->ArgName("threads")                                                                                                       \
      ->Arg(1)                                                                                                                   \
      ->Arg(2)                                                                                                                   \
      ->Iterations(1)                                                                                                            \
      ->UseManualTime()                                                                                                          \
      ->Unit(benchmark::kMillisecond)
PLEAT_BENCH_MODEL(encode, Nano);
PLEAT_BENCH_MODEL(training_step, Nano);
PLEAT_BENCH_MODEL(encode, S);
PLEAT_BENCH_MODEL(training_step, S);

} // namespace

BENCHMARK_MAIN();
