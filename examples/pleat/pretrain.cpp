/// \file  `pleat pretrain` and `pleat diffuse`.

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <memory>

#include <CLI/CLI.hpp>

#include <pleat/data/batches.hpp>
#include <pleat/diffusion/chosen_sampler.hpp>
#include <pleat/io/safetensors.hpp>

#include "command.hpp"
#include "registry.hpp"
#include "training_options.hpp"

namespace tool {

namespace {

struct TrainArguments {
  std::string model, autoencoder, excluded;
  std::vector<std::string> data, valid;
  TrainRequest request;
  bool dry_run = false, quiet = false, strict = false;
};

void add_common(CLI::App& app, TrainArguments& a) {
  auto& o = a.request.options;
  app.add_option("--data", a.data, "FASTA files to train on (plain, gzip, - for standard input)")->required();
  app.add_option("--valid", a.valid, "FASTA files to validate on");
  app.add_option("--exclude-marked", a.excluded, "leave out records whose header has this word after the id");
  add_training_options(app, {a.request.directory, o, a.request.optimiser, a.request.where, a.dry_run, a.quiet});
  app.add_option("--crop", o.crop, "longer sequences are cut to a random piece of this length; 0: never")
      ->capture_default_str()
      ->check(CLI::NonNegativeNumber);
  app.add_flag("--strict", a.strict, "characters that are no residues are errors, not X");
}

void print_estimates(const ModelEntry& entry, const TrainArguments& a, bool diffusion) {
  const TrainRequest& request = a.request;
  const pleat::TrainerOptions& o = request.options;
  const pleat::BatchPlan plan(request.train->lengths(), {o.budget, o.crop, o.seed});
  const ModelFacts facts = entry.facts(diffusion);
  MemoryFacts memory;
  double tokens = 0;
  const Index sampled = (std::min)(plan.batches_per_epoch(), Index{8});
  for (Index step = 0; step < sampled; ++step) {
    const pleat::BatchPieces pieces = plan.batch(step);
    tokens += static_cast<double>(pieces.tokens) / static_cast<double>(sampled);
    const MemoryFacts one = entry.memory(diffusion, pieces.lengths, request.device.cpu_threads(), o.average_decay > 0);
    if (one.activations >= memory.activations) memory = one;
  }
  // Timed on a smaller batch; a step's time grows about as its residues do.
  TrainRequest small = request;
  small.options.budget = (std::min)(o.budget, Index{2048});
  small.options.crop = o.crop > 0 ? (std::min)(o.crop, small.options.budget) : small.options.budget;
  const double small_tokens = static_cast<double>(
      pleat::BatchPlan(request.train->lengths(), {small.options.budget, small.options.crop, o.seed}).batch(0).tokens);
  const double step_seconds = entry.seconds_per_step(small, diffusion) * tokens / small_tokens;
  const double copies = o.average_decay > 0 ? 4 : 3, trained = static_cast<double>(facts.trainable);
  const double disk =
      4 * (trained * copies + static_cast<double>(facts.parameters - facts.trainable)) + static_cast<double>(o.steps) * 220;
  std::printf("model            %s, %lld parameters (%lld trained)\n", facts.name.c_str(),
              static_cast<long long>(facts.parameters), static_cast<long long>(facts.trainable));
  std::printf("data             %lld sequences, %lld residues; %lld batches an epoch, %.2f epochs\n",
              static_cast<long long>(request.train->size()), static_cast<long long>(request.train->residues()),
              static_cast<long long>(plan.batches_per_epoch()),
              static_cast<double>(o.steps * o.accumulation) / static_cast<double>(plan.batches_per_epoch()));
  std::printf("memory           %s = values and gradients %s + optimiser %s + activations %s%s\n",
              bytes_text(static_cast<double>(memory.total()) + request.device.fixed_memory()).c_str(),
              bytes_text(static_cast<double>(memory.parameters)).c_str(),
              bytes_text(static_cast<double>(memory.optimiser)).c_str(),
              bytes_text(static_cast<double>(memory.activations)).c_str(), request.device.fixed_memory_text().c_str());
  std::printf("disk             %s (checkpoint and log), twice that while a checkpoint is replaced\n", bytes_text(disk).c_str());
  std::printf("time             about %s: %lld steps of %.3f s (%.0f residues a second, measured with %s)\n",
              time_text(step_seconds * static_cast<double>(o.steps)).c_str(), static_cast<long long>(o.steps), step_seconds,
              tokens * static_cast<double>(o.accumulation) / step_seconds, request.device.measured_with().c_str());
}

void train(TrainArguments& a, bool diffusion) {
  as_usage([&] {
    for (const auto& [option, value] :
         {std::pair{"--rate", a.request.options.peak_rate}, {"--lambda", a.request.lambda}, {"--clip", a.request.optimiser.clip}})
      pleat::require(std::isfinite(value), option, " is ", value, ", which is no amount; give a finite number.");
    return pleat::ChosenTimeSampler(a.request.time_sampler);
  });
  Placed<ModelEntry> entry;
  if (diffusion) {
    a.request.autoencoder = checkpoint_file(a.autoencoder);
    const pleat::Safetensors file = pleat::Safetensors::open(a.request.autoencoder);
    pleat::require(file.has_metadata("model"), a.request.autoencoder,
                   ": is not a checkpoint of this program; train one with `pleat pretrain`.");
    pleat::require(!is_diffusion(file.metadata("model")), a.request.autoencoder,
                   ": is itself a diffusion; give the autoencoder it was trained on.");
    keep_precision(a.request.where, a.request.directory);
    entry = place_model(file.metadata("model"), a.request.where);
  } else {
    as_usage([&] {
      pleat::require(!is_diffusion(a.model), a.model, ": is a diffusion; train it with `pleat diffuse`.");
      find_model(a.model);
      return 0;
    });
    keep_precision(a.request.where, a.request.directory);
    entry = place_model(a.model, a.request.where);
  }
  const pleat::SequenceSet train = load_sequences(a.data, a.excluded, a.strict),
                           valid = load_sequences(a.valid, a.excluded, a.strict);
  a.request.train = &train, a.request.valid = &valid, a.request.device = entry.device;
  if (a.dry_run) return print_estimates(*entry, a, diffusion);
  ProgressBar bar;
  if (!a.quiet)
    a.request.progress = [&bar](const pleat::Progress& p) {
      char text[96];
      std::snprintf(text, sizeof text, "loss %.4f  %.0f residues/s", p.result->metrics.value("loss"), p.tokens_per_second);
      bar.show(p.step, p.steps, text);
    };
  const pleat::TrainingSummary done = diffusion ? entry->diffuse(a.request) : entry->pretrain(a.request);
  std::printf("%s%s on %s: %lld steps%s", entry->name().c_str(), diffusion ? "-diffusion" : "", entry.device.text.c_str(),
              static_cast<long long>(done.step), done.stopped_early ? ", stopped early" : "");
  for (const auto& metric : done.validation.entries()) std::printf(", validation %s %.4f", metric.name, metric.value());
  std::printf(", %s, %s/model.safetensors\n", time_text(done.seconds).c_str(), a.request.directory.c_str());
}

} // namespace

void add_pretrain(CLI::App& app) {
  auto a = std::make_shared<TrainArguments>();
  CLI::App& command = *app.add_subcommand("pretrain", "Train an autoencoder on sequences; continues a folder by itself.");
  command.footer(
      "Example:\n  pleat pretrain --model lsd-nm-xs --data train.fasta.gz --valid valid.fasta.gz --exclude-marked e1 \\\n"
      "                 --output runs/nm-xs --steps 20000 --budget 8192 --crop 256 --rate 1e-3 --warmup 500");
  command.add_option("--model", a->model, "name of the model, see `pleat models`")->required();
  command.add_option("--lambda", a->request.lambda, "weight of the normalisation loss")
      ->capture_default_str()
      ->check(CLI::NonNegativeNumber);
  add_common(command, *a);
  command.callback([a] { train(*a, false); });
}

void add_diffuse(CLI::App& app) {
  auto a = std::make_shared<TrainArguments>();
  a->request.options.average_decay = 0.999;
  CLI::App& command = *app.add_subcommand("diffuse", "Train a diffusion on the latents of a trained autoencoder.");
  command.footer("Example:\n  pleat diffuse --autoencoder runs/nm-xs --data train.fasta.gz --valid valid.fasta.gz \\\n"
                 "                --output runs/nm-xs-diffusion --steps 20000 --time-sampler stratified");
  command.add_option("--autoencoder", a->autoencoder, "folder or checkpoint of the autoencoder")->required();
  command
      .add_option("--time-sampler", a->request.time_sampler, "uniform, stratified, loss-second-moment, reducible or logit-normal")
      ->capture_default_str();
  command.add_option("--latent-residues", a->request.latent_residues, "residues the standardiser of latents is fitted on")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  add_common(command, *a);
  command.callback([a] { train(*a, true); });
}

} // namespace tool
