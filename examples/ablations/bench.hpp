#pragma once
// What the ablations share: data, options of training, and the tables they print.
#include <pleat/backend/cpu.hpp>
#include <pleat/eval/model_evaluation.hpp>
#include <pleat/io/gzip.hpp>
#include <pleat/pleat.hpp>

#include <cstdio>
#include <string>

using namespace pleat;

constexpr Shape body{.layers = 4, .width = 128, .heads = 8};
using Encoder = Transformer<body>;
using Restore = Decoder<Shape{.layers = 2, .width = 128, .heads = 8}>;
using Nm = Autoencoder<Encoder, NoiseMask<UniformLaw, UnivariateKl>, Restore>;

struct Bench {
  Cpu cpu, single;
  SequenceSet train, valid;
  TaskSuite suite;
  std::string output;
  Index steps = 400;
};

template <class Model> using Read = EncodeSession<Model, Cpu>;

inline TrainerOptions options_of(const Bench& bench) {
  TrainerOptions options;
  options.steps = bench.steps, options.budget = 2048, options.crop = 128, options.peak_rate = 2e-3,
  options.warm_up = bench.steps / 10;
  options.validate_every = bench.steps, options.checkpoint_every = bench.steps;
  return options;
}

// Trains (or continues) and returns the validation metrics.
template <class Session> Metrics train(const Bench& bench, Session& session, const std::string& name, TrainerOptions options) {
  std::fprintf(stderr, "== %s\n", name.c_str());
  Trainer trainer(session, bench.train, bench.valid, bench.output + "/" + name, options,
                  [&name] { return CheckpointInfo{name}; });
  return trainer.run().validation;
}
inline Safetensors checkpoint(const Bench& bench, const std::string& name) {
  return Safetensors::open(bench.output + "/" + name + "/model.safetensors");
}

template <class Model> EvaluatedModel evaluated(Read<Model>& session, const std::string& name, bool diffuses) {
  EvaluatedModel model{name, name, session.width, diffuses, true, {}};
  model.read = [&session](std::span<const Piece> pieces, std::span<const ReadOptions> readings,
                          const EvaluatedModel::Consume& consume) { session.read(pieces, readings, consume); };
  return model;
}

// The rows of a table of tasks (tables.cpp).
ModelScores score(Bench& bench, const EvaluatedModel& model);
void print_scores(const Bench& bench, const std::string& name, const ModelScores& scores, bool diffusion);
void print_task_header(const Bench& bench, const char* what);

// The two halves of the ablations, each a translation unit of its own: the compiler works on both at once.
void compare_autoencoders(Bench& bench);  // autoencoders.cpp
void compare_time_samplers(Bench& bench); // time_samplers.cpp
