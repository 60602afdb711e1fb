/// \file  `pleat evaluate`: frozen representations of trained models on property tasks, as a report.

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <map>
#include <memory>
#include <thread>

#include <CLI/CLI.hpp>

#include <pleat/backend/cpu/dense_algebra.hpp>
#include <pleat/eval/latent_views.hpp>
#include <pleat/eval/model_evaluation.hpp>
#include <pleat/eval/report_files.hpp>
#include <pleat/eval/training_log.hpp>
#include <pleat/io/gzip.hpp>
#include <pleat/io/safetensors.hpp>

#include "command.hpp"
#include "evaluate_label_sets.hpp"
#include "registry.hpp"
#include "structure_training.hpp"

namespace tool {

namespace {

struct EvaluateArguments {
  std::vector<std::string> models, tasks, valid, facts;
  std::string tasks_dir, report, title = "Protein representations: LSD against MLM", reading = "eps", input = "clean",
                                 pool = "mean", probe = "both";
  std::vector<double> times{0, 0.15, 0.3, 0.5, 0.7};
  Index per_split = 0, crop = 512, draws = 4, seeds = 3, resamples = 1000;
  std::uint64_t seed = 1;
  DeviceOptions where;
  bool no_random = false, quiet = false, dry_run = false;
};

/// One line of the table's models: an autoencoder, the diffusion on it, or both.
struct Run {
  std::string name, title;            // "lsd-nm-nano", "LSD-NM"
  std::string autoencoder, diffusion; // folders as given; empty where there is none
  const std::string& folder() const { return diffusion.empty() ? autoencoder : diffusion; }
};

double seconds_since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

std::string plain_name(std::string name) {
  if (is_diffusion(name)) name.resize(name.rfind('-'));
  return name;
}
std::string size_of(const std::string& name) { return name.substr(name.rfind('-') + 1); }
std::string variant_title(const std::string& name) {
  return name.starts_with("mlm") ? "MLM" : name.starts_with("lsd-tn") ? "LSD-TN" : name.starts_with("lsd-nm") ? "LSD-NM" : name;
}
std::string folder_name(const std::string& path) {
  std::filesystem::path p(path);
  return (p.has_filename() ? p.filename() : p.parent_path().filename()).string();
}

/// A folder with an autoencoder and the only folder with a diffusion of the same name are one run.
std::vector<Run> group_models(const std::vector<std::string>& folders) {
  std::map<std::string, std::pair<int, int>> counts; // autoencoders, diffusions of a name
  std::vector<std::pair<std::string, bool>> kinds;
  for (const std::string& folder : folders) {
    const pleat::Safetensors file = pleat::Safetensors::open(checkpoint_file(folder));
    pleat::require(file.has_metadata("model"), file.path(),
                   ": is not a checkpoint of this program; train one with `pleat pretrain`.");
    const std::string name = file.metadata("model");
    pleat::require(!is_structure_model(name), file.path(), ": is the model ", name,
                   ", of structures; compare runs of `pleat finetune` with `pleat evaluate-structure`.");
    find_model(name);
    kinds.emplace_back(plain_name(name), is_diffusion(name));
    auto& count = counts[plain_name(name)];
    ++(is_diffusion(name) ? count.second : count.first);
  }
  std::vector<Run> runs;
  for (std::size_t i = 0; i < folders.size(); ++i) {
    const auto& [name, diffusion] = kinds[i];
    const auto count = counts[name];
    const bool alone = count.first <= 1 && count.second <= 1;
    Run* run = nullptr;
    for (Run& known : runs)
      if (alone && known.name == name) run = &known;
    if (run == nullptr) {
      run = &runs.emplace_back();
      run->name = name, run->title = variant_title(name);
      if (!alone) run->title += " " + folder_name(folders[i]);
    }
    (diffusion ? run->diffusion : run->autoencoder) = folders[i];
  }
  bool one_size = true;
  for (const Run& run : runs) one_size = one_size && size_of(run.name) == size_of(runs[0].name);
  for (Run& run : runs) {
    if (!one_size) run.title += " " + size_of(run.name);
    if (run.title.find(' ') != std::string::npos && counts[run.name].first + counts[run.name].second > 2)
      run.name += ":" + folder_name(run.folder());
  }
  return runs;
}

pleat::TaskSuite load_suite(const EvaluateArguments& a) {
  pleat::TaskSuite suite;
  std::vector<std::string> names = a.tasks;
  if (names.empty() || std::find(names.begin(), names.end(), "all") != names.end()) {
    names.clear();
    for (const auto& spec : pleat::task_specs) names.emplace_back(spec.name);
  }
  for (const std::string& name : names) {
    if (name == "ec") continue; // several labels a protein: LabelSetEvaluation
    const pleat::TaskSpec& spec = as_usage([&]() -> const pleat::TaskSpec& { return pleat::task_spec(name); });
    std::string path = a.tasks_dir + "/" + name + ".csv.gz";
    if (!std::filesystem::exists(path) && std::filesystem::exists(a.tasks_dir + "/" + name + ".csv"))
      path.resize(path.size() - 3);
    const auto source = pleat::open_input(path);
    pleat::Task task = pleat::load_task(*source, spec);
    suite.add(a.per_split > 0 ? pleat::subsample(task, a.per_split, a.seed) : task);
  }
  return suite;
}

pleat::EvaluatedModel evaluated(Reader& reader, std::string key, std::string title) {
  const bool key_is_mlm = key.starts_with("mlm") || key.starts_with("random");
  pleat::EvaluatedModel model{std::move(key), std::move(title), reader.width(), reader.diffuses(), !key_is_mlm, {}};
  model.read = [&reader](std::span<const pleat::Piece> pieces, std::span<const pleat::ReadOptions> readings,
                         const pleat::EvaluatedModel::Consume& consume) { reader.read(pieces, readings, consume); };
  return model;
}

pleat::ModelEvaluationOptions options_of(const EvaluateArguments& a) {
  pleat::ModelEvaluationOptions o;
  o.times = a.times;
  std::sort(o.times.begin(), o.times.end());
  as_usage([&] {
    o.reading = pleat::parse_reading(a.reading), o.input = pleat::parse_reading_input(a.input);
    pleat::require(o.reading.reading != pleat::Reading::Encoder,
                   "--rep z is the encoder, which stands in every table: give a reading of the diffusion.");
    for (const double t : o.times)
      pleat::require(t >= 0 && t <= 1, "--t ", t, " is outside [0, 1]; 0 is clean, 1 is pure noise.");
    return 0;
  });
  o.draws = a.draws, o.crop = a.crop;
  o.pool = a.pool == "max"                                ? pleat::Pool::max
           : a.pool == "mean+std" || a.pool == "mean-std" ? pleat::Pool::mean_std
                                                          : pleat::Pool::mean;
  o.probes.ridge = o.probes.logistic = a.probe != "mlp", o.probes.mlp = a.probe != "linear";
  o.probes.mlp_seeds = a.seeds, o.probes.mlp_probe.seed = a.seed, o.probes.bootstrap.seed = a.seed,
  o.probes.bootstrap.resamples = a.resamples;
  return o;
}

/// The curves of the runs' logs; what a log does not hold is left out.
void add_training(pleat::Report& report, const std::vector<Run>& runs) {
  struct Curve {
    const char *field, *title, *label, *note;
    bool diffusion;
  };
  const Curve curves[] = {{"reconstruction", "Autoencoders: reconstruction", "nats per residue",
                           "Weighted as each model trains: MLM counts masked residues, LSD-NM noised ones, LSD-TN all.", false},
                          {"valid_accuracy", "Autoencoders: residues recovered on valid", "share",
                           "From masked residues (MLM), noised latents (LSD-NM) or clean latents (LSD-TN).", false},
                          {"normalisation", "Autoencoders: normalisation loss", "KL per channel", "", false},
                          {"error", "Diffusions: v-loss", "per channel", "1 is a denoiser that knows nothing.", true},
                          {"valid_error", "Diffusions: v-loss on valid", "per channel", "At the averaged weights.", true}};
  for (const Curve& curve : curves) {
    pleat::ReportChart chart{curve.title, "step", curve.label, curve.note, {}, {}};
    for (const Run& run : runs) {
      const std::string& folder = curve.diffusion ? run.diffusion : run.autoencoder;
      const std::string path = folder + "/log.jsonl";
      if (folder.empty() || !std::filesystem::exists(path)) continue;
      if (std::string_view(curve.field) == "normalisation" && run.name.starts_with("mlm")) continue;
      auto series = pleat::TrainingLog::read(path).series(curve.field, run.title);
      if (!series.points.empty()) chart.series.push_back(std::move(series));
    }
    if (!chart.series.empty()) report.training_curves.push_back(std::move(chart));
  }
}

/// "steps 600, budget 4096, ...": what the checkpoint says of its training.
std::string run_text(const Reader& reader) {
  const pleat::Json* run = reader.config().find("run");
  if (run == nullptr) return "";
  std::string text;
  for (std::size_t i = 0; i < run->keys().size(); ++i) {
    const pleat::Json& value = run->items()[i];
    (text += text.empty() ? "" : ", ") += run->keys()[i] + " " + (value.is_string() ? value.string() : value.dump());
  }
  return text;
}

void evaluate(const EvaluateArguments& a) {
  const auto begin = std::chrono::steady_clock::now();
  pleat::ModelEvaluationOptions options = options_of(a);
  const std::vector<Run> runs = group_models(a.models);
  pleat::TaskSuite suite = load_suite(a);
  LabelSetEvaluation label_sets(a.tasks, a.tasks_dir, a.per_split, a.seed);
  const bool has_suite = !suite.tasks().empty(); // not where ec was asked for alone
  const pleat::SequenceSet& all = has_suite ? suite.sequences() : label_sets.sequences();
  const pleat::SequenceSet valid = load_sequences(a.valid, "", false);
  const auto pieces = pleat::first_pieces(valid.residues() > 0 ? valid : all, 8192, a.crop);
  const auto cloud_pieces = pleat::first_pieces(valid.residues() > 0 ? valid : all, 2400, 200);
  const auto residues_of = [&a](const pleat::SequenceSet& set) {
    double sum = 0;
    for (Index i = 0; i < set.size(); ++i)
      sum += static_cast<double>(a.crop > 0 ? (std::min)(a.crop, set.length(i)) : set.length(i));
    return sum;
  };
  const double residues = residues_of(suite.sequences()) + (label_sets.empty() ? 0 : residues_of(label_sets.sequences()));
  const Index sequences = suite.sequences().size() + (label_sets.empty() ? 0 : label_sets.sequences().size());
  const std::size_t tasks = suite.tasks().size() + (label_sets.empty() ? 0 : 1);

  if (a.dry_run) {
    double seconds = 0, features = 0;
    for (const Run& run : runs) {
      const auto reader = open_model(run.folder(), a.where);
      pleat::EvaluatedModel model = evaluated(*reader, run.name, run.title);
      std::vector<pleat::ReadOptions> readings{{}};
      if (model.diffuses)
        for (const double t : options.times) readings.push_back({options.reading, t, options.input, options.draws});
      const auto some = pleat::first_pieces(all, 8192, a.crop);
      double taken = 0;
      for (const auto& piece : some) taken += static_cast<double>(piece.tokens.size());
      const auto start = std::chrono::steady_clock::now();
      model.read(some, readings, [](Index, Index, std::span<const float>) {});
      seconds += seconds_since(start) * residues / taken;
      features = (std::max)(
          features,
          4.0 * static_cast<double>((std::max)(suite.sequences().size(), sequences - suite.sequences().size()) * model.width) *
              static_cast<double>(readings.size()));
    }
    std::printf("tasks            %zu, %lld distinct sequences, %.0f residues to read\n", tasks,
                static_cast<long long>(sequences), residues);
    std::printf("memory           %s of pooled features of one model\n", bytes_text(features).c_str());
    std::printf("disk             about 1 MB for the report\n");
    std::printf("time             about %s to read the models (measured on 8192 residues), and the probes\n",
                time_text(seconds).c_str());
    return;
  }

  pleat::make_report_folder(a.report);
  pleat::ThreadPool pool(a.where.threads), alone(1);
  const pleat::Cpu device{&pool}, single{&alone};
  ProgressBar bar;
  std::string current;
  options.progress = [&](std::string_view what, double share) {
    if (!a.quiet) bar.show(static_cast<Index>(100 * share), 100, current + ": " + std::string(what));
  };
  pleat::Report report;
  report.title = a.title;
  report.subtitle = "Frozen representations, pooled over residues (" + a.pool +
                    "), scored by probes that are fitted on train and chosen on valid; proteins are cut at " +
                    (a.crop > 0 ? std::to_string(a.crop) + " residues." : std::string("no length."));
  current = "composition";
  options.progress("probes", 0);
  if (has_suite) pleat::fit_composition(device, single, suite, options.probes);

  pleat::ReportChart bins{
      "Diffusions: v-loss per t-bin",
      "t",
      "v-loss per channel",
      "On validation sequences, at the middle of ten bins of equal width; 1 is a denoiser that knows nothing.",
      {},
      {}};
  std::vector<std::pair<std::string, std::string>> facts;
  for (const Run& run : runs) {
    const auto start = std::chrono::steady_clock::now();
    current = run.title;
    const auto reader = open_model(run.folder(), a.where);
    const pleat::EvaluatedModel model = evaluated(*reader, run.name, run.title);
    if (has_suite) pleat::add_scores(report, model, pleat::score_model(device, single, model, suite, options), suite, options);
    label_sets.score(device, model, options);
    report.clouds.push_back(pleat::latent_cloud(single, model, cloud_pieces));
    if (model.diffuses) bins.series.push_back(pleat::loss_per_time_bin(model, pieces));
    const ModelFacts size = find_model(run.name.substr(0, run.name.find(':'))).facts(model.diffuses);
    facts.emplace_back(run.title, "encoder " + size.encoder + ", decoder " + size.decoder +
                                      (model.diffuses ? ", denoiser " + size.denoiser : "") + " (layers x width x heads); " +
                                      std::to_string(size.parameters) + " parameters");
    if (!run.autoencoder.empty()) {
      const auto autoencoder = open_model(run.autoencoder, a.where);
      facts.emplace_back(run.title + ", autoencoder", run_text(*autoencoder));
      if (model.normalised) {
        const double recovered = autoencoder->recovered(cloud_pieces);
        facts.emplace_back(run.title + ", residues recovered from clean latents",
                           pleat::detail::fixed(100 * recovered, 1) + " %");
        const std::string log = run.autoencoder + "/log.jsonl";
        pleat::add_warning(report, pleat::warn_reconstruction_stalls(run.title, recovered,
                                                                     std::filesystem::exists(log)
                                                                         ? pleat::TrainingLog::read(log).values("reconstruction")
                                                                         : std::vector<double>{}));
      }
    }
    if (!run.diffusion.empty()) facts.emplace_back(run.title + ", diffusion", run_text(*reader));
    facts.emplace_back(run.title + ", evaluation", time_text(seconds_since(start)) + ", read on " + reader->device().text);
  }
  if (has_suite) pleat::add_composition(report, suite);
  label_sets.score_composition(device, options);
  if (!a.no_random) {
    std::vector<std::string> sizes;
    for (const Run& run : runs)
      if (std::find(sizes.begin(), sizes.end(), size_of(plain_name(run.name.substr(0, run.name.find(':'))))) == sizes.end())
        sizes.push_back(size_of(plain_name(run.name.substr(0, run.name.find(':')))));
    for (const std::string& size : sizes) {
      current = "random weights";
      const Placed<ModelEntry> entry = place_model("mlm-" + size, a.where);
      const auto reader = entry->untrained(a.seed + 7919, entry.device);
      const pleat::EvaluatedModel model =
          evaluated(*reader, "random-" + size, sizes.size() > 1 ? "Random weights " + size : "Random weights");
      if (has_suite)
        pleat::add_scores(report, model, pleat::score_model(device, single, model, suite, options), suite, options, false);
      label_sets.score(device, model, options, false);
    }
  }
  if (!bins.series.empty()) report.time_loss.push_back(std::move(bins));
  add_training(report, runs);
  for (auto& chart : report.score_curves) chart.note = "Reading " + pleat::name_of(options.reading) + " of the diffusion.";

  report.notes = {"t, the probe and its strength are chosen on valid proteins; test proteins are scored once, at that t. A "
                  "difference counts only where its whole paired 95 % interval lies on one side of 0.",
                  "Composition: frequencies of the 20 amino acids in the whole chain and in its first 40 residues, and log "
                  "length, of the same proteins and split; it sees whole chains where the models are cut.",
                  "Random weights: the same encoder as it starts, never trained.",
                  "Intervals are percentile bootstraps over test proteins (" + std::to_string(a.resamples) +
                      " resamples); they do not cover the chance of the training run.",
                  "Pairs of proteins have the features [a + b, |a - b|]."};
  label_sets.add_to(report);
  facts.insert(facts.begin(),
               {"sequences", std::to_string(sequences) +
                                 (label_sets.empty() ? " distinct over all tasks, " : " (those of ec counted apart), ") +
                                 std::to_string(static_cast<long long>(residues)) + " residues read"});
  for (const std::string& fact : a.facts) {
    const std::size_t at = fact.find('=');
    facts.emplace_back(fact.substr(0, at), at == std::string::npos ? "" : fact.substr(at + 1));
  }
  facts.emplace_back("command", command_line());
  facts.emplace_back("threads", std::to_string(pool.size()));
  facts.emplace_back("evaluation, all", time_text(seconds_since(begin)));
  report.facts = std::move(facts);
  pleat::write_report(report, a.report);
  options.progress("done", 1);
  for (const std::string& warning : report.warnings) std::fprintf(stderr, "warning: %s\n", warning.c_str());
  std::printf("%s/report.html: %zu models on %zu tasks in %s\n", a.report.c_str(), runs.size(), tasks,
              time_text(seconds_since(begin)).c_str());
}

} // namespace

void add_evaluate(CLI::App& app) {
  auto a = std::make_shared<EvaluateArguments>();
  CLI::App& command = *app.add_subcommand("evaluate", "Score frozen representations on property tasks and write a report.");
  command.footer("Example:\n  pleat evaluate --model runs/nm-xs --model runs/nm-xs-diffusion --task all --tasks-dir tasks \\\n"
                 "                 --report runs/report --crop 512\n\n"
                 "An autoencoder and the diffusion trained on it are one model: the report shows the encoder and the diffusion.");
  command.add_option("--model", a->models, "folders of trained models: autoencoders, diffusions, or both")->required();
  command
      .add_option(
          "--task", a->tasks,
          "thermostability, human_ppi, metal_ion_binding, deeploc_binary, deeploc_subcellular, or all of these; ec (which "
          "all has only where its table is there)")
      ->required();
  command.add_option("--tasks-dir", a->tasks_dir, "folder of the tables NAME.csv.gz or NAME.csv")->required();
  command.add_option("--report", a->report, "folder of the report: report.html, report.md, results.json")->required();
  command.add_option("--valid", a->valid,
                     "FASTA files for the loss per t and the picture of latents; default: proteins of the tasks");
  command.add_option("--per-split", a->per_split, "at most so many examples of each split; 0: all")
      ->capture_default_str()
      ->check(CLI::NonNegativeNumber);
  command.add_option("--crop", a->crop, "residues of a protein that models read; 0: all")
      ->capture_default_str()
      ->check(CLI::NonNegativeNumber);
  command.add_option("--t", a->times, "noise levels to choose from")->delimiter(',')->capture_default_str();
  command.add_option("--rep", a->reading, "reading of the diffusion: eps, v, eq8, tan, score, denoised, hidden:K")
      ->capture_default_str();
  command.add_option("--input-noise,--input", a->input, "what the denoiser sees: clean, scaled or noised")->capture_default_str();
  command.add_option("--draws", a->draws, "draws of noise that are averaged, for --input-noise noised")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  command.add_option("--pool", a->pool, "mean, max or mean-std")
      ->capture_default_str()
      ->check(CLI::IsMember({"mean", "max", "mean-std", "mean+std"}));
  command.add_option("--probe", a->probe, "linear (ridge, logistic), mlp or both")
      ->capture_default_str()
      ->check(CLI::IsMember({"linear", "mlp", "both"}));
  command.add_option("--seeds", a->seeds, "seeds of the MLP probe")->capture_default_str()->check(CLI::PositiveNumber);
  command.add_option("--resamples", a->resamples, "of the bootstrap")->capture_default_str()->check(CLI::PositiveNumber);
  command.add_option("--seed", a->seed, "of subsets, probes and bootstrap")->capture_default_str();
  command.add_option("--title", a->title, "of the report")->capture_default_str();
  command.add_option("--fact", a->facts, "NAME=VALUE, a line for the report's table of the run");
  add_device_options(command, a->where);
  command.add_flag("--no-random", a->no_random, "leave out the encoder with random weights");
  command.add_flag("--quiet", a->quiet, "no progress bar");
  command.add_flag("--dry-run", a->dry_run, "print what memory and time the evaluation will take, and stop");
  command.callback([a] { evaluate(*a); });
}

} // namespace tool
