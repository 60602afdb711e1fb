// What each choice of LSD does, at nano size: the weight lambda, the form of the normalisation loss, the sampler of diffusion
// times, and TN and NM together. Run: ablations DATA_DIR OUTPUT_DIR [STEPS]; DATA_DIR is examples/data. Prints Markdown tables.
// Finished folders are not trained again.
#include <pleat/backend/cpu.hpp>
#include <pleat/backend/cpu/dense_algebra.hpp>
#include <pleat/diffusion/chosen_sampler.hpp>
#include <pleat/eval/model_evaluation.hpp>
#include <pleat/io/gzip.hpp>
#include <pleat/pleat.hpp>
#include <pleat/session/latent_statistics.hpp>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

using namespace pleat;

namespace {

constexpr Shape body{.layers = 4, .width = 128, .heads = 8};
using Encoder = Transformer<body>;
using Restore = Decoder<Shape{.layers = 2, .width = 128, .heads = 8}>;
using Nm = Autoencoder<Encoder, NoiseMask<UniformLaw, UnivariateKl>, Restore>;
using NmFull = Autoencoder<Encoder, NoiseMask<UniformLaw, MultivariateKl>, Restore>;
using Tn = Autoencoder<Encoder, TokenNorm<>, Restore>;
using NmDiffusion = LatentDiffusion<Nm, Denoiser<body>>;

struct Bench {
  Cpu cpu, single;
  SequenceSet train, valid;
  TaskSuite suite;
  std::string output;
  Index steps = 400;
};

SequenceSet read_set(const std::string& path) {
  const auto source = open_input(path);
  return SequenceSet::from_fasta(*source);
}

template <class Model> using Auto = TrainSession<AutoencoderObjective<Model>, Cpu>;
template <class Model> using Read = EncodeSession<Model, Cpu>;

TrainerOptions options_of(const Bench& bench) {
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
template <class Model> Metrics autoencode(const Bench& bench, const std::string& name, double lambda) {
  Auto<Model> session(bench.cpu, AutoencoderObjective<Model>(lambda));
  session.parameters().initialise(1);
  return train(bench, session, name, options_of(bench));
}

Safetensors checkpoint(const Bench& bench, const std::string& name) {
  return Safetensors::open(bench.output + "/" + name + "/model.safetensors");
}

// Latents of the validation set: |mean| and variance per channel, |correlation| between channels, averaged.
struct LatentFacts {
  double mean = 0, variance = 0, correlation = 0;
};
LatentFacts facts_of(const Ragged& latents) {
  const auto width = static_cast<std::size_t>(latents.width);
  const std::size_t rows = latents.rows.size() / width;
  std::vector<double> mean(width), covariance(width * width);
  for (std::size_t r = 0; r < rows; ++r)
    for (std::size_t c = 0; c < width; ++c)
      mean[c] += static_cast<double>(latents.rows[r * width + c]) / static_cast<double>(rows);
  std::vector<double> d(width);
  for (std::size_t r = 0; r < rows; ++r) {
    for (std::size_t c = 0; c < width; ++c) d[c] = static_cast<double>(latents.rows[r * width + c]) - mean[c];
    for (std::size_t a = 0; a < width; ++a)
      for (std::size_t b = 0; b <= a; ++b) covariance[a * width + b] += d[a] * d[b] / static_cast<double>(rows);
  }
  LatentFacts facts;
  double pairs = 0;
  for (std::size_t a = 0; a < width; ++a) {
    facts.mean += std::abs(mean[a]) / static_cast<double>(width);
    facts.variance += covariance[a * width + a] / static_cast<double>(width);
    for (std::size_t b = 0; b < a; ++b, ++pairs)
      facts.correlation += std::abs(covariance[a * width + b]) / std::sqrt(covariance[a * width + a] * covariance[b * width + b]);
  }
  facts.correlation /= pairs;
  return facts;
}

template <class Model> EvaluatedModel evaluated(Read<Model>& session, const std::string& name, bool diffuses) {
  EvaluatedModel model{name, name, session.width, diffuses, true, {}};
  model.read = [&session](std::span<const Piece> pieces, std::span<const ReadOptions> readings,
                          const EvaluatedModel::Consume& consume) { session.read(pieces, readings, consume); };
  return model;
}

// The latents of two models side by side.
template <class A, class B> EvaluatedModel concatenated(Read<A>& first, Read<B>& second, const std::string& name) {
  EvaluatedModel model{name, name, first.width + second.width, false, true, {}};
  model.read = [&](std::span<const Piece> pieces, std::span<const ReadOptions> readings, const EvaluatedModel::Consume& consume) {
    std::vector<std::vector<float>> rows(pieces.size());
    first.read(pieces, readings, [&](Index piece, Index, std::span<const float> values) {
      rows[static_cast<std::size_t>(piece)].assign(values.begin(), values.end());
    });
    second.read(pieces, readings, [&](Index piece, Index reading, std::span<const float> values) {
      const auto& left = rows[static_cast<std::size_t>(piece)];
      const auto w = static_cast<std::size_t>(first.width), v = static_cast<std::size_t>(second.width);
      std::vector<float> both;
      both.reserve(left.size() + values.size());
      for (std::size_t r = 0; r < left.size() / w; ++r) {
        both.insert(both.end(), left.begin() + static_cast<Index>(r * w), left.begin() + static_cast<Index>((r + 1) * w));
        both.insert(both.end(), values.begin() + static_cast<Index>(r * v), values.begin() + static_cast<Index>((r + 1) * v));
      }
      consume(piece, reading, both);
    });
  };
  return model;
}

ModelScores score(Bench& bench, const EvaluatedModel& model) {
  ModelEvaluationOptions options;
  options.crop = 192;
  options.probes.mlp = false;
  return score_model(bench.cpu, bench.single, model, bench.suite, options);
}
void print_scores(const Bench& bench, const std::string& name, const ModelScores& scores, bool diffusion) {
  std::printf("| %s |", name.c_str());
  for (std::size_t i = 0; i < bench.suite.tasks().size(); ++i) {
    const auto& found = scores.tasks[i];
    const Interval& value =
        (diffusion ? found.diffusion : found.encoder).metric(task_metric_name(bench.suite.tasks()[i].problem.kind));
    std::printf(" %.3f [%.3f, %.3f] |", value.value, value.low, value.high);
  }
  std::printf("\n");
}
void print_task_header(const Bench& bench, const char* what) {
  std::printf("\n| %s |", what);
  for (const SuiteTask& task : bench.suite.tasks()) std::printf(" %s |", task.title.c_str());
  std::printf("\n|---|");
  for (std::size_t i = 0; i < bench.suite.tasks().size(); ++i) std::printf("---|");
  std::printf("\n");
}

template <class Model>
void print_latents(Bench& bench, const std::string& label, const std::string& name, const Metrics& metrics) {
  Read<Model> session(bench.cpu);
  session.load(checkpoint(bench, name));
  const LatentFacts facts = facts_of(session.encode(bench.valid));
  std::printf("| %s | %.3f | %.3f | %.4f | %.3f | %.3f | %.3f |\n", label.c_str(), metrics.value("reconstruction"),
              metrics.value("accuracy"), metrics.value("normalisation"), facts.mean, facts.variance, facts.correlation);
  std::fflush(stdout);
}

void run(Bench& bench) {
  std::printf("\n%ld steps of 2048 residues, crop 128; validation on %ld sequences\n", static_cast<long>(bench.steps),
              static_cast<long>(bench.valid.size()));
  std::printf("\n| autoencoder | reconstruction, nats | recovered | KL per channel | mean of latents, absolute | variance | "
              "correlation, absolute |\n"
              "|---|---|---|---|---|---|---|\n");
  for (const double lambda : {0.1, 0.5, 1.0, 2.0}) {
    char text[16];
    std::snprintf(text, sizeof text, "%g", lambda);
    const std::string nm = std::string("nm-") + text, tn = std::string("tn-") + text;
    print_latents<Nm>(bench, std::string("LSD-NM, lambda ") + text, nm, autoencode<Nm>(bench, nm, lambda));
    print_latents<Tn>(bench, std::string("LSD-TN, lambda ") + text, tn, autoencode<Tn>(bench, tn, lambda));
  }
  print_latents<NmFull>(bench, "LSD-NM, lambda 1, multivariate KL", "nm-multivariate",
                        autoencode<NmFull>(bench, "nm-multivariate", 1.0));

  Read<Nm> nm(bench.cpu);
  Read<Tn> tn(bench.cpu);
  Read<NmFull> full(bench.cpu);
  nm.load(checkpoint(bench, "nm-1")), tn.load(checkpoint(bench, "tn-1")), full.load(checkpoint(bench, "nm-multivariate"));
  print_task_header(bench, "encoder");
  print_scores(bench, "LSD-NM, univariate KL", score(bench, evaluated(nm, "nm", false)), false);
  print_scores(bench, "LSD-NM, multivariate KL", score(bench, evaluated(full, "nm-multivariate", false)), false);
  print_scores(bench, "LSD-TN", score(bench, evaluated(tn, "tn", false)), false);
  print_scores(bench, "LSD-TN and LSD-NM concatenated", score(bench, concatenated(tn, nm, "tn+nm")), false);

  std::vector<std::pair<std::string, double>> losses;
  print_task_header(bench, "diffusion on LSD-NM, times drawn");
  for (const char* sampler : {"uniform", "stratified", "loss-second-moment"}) {
    const std::string name = std::string("diffusion-") + sampler;
    TrainSession<DiffusionObjective<NmDiffusion, ChosenTimeSampler>, Cpu> session(bench.cpu);
    session.objective().sampler = ChosenTimeSampler(sampler);
    session.parameters().initialise(1);
    load_values(checkpoint(bench, "nm-1"), session.parameters(), "autoencoder.");
    TrainerOptions options = options_of(bench);
    options.steps = bench.steps / 2, options.peak_rate = 1.5e-3, options.average_decay = 0.99;
    fit_standardiser(session, bench.train, {options.budget, options.crop, options.seed}, 100'000);
    losses.emplace_back(sampler, train(bench, session, name, options).value("error"));
    Read<NmDiffusion> reader(bench.cpu);
    reader.load(checkpoint(bench, name));
    print_scores(bench, sampler, score(bench, evaluated(reader, name, true)), true);
    std::fflush(stdout);
  }
  std::printf("\n| times drawn | v-loss on valid, per channel |\n|---|---|\n");
  for (const auto& [name, loss] : losses) std::printf("| %s | %.4f |\n", name.c_str(), loss);
}

} // namespace

int main(int argc, char** argv) try {
  require(argc == 3 || argc == 4, "usage: ablations DATA_DIR OUTPUT_DIR [STEPS]");
  const std::string data = argv[1];
  ThreadPool pool, one(1);
  Bench bench{Cpu{&pool}, Cpu{&one}, read_set(data + "/pretrain_train.fasta.gz"), read_set(data + "/pretrain_valid.fasta.gz"), {},
              argv[2],    400};
  if (argc == 4) bench.steps = std::atol(argv[3]);
  require(bench.steps >= 10, "ablations: STEPS must be at least 10");
  for (const TaskSpec& spec : task_specs) {
    const auto source = open_input(data + "/tasks/" + std::string(spec.name) + ".csv.gz");
    bench.suite.add(load_task(*source, spec));
  }
  run(bench);
} catch (const Error& error) {
  std::fprintf(stderr, "ablations: %s\n", error.what());
  return 1;
}
