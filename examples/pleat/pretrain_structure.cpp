/// \file  `pleat pretrain-structure`: pre-training of encoders of structures.

#include <cmath>
#include <cstdio>
#include <memory>

#include <CLI/CLI.hpp>

#include <pleat/data/batches.hpp>

#include "command.hpp"
#include "registry.hpp"
#include "structure_corpus.hpp"
#include "structure_training.hpp"
#include "training_options.hpp"

namespace tool {

namespace {

struct PretrainStructureArguments {
  CorpusArguments corpus;
  StructureTrainRequest request;
  std::string objective, level, model, part = "train", conformer, initial;
  int stage = 1;
  double gamma = 0;
  bool has_gamma = false, dry_run = false, quiet = false;
};

long long number(Index value) { return static_cast<long long>(value); }

/// Checks what can be checked before a file is read.
const StructureTraining& choose(PretrainStructureArguments& a) {
  pleat::require(!a.level.empty() || !a.model.empty(), "nothing says what to train; give --level residue or atom, or a --model.");
  pleat::require(a.level.empty() || a.level == "residue" || a.level == "atom", "--level ", a.level,
                 ": there are residue and atom.");
  if (a.model.empty())
    for (const auto& entry : structure_trainings())
      if (a.model.empty() && entry->facts().nodes == a.level) a.model = entry->facts().encoder;
  const StructureTraining& training = find_structure_training(a.objective, a.model);
  const StructureTrainFacts& facts = training.facts();
  pleat::require(a.level.empty() || a.level == facts.nodes, "--level ", a.level, ": ", a.model, " reads graphs of ", facts.nodes,
                 "s; leave one of the two out.");
  pleat::require(a.stage == 1 || facts.denoises, "--stage 2: ", a.objective, " moves no atoms and has one stage; leave it out.");
  pleat::require(!a.has_gamma || facts.weighs, "--gamma: ", a.objective,
                 " has one loss, there is nothing to weigh; leave it out.");
  pleat::require(a.conformer.empty() || facts.two_forms, "--conformer: ", a.objective,
                 " looks at one form of a structure; leave it out, or train siamdiff.");
  pleat::require(!a.corpus.inputs.empty() || !a.corpus.list.empty(),
                 "there is no input; name files or folders with --structures, or a --list.");
  pleat::require(!a.corpus.split.empty() || a.corpus.all,
                 "there is no split; give --split TABLE, so that structures of tests stay unseen, or --all to train on all.");
  pleat::require(a.corpus.fraction > 0 && a.corpus.fraction <= 1, "--fraction ", a.corpus.fraction,
                 ": a share of the components is above 0 and at most 1.");
  pleat::require(a.corpus.fraction == 1 || !a.corpus.split.empty(),
                 "--fraction: the components are those of a --split; give one.");
  for (const auto& [option, value] :
       {std::pair{"--rate", a.request.options.peak_rate}, {"--clip", a.request.optimiser.clip}, {"--gamma", a.gamma}})
    pleat::require(std::isfinite(value), option, " is ", value, ", which is no amount; give a finite number.");
  for (const pleat::Split part : pleat::all_splits)
    if (pleat::split_name(part) == a.part) a.corpus.part = part;
  pleat::require(pleat::split_name(a.corpus.part) == a.part, "--part ", a.part, ": there are train, valid and test.");

  pleat::DenoisingOptions& d = a.request.denoising;
  const Index crop = a.request.options.crop;
  d = a.stage == 1 ? pleat::stage_one : pleat::stage_two;
  d.crop = crop > 0 ? crop : facts.nodes == "atom" ? 100 : 150;
  a.request.options.crop = d.crop;
  if (a.has_gamma) d.gamma = a.gamma;
  d.check();
  if (facts.two_forms && a.conformer.empty()) a.conformer = facts.nodes == "atom" ? "torsional" : "gaussian";
  if (facts.two_forms) a.request.conformer = pleat::ChosenConformer(a.conformer);
  a.corpus.other_forms = a.conformer == "observed", a.corpus.alphas = facts.nodes == "residue";
  a.corpus.quiet = a.quiet;
  return training;
}

void print_estimates(const StructureTraining& training, const StructureTrainRequest& request) {
  const StructureTrainFacts& facts = training.facts();
  const pleat::TrainerOptions& o = request.options;
  const pleat::BatchPlan plan(request.train->lengths(), {o.budget, o.crop, o.seed});
  const StructureTrainCost cost = training.cost(request);
  const double copies = o.average_decay > 0 ? 4 : 3, trained = static_cast<double>(facts.trainable);
  const double disk =
      4 * (trained * copies + static_cast<double>(facts.parameters - facts.trainable)) + static_cast<double>(o.steps) * 220;
  std::printf("model            %s, %lld parameters (%lld trained)\n", facts.name.c_str(), number(facts.parameters),
              number(facts.trainable));
  std::printf("data             %lld structures, %lld residues; %lld batches an epoch, %.2f epochs\n",
              number(request.train->size()), number(request.train->residues()), number(plan.batches_per_epoch()),
              static_cast<double>(o.steps * o.accumulation) / static_cast<double>(plan.batches_per_epoch()));
  std::printf("memory           %s = values and gradients %s + optimiser %s + activations %s%s\n",
              bytes_text(static_cast<double>(cost.total()) + request.device.fixed_memory()).c_str(),
              bytes_text(static_cast<double>(cost.parameters)).c_str(), bytes_text(static_cast<double>(cost.optimiser)).c_str(),
              bytes_text(static_cast<double>(cost.activations)).c_str(), request.device.fixed_memory_text().c_str());
  std::printf("disk             %s (checkpoint and log), twice that while a checkpoint is replaced\n", bytes_text(disk).c_str());
  std::printf("time             about %s: %lld steps of %.3f s (%.0f residues a second, measured with %s)\n",
              time_text(cost.seconds_per_step * static_cast<double>(o.steps)).c_str(), number(o.steps), cost.seconds_per_step,
              cost.residues_per_step / cost.seconds_per_step, request.device.measured_with().c_str());
}

void pretrain_structure(PretrainStructureArguments& a) {
  StructureTrainRequest& request = a.request;
  const StructureTraining& on_cpu = *as_usage([&] { return &choose(a); });
  keep_precision(request.where, request.directory);
  const Placed<StructureTraining> training = place_structure_training(on_cpu, request.where);
  const StructureTrainFacts& facts = training->facts();
  request.device = training.device;
  if (!a.initial.empty()) request.initial = checkpoint_file(a.initial);
  Corpus corpus = load_corpus(a.corpus);
  if (a.corpus.other_forms) request.conformer = pleat::ChosenConformer(a.conformer, std::move(corpus.forms));
  request.train = &corpus.train, request.valid = &corpus.valid;
  request.run = corpus.about;
  request.run.set("stage", a.stage);
  if (facts.weighs) request.run.set("gamma", request.denoising.gamma);
  if (facts.two_forms) request.run.set("conformer", a.conformer);
  if (a.dry_run) return print_estimates(*training, request);
  ProgressBar bar;
  if (!a.quiet)
    request.progress = [&bar](const pleat::Progress& p) {
      char text[96];
      std::snprintf(text, sizeof text, "loss %.4f  %.0f residues/s", p.result->metrics.value("loss"), p.tokens_per_second);
      bar.show(p.step, p.steps, text);
    };
  const pleat::TrainingSummary done = training->train(request);
  std::printf("%s on %s: %lld steps%s", facts.name.c_str(), training.device.text.c_str(), number(done.step),
              done.stopped_early ? ", stopped early" : "");
  for (const auto& metric : done.validation.entries()) std::printf(", validation %s %.4f", metric.name, metric.value());
  std::printf(", %s, %s/model.safetensors\n", time_text(done.seconds).c_str(), request.directory.c_str());
}

} // namespace

void add_pretrain_structure(CLI::App& app) {
  auto a = std::make_shared<PretrainStructureArguments>();
  StructureTrainRequest& request = a->request;
  request.options.crop = 0; // that of the level
  request.options.steps = 500, request.options.budget = 600, request.options.warm_up = 20;
  CLI::App& command = *app.add_subcommand(
      "pretrain-structure", "Pre-train an encoder of structures by denoising, or a rival of it; continues a folder by itself.");
  command.footer(
      "Example:\n  pleat pretrain-structure --objective siamdiff --level residue --structures structures/ --split split.tsv \\\n"
      "                           --output runs/siamdiff --steps 500 --budget 600 --rate 1e-3\n"
      "  pleat pretrain-structure --objective siamdiff --level residue --structures structures/ --split split.tsv \\\n"
      "                           --stage 2 --init runs/siamdiff --output runs/siamdiff-2\n\n"
      "The table of the split has the columns file, chain, cluster, component and split, divided by tabs; a file is found in it\n"
      "by the end of its path. Only the chains of --part are trained on, those of the part valid are validated on. The encoder "
      "is\n"
      "in the checkpoint under `encoder.`; read it with `pleat embed-structure --model <encoder> --weights runs/siamdiff`.");
  command.add_option("--objective", a->objective, "diffpret, siamdiff, denoising-score-matching, residue-type or distance")
      ->required();
  command.add_option("--level", a->level, "residue or atom: the first encoder of this level");
  command.add_option("--model", a->model, "name of an encoder, see `pleat models`");
  add_structure_options(command, a->corpus, "--structures");
  command.add_option("--split", a->corpus.split, "table of the split");
  command.add_option("--part", a->part, "the part that is trained on")->capture_default_str();
  command.add_flag("--all", a->corpus.all, "train also on files and chains that the table does not have, or without a table");
  command.add_option("--fraction", a->corpus.fraction, "share of the components of the part, the same ones for every seed")
      ->capture_default_str();
  command.add_option("--stage", a->stage, "1: large noise and --gamma 0.5, 2: small noise and --gamma 0.2")
      ->capture_default_str()
      ->check(CLI::Range(1, 2));
  CLI::Option* gamma =
      command
          .add_option("--gamma", a->gamma, "weight of the structure loss, the sequence loss has the rest (default: of the stage)")
          ->check(CLI::Range(0.0, 1.0));
  command.add_option(
      "--conformer", a->conformer,
      "siamdiff's second conformer: gaussian (default for residues), torsional (for atoms), rotamers, or observed: "
      "the file X_b for X_u and back, gaussian where there is none");
  command.add_option("--init", a->initial, "folder or checkpoint whose values a fresh run begins with: that of stage 1, say");
  add_training_options(command, {request.directory, request.options, request.optimiser, request.where, a->dry_run, a->quiet});
  command.add_option("--crop", request.options.crop, "residues of a structure in a step (default: 150, atoms: 100)")
      ->check(CLI::PositiveNumber);
  command.callback([a, gamma] {
    a->has_gamma = gamma->count() > 0;
    pretrain_structure(*a);
  });
}

} // namespace tool
