/// \file  `pleat neighbours`: EC numbers of chains from the nearest chain of another cluster, by a frozen encoder of structures.

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <memory>

#include <CLI/CLI.hpp>

#include <pleat/data/structure_split.hpp>
#include <pleat/eval/composition.hpp>
#include <pleat/eval/label_set_evaluation.hpp>
#include <pleat/io/gzip.hpp>
#include <pleat/train/checkpoint.hpp>

#include "command.hpp"
#include "registry.hpp"
#include "structure_registry.hpp"
#include "structures.hpp"

namespace tool {

namespace {

struct NeighbourArguments {
  std::string labels, split, structures;
  std::vector<std::string> models;
  std::uint64_t seed = 0;
  DeviceOptions where;
};

// The encoder that random weights are shown of where no run says which.
const char* const default_encoder = "gearnet-edge-residue-64x4";

/// Labelled chains, each a structure of its own.
struct Chains {
  pleat::LabelledChains table;
  std::vector<pleat::Structure> structures;
  std::vector<Index> clusters;
};

Chains load(const NeighbourArguments& a) {
  const auto labels = pleat::open_input(a.labels), split_file = pleat::open_input(a.split);
  Chains chains;
  chains.table = pleat::read_labelled_chains(*labels);
  const pleat::StructureSplit split = pleat::read_structure_split(*split_file);
  for (std::size_t i = 0; i < chains.table.files.size(); ++i) {
    const std::string &file = chains.table.files[i], &chain = chains.table.chains[i];
    chains.clusters.push_back(split.of(file, chain).cluster);
    chains.structures.push_back(
        load_structure(a.structures + "/" + file,
                       {.model = 1, .chains = {chain}, .atom_records_only = false, .drop_bad_atoms = true})
            .structure);
  }
  return chains;
}

/// One line of the table. `features` (chains, width).
void print_scores(const Chains& chains, const std::string& name, const std::vector<float>& features) {
  const auto rows = static_cast<Index>(chains.structures.size()), classes = static_cast<Index>(chains.table.sets.classes.size());
  const pleat::FeatureView view{features.data(), rows, static_cast<Index>(features.size()) / rows};
  for (const float x : features) pleat::require(std::isfinite(x), name, ": its rows are not finite; the weights are damaged.");
  const auto scores = pleat::leave_cluster_out_scores(view, chains.table.sets, chains.clusters);
  std::vector<Index> all;
  for (Index i = 0; i < rows; ++i) all.push_back(i);
  const std::vector<Index> truth = chains.table.sets.matrix(all);
  std::printf("%-44s %6.3f %11.3f\n", name.c_str(), pleat::f1_max(scores, truth, classes).value,
              pleat::micro_auprc(scores, truth));
}

/// The readout of each chain's graph.
std::vector<float> encoded(const Chains& chains, StructureReader& reader) {
  const auto width = static_cast<std::size_t>(reader.facts().width);
  std::vector<float> features(chains.structures.size() * width);
  for (const pleat::Structure& structure : chains.structures) reader.add(structure);
  reader.read([&](Index graph, std::span<const float>, std::span<const float> whole) {
    std::copy(whole.begin(), whole.end(),
              features.begin() + static_cast<std::ptrdiff_t>(static_cast<std::size_t>(graph) * width));
  });
  reader.clear();
  return features;
}

struct Run {
  std::string folder, file, encoder;
};
Run open_run(const std::string& folder) {
  Run run{folder, checkpoint_file(folder), {}};
  const pleat::CheckpointInfo info = pleat::checkpoint_info(pleat::Safetensors::open(run.file));
  const pleat::Json* kind = info.config.find("kind");
  pleat::require(kind != nullptr && kind->is_string() && kind->string() == "structure-pretraining", run.file,
                 ": is a checkpoint of ", info.model, ", not of a run of `pleat pretrain-structure`; name one, or none.");
  run.encoder = info.config.at("encoder").at("name").string();
  return run;
}

void neighbours(const NeighbourArguments& a) {
  std::vector<Run> runs;
  std::vector<std::string> encoders;
  for (const std::string& model : a.models) {
    if (model != "none") runs.push_back(open_run(model));
    const std::string encoder = model == "none" ? default_encoder : runs.back().encoder;
    if (std::find(encoders.begin(), encoders.end(), encoder) == encoders.end()) encoders.push_back(encoder);
  }
  std::vector<Placed<StructureModel>> placed;
  std::string where;
  for (const std::string& encoder : encoders) {
    placed.push_back(place_structure_model(encoder, a.where));
    where += (where.empty() ? "" : ", ") + encoder + " on " + placed.back().device.text;
  }
  const Chains chains = load(a);
  std::vector<Index> clusters = chains.clusters;
  std::sort(clusters.begin(), clusters.end());
  clusters.erase(std::unique(clusters.begin(), clusters.end()), clusters.end());
  std::printf("A demonstration, no benchmark: %zu chains of %zu clusters, %zu classes; the score of a class is the cosine to the "
              "nearest chain of another cluster that has it.\n%s\n\n%-44s %6s %11s\n",
              chains.structures.size(), clusters.size(), chains.table.sets.classes.size(), where.c_str(), "features", "Fmax",
              "micro AUPR");
  std::vector<std::string> sequences;
  for (const pleat::Structure& structure : chains.structures) sequences.push_back(structure.sequence());
  print_scores(chains, "composition", pleat::composition_matrix(sequences));
  for (const Placed<StructureModel>& model : placed) {
    const auto reader = model->open(model.device);
    reader->initialise(a.seed);
    print_scores(chains, "random weights, " + model->facts().name, encoded(chains, *reader));
  }
  for (const Run& run : runs) {
    const auto at = std::find(encoders.begin(), encoders.end(), run.encoder) - encoders.begin();
    const Placed<StructureModel>& model = placed[static_cast<std::size_t>(at)];
    const auto reader = model->open(model.device);
    reader->load(run.file);
    print_scores(chains, run.folder, encoded(chains, *reader));
  }
}

} // namespace

void add_neighbours(CLI::App& app) {
  auto a = std::make_shared<NeighbourArguments>();
  CLI::App& command = *app.add_subcommand(
      "neighbours",
      "EC numbers of labelled chains from their nearest neighbours by a frozen encoder of structures: a demonstration.");
  command.footer(
      "Example:\n  pleat neighbours --labels ec_labels.tsv --split examples/data/structure_split.tsv --structures structures \\\n"
      "                   --model runs/siamdiff --model runs/distance\n\n"
      "Chains of one cluster of the split are never each other's neighbours. Nothing is trained and nothing is chosen.");
  command.add_option("--labels", a->labels, "table of the chains: file, chain, ec (several joined by ;)")->required();
  command.add_option("--split", a->split, "table that has the cluster of each: file, chain, cluster, component, split")
      ->required();
  command.add_option("--structures", a->structures, "folder that the files are in")->required()->check(CLI::ExistingDirectory);
  command.add_option("--model", a->models, "runs of `pleat pretrain-structure`, or none: composition and random weights alone")
      ->required();
  command.add_option("--seed", a->seed, "of the random weights")->capture_default_str();
  add_device_options(command, a->where);
  command.callback([a] { neighbours(*a); });
}

} // namespace tool
