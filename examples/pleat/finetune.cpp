/// \file  `pleat finetune`: an encoder of structures with a head for one of the structure tasks.

#include <cmath>
#include <cstdio>
#include <filesystem>
#include <memory>

#include <CLI/CLI.hpp>

#include <pleat/io/atomic_file.hpp>
#include <pleat/io/gzip.hpp>
#include <pleat/train/checkpoint.hpp>

#include "command.hpp"
#include "fingerprint.hpp"
#include "mutation_sets.hpp"
#include "registry.hpp"
#include "structure_tasks.hpp"

namespace tool {

namespace {

struct FinetuneArguments {
  std::string task, structures, split, initial, decoys, mutations;
  std::vector<std::string> second_fold{std::begin(pleat::skempi_inhibitor_pair), std::end(pleat::skempi_inhibitor_pair)};
  int fold = -1; // none was named
  FinetuneRequest request;
  Index first = 0;
  bool dry_run = false, quiet = false;
};

std::string file_fingerprint(const std::string& path) {
  const std::string text = file_text(path);
  return fingerprint(std::as_bytes(std::span(text)));
}

pleat::Interval score(const StructureTaskFacts& task, const pleat::StructureExamples& examples,
                      const std::vector<double>& outputs) {
  return pleat::over_components(pleat::component_statistic(task.statistic(), examples, task.scores(outputs)));
}

void write_predictions(const std::string& path, const StructureTaskFacts& task, const pleat::StructureExamples& examples,
                       const std::vector<double>& outputs) {
  std::string text = "unit\tcomponent\tlabel";
  for (Index c = 0; c < task.outputs; ++c) text += "\toutput_" + std::to_string(c);
  text += "\n";
  char number[32];
  for (std::size_t i = 0; i < examples.size(); ++i) {
    text += std::to_string(examples.chain[i]) + "\t" + std::to_string(examples.component[i]);
    std::snprintf(number, sizeof number, "\t%.6g", examples.labels[i]);
    text += number;
    for (std::size_t c = 0; c < static_cast<std::size_t>(task.outputs); ++c) {
      std::snprintf(number, sizeof number, "\t%.6g", outputs[i * static_cast<std::size_t>(task.outputs) + c]);
      text += number;
    }
    text += "\n";
  }
  pleat::atomic_write(path, text);
}

void print_estimates(const StructureTaskModel& model, const FinetuneArguments& a) {
  const FinetuneCost cost = model.cost(a.request);
  const auto steps = static_cast<double>(a.request.options.steps);
  std::printf("model            task %s on %s\n", a.task.c_str(), model.encoder().c_str());
  for (const pleat::Split part : pleat::all_splits) {
    const auto& set = a.request.data->parts[static_cast<std::size_t>(part)];
    std::printf("%-16s %lld labels in %lld units\n", std::string(pleat::split_name(part)).c_str(),
                static_cast<long long>(set.items()), static_cast<long long>(set.size()));
  }
  std::printf("memory           %s = values, gradients and moments %s + activations %s%s\n",
              bytes_text(static_cast<double>(cost.parameters + cost.activations) + a.request.device.fixed_memory()).c_str(),
              bytes_text(static_cast<double>(cost.parameters)).c_str(), bytes_text(static_cast<double>(cost.activations)).c_str(),
              a.request.device.fixed_memory_text().c_str());
  std::printf("disk             %s (checkpoint, log, predictions)\n",
              bytes_text(static_cast<double>(cost.parameters) + 220 * steps +
                         40.0 * static_cast<double>(a.request.data->parts[2].items()))
                  .c_str());
  std::printf("time             about %s: %lld steps of %.3f s\n", time_text(cost.seconds_per_step * steps).c_str(),
              static_cast<long long>(a.request.options.steps), cost.seconds_per_step);
}

/// Which files a task reads is known once the task is.
void check_inputs(const FinetuneArguments& a, bool mutations) {
  if (mutations) {
    pleat::require(!a.mutations.empty() && a.fold >= 0,
                   "--task msp needs --mutations TABLE and --fold 0 or 1, the fold to score.");
    pleat::require(a.split.empty(), "--split says nothing to --task msp, whose parts are the two folds; leave it out.");
  } else {
    pleat::require(!a.split.empty(), "--task ", a.task, " needs --split, the table that says which part a chain is in.");
    pleat::require(a.mutations.empty() && a.fold < 0, "--mutations and --fold belong to --task msp; leave them out.");
  }
}

/// The score of msp, which is one by complex.
void report_mutations(const FinetuneArguments& a, const StructureTaskFacts& task, const StructureTaskData& data,
                      const Finetuned& done, pleat::Json& result) {
  const double value = set_mutation_scores(result, data.tested, done.outputs);
  std::printf(
      "%s: %s of at least 20 mutations %s on %lld mutations of fold %d, a pipeline check, no benchmark; %lld steps, %s on %s, "
      "%s/model.safetensors\n",
      task.name.c_str(), task.metric.c_str(), std::isnan(value) ? "undefined" : std::to_string(value).substr(0, 6).c_str(),
      static_cast<long long>(data.parts[2].items()), a.fold, static_cast<long long>(done.summary.step),
      time_text(done.summary.seconds).c_str(), a.request.device.text.c_str(), a.request.directory.c_str());
}

void finetune(FinetuneArguments& a) {
  const StructureTaskFacts& task = *as_usage([&] { return &find_structure_task(a.task); });
  const bool mutations = task.name == "msp";
  auto& o = a.request.options;
  as_usage([&] {
    check_inputs(a, mutations);
    pleat::require(std::isfinite(o.peak_rate), "--rate is ", o.peak_rate, ", which is no amount; give a finite number.");
    return 0;
  });
  while (a.request.directory.size() > 1 && a.request.directory.back() == '/') a.request.directory.pop_back();
  keep_precision(a.request.where, a.request.directory);
  const auto model = structure_task_model(task, a.request.where, a.request.device);
  if (a.decoys.empty()) a.decoys = a.request.directory + ".decoys.safetensors";
  pleat::require(
      task.name != "psr" || !a.dry_run || std::filesystem::exists(a.decoys), a.decoys,
      ": is not there, and making the decoys is most of the work; run without --dry-run first, or name the file with --decoys.");
  if (a.initial != "none") a.request.initial = checkpoint_file(a.initial);
  const StructureTaskData data = mutations
                                     ? load_mutation_task(a.structures, a.mutations, a.fold, a.second_fold, a.first, o.budget)
                                     : load_structure_task(task, a.structures, a.split, a.first, o.budget, a.decoys);
  a.request.data = &data;
  pleat::Json& run = a.request.run;
  run.set("task", task.name).set("encoder", model->encoder()).set("budget", o.budget).set("rate", o.peak_rate);
  run.set("warm_up", o.warm_up).set("rate_floor", o.rate_floor).set("seed", o.seed).set("first", a.first);
  run.set("labels", data.parts[0].items());
  if (mutations) {
    pleat::Json second = pleat::Json::array();
    for (const std::string& complex : a.second_fold) second.push(complex);
    run.set("mutations", file_fingerprint(a.mutations)).set("fold", a.fold).set("second_fold", std::move(second));
  } else {
    run.set("split", file_fingerprint(a.split));
  }
  run.set("initial", a.request.initial.empty() ? std::string("none")
                                               : pleat::checkpoint_info(pleat::Safetensors::open(a.request.initial)).model);
  if (a.dry_run) return print_estimates(*model, a);
  ProgressBar bar;
  if (!a.quiet)
    a.request.progress = [&bar](const pleat::Progress& p) {
      char text[64];
      std::snprintf(text, sizeof text, "loss %.4f", p.result->metrics.value("loss"));
      bar.show(p.step, p.steps, text);
    };
  const Finetuned done = model->run(a.request);
  const pleat::LabelledStructures& test = data.parts[2];
  const pleat::StructureExamples examples = data.test_examples();
  write_predictions(a.request.directory + "/predictions.tsv", task, examples, done.outputs);
  pleat::Json result = pleat::Json::object();
  result.set("task", task.name).set("metric", task.metric);
  const auto finish = [&] {
    result.set("labels", test.items()).set("units", test.size()).set("run", run).set("steps", o.steps);
    pleat::atomic_write(a.request.directory + "/result.json", result.dump(2) + "\n");
  };
  if (mutations) return report_mutations(a, task, data, done, result), finish();
  const pleat::Interval value = score(task, examples, done.outputs);
  result.set("value", value.value).set("low", value.low).set("high", value.high);
  if (task.name == "psr") result.set("global", pleat::spearman(done.outputs, examples.labels));
  finish();
  std::printf("%s: %s %.4f [%.4f, %.4f] on %lld labels of test, %lld steps, %s on %s, %s/model.safetensors\n", task.name.c_str(),
              task.metric.c_str(), value.value, value.low, value.high, static_cast<long long>(test.items()),
              static_cast<long long>(done.summary.step), time_text(done.summary.seconds).c_str(), a.request.device.text.c_str(),
              a.request.directory.c_str());
}

} // namespace

void add_finetune(CLI::App& app) {
  auto a = std::make_shared<FinetuneArguments>();
  auto& o = a->request.options;
  o = {.steps = 500, .budget = 1024, .crop = 0, .peak_rate = 1e-3, .warm_up = 50, .validate_every = 0, .checkpoint_every = 200};
  a->request.optimiser.decay = 0;
  CLI::App& command = *app.add_subcommand(
      "finetune", "Train an encoder of structures with a head for a structure task, and score it on the test part; continues a "
                  "folder by itself.");
  command.footer(
      "Example:\n  pleat finetune --task interface --structures structures --split examples/data/structure_split.tsv \\\n"
      "                 --init runs/siamdiff --output runs/interface --steps 500\n\n"
      "Writes model.safetensors, log.jsonl, predictions.tsv and result.json.");
  command.add_option("--task", a->task, "res, pip, pip-published, interface, displacement, psr or msp")->required();
  command.add_option("--structures", a->structures, "folder of the structures that the table lists")
      ->required()
      ->check(CLI::ExistingDirectory);
  command.add_option("--split", a->split, "table of the split: file, chain, cluster, component, split; all tasks but msp");
  command.add_option("--mutations", a->mutations, "msp: table of mutations: pdb, mutation, ddg_kcal_mol, files");
  command.add_option("--fold", a->fold, "msp: the fold to score, 0 or 1; the other is trained on")->check(CLI::IsMember({0, 1}));
  command.add_option("--second-fold", a->second_fold, "msp: complexes that are fold 1, all others are fold 0")
      ->delimiter(',')
      ->capture_default_str();
  command.add_option("--init", a->initial, "run of `pleat pretrain-structure` whose encoder is taken, or none")->required();
  command.add_option("--output", a->request.directory, "folder of the run; a folder with a checkpoint is continued")->required();
  command
      .add_option("--first", a->first,
                  "only so many complexes (psr: chains) of each part, or mutations of each complex (msp); 0: all")
      ->capture_default_str()
      ->check(CLI::NonNegativeNumber);
  command.add_option("--decoys", a->decoys,
                     "psr: file of the decoys, made once where it is not there (default: beside --output)");
  command.add_option("--steps", o.steps, "optimiser steps")->capture_default_str()->check(CLI::PositiveNumber);
  command.add_option("--budget", o.budget, "residues of a batch, at most, but for one larger complex (a RES site counts 35)")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  command.add_option("--rate", o.peak_rate, "learning rate after warm-up")->capture_default_str()->check(CLI::NonNegativeNumber);
  command.add_option("--warmup", o.warm_up, "steps of warm-up")->capture_default_str()->check(CLI::NonNegativeNumber);
  command.add_option("--checkpoint-every", o.checkpoint_every, "steps between checkpoints; 0: only the last")
      ->capture_default_str()
      ->check(CLI::NonNegativeNumber);
  command.add_option("--seed", o.seed, "of the head, of a random encoder and of the order of batches")->capture_default_str();
  add_device_options(command, a->request.where, true);
  command.add_flag("--quiet", a->quiet, "no progress bar");
  command.add_flag("--dry-run", a->dry_run, "print what memory, disk and time the run will take, and stop");
  command.callback([a] { finetune(*a); });
}

} // namespace tool
