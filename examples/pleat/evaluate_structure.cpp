/// \file  `pleat evaluate-structure`: runs of `pleat finetune` against each other and against baselines, as a report.

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>

#include <CLI/CLI.hpp>

#include <pleat/eval/comparison_report_html.hpp>
#include <pleat/eval/report_files.hpp>
#include <pleat/eval/training_log.hpp>
#include <pleat/io/csv.hpp>
#include <pleat/io/gzip.hpp>

#include "command.hpp"
#include "registry.hpp"
#include "structure_tasks.hpp"

namespace tool {

namespace {

struct EvaluateStructureArguments {
  std::vector<std::string> runs, logs;
  std::string structures, split, decoys, report, reference = "none", picture,
                                                 title = "Encoders of structures, fine-tuned: pre-training against none";
  Index resamples = 1000;
  DeviceOptions where;
  bool reference_named = false, again = false, no_baselines = false, dry_run = false;
};

/// A folder that `pleat finetune` wrote.
struct TaskRun {
  std::string title, folder, task, seed;
  Index budget = 1024, first = 0;
  std::vector<double> labels, outputs; ///< of test, as predictions.tsv has them
};

// "TITLE=FOLDER" or "FOLDER".
std::pair<std::string, std::string> titled(const std::string& text) {
  const std::size_t equal = text.find('=');
  if (equal == text.npos || std::filesystem::exists(text)) return {"", text};
  return {text.substr(0, equal), text.substr(equal + 1)};
}

TaskRun read_run(const std::string& text) {
  TaskRun run;
  std::tie(run.title, run.folder) = titled(text);
  const std::string path = run.folder + "/result.json", table_path = run.folder + "/predictions.tsv";
  pleat::require(std::filesystem::exists(path), run.folder,
                 ": holds no result.json; is this a finished run of `pleat finetune`?");
  const pleat::Json result = pleat::Json::parse(file_text(path), path);
  const auto field = [&](const pleat::Json& of, const char* name) -> const pleat::Json& {
    const pleat::Json* found = of.is_object() ? of.find(name) : nullptr;
    pleat::require(found != nullptr, path, ": has no \"", name, "\"; is it the result of `pleat finetune`?");
    return *found;
  };
  const pleat::Json& facts = field(result, "run");
  run.task = field(result, "task").string();
  pleat::require(run.task != "msp", path, ": msp is scored complex by complex, in this file; it is no comparison of encoders.");
  run.seed = field(facts, "seed").dump();
  run.budget = static_cast<Index>(field(facts, "budget").number()),
  run.first = static_cast<Index>(field(facts, "first").number());
  if (run.title.empty()) run.title = field(facts, "initial").string();
  const auto predictions = pleat::open_input(table_path);
  pleat::CsvReader table(*predictions, '\t');
  const Index label = table.column("label"), outputs = find_structure_task(run.task).outputs;
  std::vector<Index> columns;
  for (Index c = 0; c < outputs; ++c) columns.push_back(table.column("output_" + std::to_string(c)));
  const auto number = [&](Index column) {
    const std::string value(table.field(column));
    char* end = nullptr;
    const double parsed = std::strtod(value.c_str(), &end);
    pleat::require(!value.empty() && *end == '\0', table_path, ":", table.line(), ": \"", value, "\" is not a number.");
    return parsed;
  };
  while (table.next()) {
    run.labels.push_back(number(label));
    for (const Index column : columns) run.outputs.push_back(number(column));
  }
  return run;
}

// What a run predicted, against the labels of the data as they are made today; with `again` from its model.
void check_run(TaskRun& run, const StructureTaskFacts& task, const StructureTaskData& data, const EvaluateStructureArguments& a) {
  const std::vector<double> labels = data.labels(pleat::Split::Test);
  bool same = labels.size() == run.labels.size();
  for (std::size_t i = 0; same && i < labels.size(); ++i)
    same = std::abs(labels[i] - run.labels[i]) <= 1e-5 * (std::max)(1.0, std::abs(labels[i])); // six digits are written
  pleat::require(same, run.folder, "/predictions.tsv: is of other labels (", run.labels.size(), ", these structures give ",
                 labels.size(), "); give the structures, the split and the decoys it was trained with.");
  if (!a.again) return;
  DeviceChoice device;
  const auto model = structure_task_model(task, a.where, device);
  const auto outputs = model->outputs(checkpoint_file(run.folder), data, run.budget, device);
  for (std::size_t i = 0; i < outputs.size(); ++i)
    pleat::require(std::abs(outputs[i] - run.outputs[i]) <= 1e-3 * (std::max)(1.0, std::abs(outputs[i])), run.folder,
                   ": its model says ", outputs[i], " of label ", i, " where predictions.tsv has ", run.outputs[i],
                   "; one of the two is of another run.");
  run.outputs = outputs;
}

// One protein of the test part: the first with that name, or that on which the run has its median score; none where there is none
// with a score.
std::optional<pleat::ResidueMap> residue_map(const StructureTaskFacts& task, const StructureTaskData& data, const TaskRun& run,
                                             const std::string& picture) {
  const pleat::LabelledStructures& test = data.parts[static_cast<std::size_t>(pleat::Split::Test)];
  const auto scores = task.scores(run.outputs);
  struct Protein {
    Index unit;
    std::size_t first_item;
    double score;
  };
  std::vector<Protein> proteins;
  std::size_t next = 0;
  for (Index u = 0; u < test.size(); ++u) {
    const std::size_t first = std::exchange(next, next + static_cast<std::size_t>(test[u].items));
    const std::span<const double> of(scores.data() + first, next - first);
    std::vector<Index> classes;
    for (std::size_t i = first; i < next; ++i) classes.push_back(run.labels[i] > 0);
    const double score = task.outputs == 2 ? pleat::auroc(of, classes)
                                           : pleat::spearman(of, std::span<const double>(run.labels.data() + first, of.size()));
    if (!std::isnan(score)) proteins.push_back({u, first, score});
  }
  if (proteins.empty()) return std::nullopt;
  const Protein* chosen = nullptr;
  if (picture.empty()) {
    std::stable_sort(proteins.begin(), proteins.end(), [](const Protein& x, const Protein& y) { return x.score < y.score; });
    chosen = &proteins[proteins.size() / 2];
  } else {
    for (const Protein& protein : proteins)
      if (chosen == nullptr && test[protein.unit].make().structures[0]->name.find(picture) != std::string::npos)
        chosen = &protein;
    if (chosen == nullptr) return std::nullopt;
  }
  const pleat::LabelledUnit unit = test[chosen->unit].make();
  const pleat::Structure& s = *unit.structures[0];
  pleat::ResidueMap map;
  const std::string name = std::filesystem::path(s.name).filename().string();
  map.title = task.title + ": " + name + ", " + run.title + ", seed " + run.seed;
  map.note = task.metric + " on this protein: " + pleat::detail::fixed(chosen->score) +
             (picture.empty() ? ", the median of " + std::to_string(proteins.size()) + " proteins of test." : ".");
  map.observed.assign(s.types.size(), std::nan("")), map.predicted = map.observed;
  for (std::size_t i = 0; i < unit.items.size(); ++i) {
    const auto r = static_cast<std::size_t>(unit.items[i].sites[0].residue);
    map.observed[r] = run.labels[chosen->first_item + i], map.predicted[r] = scores[chosen->first_item + i];
  }
  for (Index r = 0; r < s.residues(); ++r) map.names.push_back(s.describe(r));
  const std::vector<Index> alphas = s.alpha_carbons();
  for (std::size_t i = 0; i < alphas.size(); ++i)
    for (std::size_t j = i + 3; j < alphas.size(); ++j)
      if (alphas[i] >= 0 && alphas[j] >= 0 &&
          pleat::square_distance(s.positions[static_cast<std::size_t>(alphas[i])],
                                 s.positions[static_cast<std::size_t>(alphas[j])]) < 64)
        map.contacts.emplace_back(static_cast<Index>(i), static_cast<Index>(j));
  return map;
}

pleat::ReportChart curve(const std::string& title, const std::vector<std::pair<std::string, std::string>>& folders) {
  pleat::ReportChart chart{title, "step", "loss", "", {}, {}};
  for (const auto& [name, folder] : folders)
    if (std::filesystem::exists(folder + "/log.jsonl")) {
      auto series = pleat::TrainingLog::read(folder + "/log.jsonl").series("loss", name);
      if (!series.points.empty()) chart.series.push_back(std::move(series));
    }
  return chart;
}

// Decoys of other makers, whose labels no run has seen: what the models say of them. \returns nothing where the split lists none.
std::optional<pleat::ComparisonTable> compare_on_decoy_files(const StructureTaskFacts& task, const std::vector<TaskRun*>& runs,
                                                             const EvaluateStructureArguments& a) {
  const StructureTaskData data = load_decoy_files(a.structures, a.split, runs[0]->budget);
  const Index decoys = data.parts[static_cast<std::size_t>(pleat::Split::Test)].size();
  if (decoys == 0) return std::nullopt;
  DeviceChoice device;
  const auto model = structure_task_model(task, a.where, device);
  std::vector<pleat::Predictions> models, baselines;
  for (const TaskRun* run : runs)
    models.push_back(
        {run->title, run->seed, task.scores(model->outputs(checkpoint_file(run->folder), data, run->budget, device))});
  if (!a.no_baselines)
    for (const auto& scored : task_baselines(task, data, a.structures, a.split, 0, a.where.threads).scores)
      baselines.push_back({scored.name, "", scored.scores});
  return pleat::ComparisonTable{
      task.name + "-files", "quality of the " + std::to_string(decoys) + " decoys that are files, whose labels no run has seen",
      task.metric,
      pleat::compare_predictors(task.statistic(), data.test_examples(), models, baselines, a.reference,
                                {.resamples = a.resamples})};
}

// The tables, curves and picture of one task.
void compare_task(pleat::ComparisonReport& report, const StructureTaskFacts& task, const std::vector<TaskRun*>& runs,
                  const EvaluateStructureArguments& a) {
  std::fprintf(stderr, "%s: %zu runs\n", task.name.c_str(), runs.size());
  const Index first = runs[0]->first;
  for (const TaskRun* run : runs)
    pleat::require(run->first == first, run->folder, ": was run with --first ", run->first, " and ", runs[0]->folder,
                   " with --first ", first, "; compare runs on the same labels.");
  pleat::require(task.name != "psr" || (!a.decoys.empty() && std::filesystem::exists(a.decoys)), "--decoys \"", a.decoys,
                 "\" is not there; name the file of the decoys that the psr runs were trained with.");
  const StructureTaskData data = load_structure_task(task, a.structures, a.split, first, runs[0]->budget, a.decoys);
  std::vector<pleat::Predictions> models;
  for (TaskRun* run : runs) {
    check_run(*run, task, data, a);
    models.push_back({run->title, run->seed, task.scores(run->outputs)});
  }
  const auto table = [&](const std::string& name, const std::string& title, const pleat::StructureExamples& examples,
                         const std::vector<pleat::BaselineScores>& scores) -> const pleat::Comparison& {
    std::vector<pleat::Predictions> baselines;
    for (const auto& baseline : scores) baselines.push_back({baseline.name, "", baseline.scores});
    report.tasks.push_back(
        {name, title, task.metric,
         pleat::compare_predictors(task.statistic(), examples, models, baselines, a.reference, {.resamples = a.resamples})});
    return report.tasks.back().comparison;
  };
  TaskBaselines baselines;
  if (!a.no_baselines) baselines = task_baselines(task, data, a.structures, a.split, first, a.where.threads);
  const pleat::Comparison comparison = table(task.name, task.title, data.test_examples(), baselines.scores);
  if (!baselines.second_title.empty())
    table(task.name + "-second", task.title + ", scored by " + baselines.second_title, baselines.second, baselines.second_scores);

  if (task.name == "psr")
    if (auto files = compare_on_decoy_files(task, runs, a)) report.tasks.push_back(std::move(*files));

  std::vector<std::pair<std::string, std::string>> first_seeds;
  const TaskRun* best = nullptr;
  for (const TaskRun* run : runs) {
    const auto known = [&](const auto& pair) { return pair.first == run->title; };
    if (std::any_of(first_seeds.begin(), first_seeds.end(), known)) continue;
    first_seeds.emplace_back(run->title, run->folder);
    const auto value = [&](const TaskRun& r) { return comparison.find(r.title)->value.value; };
    if (best == nullptr || std::isnan(value(*best)) || value(*run) > value(*best)) best = run;
  }
  auto chart = curve("Fine-tuning on " + task.name + ", first seeds", first_seeds);
  if (!chart.series.empty()) report.training_curves.push_back(std::move(chart));
  if (task.name != "interface" && task.name != "displacement") return;
  if (auto map = residue_map(task, data, *best, a.picture))
    report.maps.push_back(std::move(*map));
  else
    report.notes.push_back("No picture for " + task.name + ": " +
                           (a.picture.empty() ? "no protein of test has differing labels and differing predictions."
                                              : "no protein of test with a score has \"" + a.picture + "\" in its name."));
}

void evaluate_structure(const EvaluateStructureArguments& a) {
  const auto begin = std::chrono::steady_clock::now();
  std::vector<TaskRun> runs;
  for (const std::string& text : a.runs) runs.push_back(read_run(text));
  if (a.dry_run) {
    std::size_t numbers = 0;
    for (const TaskRun& run : runs) numbers += run.labels.size() + run.outputs.size();
    std::printf("runs             %zu, %zu numbers of labels and predictions\n", runs.size(), numbers);
    std::printf("memory           %s of these, and the structures\n", bytes_text(8.0 * static_cast<double>(numbers)).c_str());
    std::printf("disk             about 1 MB for the report\n");
    return;
  }
  const auto is_reference = [&](const TaskRun& run) { return run.title == a.reference; };
  pleat::require(!a.reference_named || std::any_of(runs.begin(), runs.end(), is_reference), "--reference ", a.reference,
                 ": no run has this title; titles are given as --run TITLE=FOLDER.");
  pleat::make_report_folder(a.report);
  pleat::ComparisonReport report;
  report.title = a.title;
  report.subtitle = "Heads on encoders, all weights trained, scored on the test part of one split over components of related "
                    "proteins.";
  for (const StructureTaskFacts& task : structure_tasks()) {
    std::vector<TaskRun*> of_task;
    for (TaskRun& run : runs)
      if (run.task == task.name) of_task.push_back(&run);
    if (!of_task.empty()) compare_task(report, task, of_task, a);
  }
  std::vector<std::pair<std::string, std::string>> logs;
  for (const std::string& text : a.logs) {
    auto [name, folder] = titled(text);
    pleat::require(std::filesystem::exists(folder + "/log.jsonl"), folder,
                   ": holds no log.jsonl; name a run of `pleat pretrain-structure`.");
    logs.emplace_back(name.empty() ? std::filesystem::path(folder).filename().string() : name, folder);
  }
  if (!logs.empty()) report.training_curves.push_back(curve("Pre-training", logs));
  report.facts.emplace_back("command", command_line());
  report.facts.emplace_back("time", time_text(std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count()));
  pleat::write_report(report, a.report);
  std::fputs(pleat::report_markdown(report).c_str(), stdout);
  std::printf("\n%s/report.html\n", a.report.c_str());
}

} // namespace

void add_evaluate_structure(CLI::App& app) {
  auto a = std::make_shared<EvaluateStructureArguments>();
  CLI::App& command = *app.add_subcommand(
      "evaluate-structure",
      "Compare runs of `pleat finetune` with each other and with baselines that need no learning: tables with "
      "paired intervals, training curves, and a picture of one protein.");
  command.footer("Example:\n  pleat evaluate-structure --run none=runs/none-1 --run siamdiff=runs/siamdiff-1 \\\n"
                 "        --structures structures --split examples/data/structure_split.tsv --report report\n\n"
                 "Runs of one title and several seeds are one row. Writes report.html, report.md and results.json.");
  command.add_option("--run", a->runs, "folder that `pleat finetune` wrote, or TITLE=FOLDER; default title: what it began with")
      ->required();
  command.add_option("--structures", a->structures, "folder of the structures that the split lists")
      ->required()
      ->check(CLI::ExistingDirectory);
  command.add_option("--split", a->split, "table of the split: file, chain, cluster, component, split")->required();
  command.add_option("--decoys", a->decoys, "psr: file of the decoys that the runs were trained with");
  command.add_option("--report", a->report, "folder of the report")->required();
  command.add_option("--reference", a->reference, "title of the runs that the others are compared with")->capture_default_str();
  command.add_option("--log", a->logs, "folder of a pre-training whose curve is drawn, or TITLE=FOLDER");
  command.add_option("--picture", a->picture, "part of the name of the protein to draw; default: that of the median score");
  command.add_option("--resamples", a->resamples, "of the bootstrap")->capture_default_str()->check(CLI::PositiveNumber);
  command.add_option("--title", a->title, "of the report")->capture_default_str();
  add_device_options(command, a->where);
  command.add_flag("--again", a->again, "run each model again and compare with its predictions.tsv");
  command.add_flag("--no-baselines", a->no_baselines, "leave the baselines out");
  command.add_flag("--dry-run", a->dry_run, "print what memory and disk the evaluation will take, and stop");
  command.callback([a, &command] {
    a->reference_named = command.count("--reference") > 0;
    evaluate_structure(*a);
  });
}

} // namespace tool
