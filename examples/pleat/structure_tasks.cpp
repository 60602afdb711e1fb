/// \file  The structure tasks: what they are, and their labelled sets from a folder and a split.

#include "structure_tasks.hpp"

#include <cstdio>

#include <pleat/data/structure_tasks/labelled_sets.hpp>
#include <pleat/io/gzip.hpp>

#include "cuda_part.hpp"
#include "decoy_sets.hpp"
#include "structures.hpp"

namespace tool {

using namespace pleat;

std::unique_ptr<StructureTaskModel> atom_task_model(const StructureTaskFacts& task);    // structure_models_atom.cpp
std::unique_ptr<StructureTaskModel> residue_task_model(const StructureTaskFacts& task); // structure_models_residue.cpp

const std::vector<StructureTaskFacts>& structure_tasks() {
  static const std::vector<StructureTaskFacts> tasks = {
      {"res", "residue identity at a site whose side chain was removed", "atom", "accuracy", 1, 20},
      {"pip", "interface pairs of two bound partners", "atom", "AUROC", 2, 2},
      {"pip-published", "interface pairs, published layout", "atom", "AUROC", 2, 2},
      {"interface", "interface from the unbound form", "residue", "AUROC", 1, 2},
      {"displacement", "displacement on binding from the unbound form", "residue", "Spearman per chain", 1, 1},
      {"psr", "quality of decoys: GDT_TS to the native structure", "residue", "Spearman per target", 1, 1},
      {"msp", "mutations that make a complex bind tighter", "residue", "AUROC, mean of complexes", 2, 2}};
  return tasks;
}
const StructureTaskFacts& find_structure_task(std::string_view name) {
  std::string known;
  for (const StructureTaskFacts& task : structure_tasks()) {
    if (task.name == name) return task;
    (known += known.empty() ? "" : ", ") += task.name;
  }
  fail("there is no structure task \"", name, "\"; there are ", known, ".");
}
std::unique_ptr<StructureTaskModel> structure_task_model(const StructureTaskFacts& task, const DeviceOptions& options,
                                                         DeviceChoice& device) {
  const CudaPart::Tasks* on_cuda = nullptr;
  for (const CudaPart::Tasks& tasks : cuda_part().tasks)
    if (tasks.level == task.level && tasks.precision == options.precision) on_cuda = &tasks;
  device = choose_device(options, "the encoder of " + task.level + "s", on_cuda != nullptr);
  if (device.cuda) return on_cuda->model(task);
  return task.level == "atom" ? atom_task_model(task) : residue_task_model(task);
}

StructureMetric StructureTaskFacts::statistic() const {
  return outputs == 1 ? StructureMetric::ChainSpearman : outputs == 2 ? StructureMetric::Auroc : StructureMetric::Accuracy;
}
std::vector<double> StructureTaskFacts::scores(const std::vector<double>& of) const {
  if (outputs != 2) return of;
  std::vector<double> odds;
  for (std::size_t i = 0; i + 1 < of.size(); i += 2) odds.push_back(of[i + 1] - of[i]);
  return odds;
}

StructureExamples StructureTaskData::test_examples() const {
  const LabelledStructures& test = parts[static_cast<std::size_t>(Split::Test)];
  StructureExamples examples;
  examples.labels = labels(Split::Test);
  for (Index u = 0; u < test.size(); ++u)
    for (Index i = 0; i < test[u].items; ++i) {
      examples.component.push_back(test[u].component), examples.chain.push_back(test[u].group);
      examples.split.push_back(Split::Test);
    }
  return examples;
}

Structure read_task_structure(const std::string& folder, const std::string& file) {
  return load_structure(folder + "/" + file, {.model = 1, .chains = {}, .atom_records_only = false, .drop_bad_atoms = true})
      .structure;
}

std::vector<double> StructureTaskData::labels(Split part) const {
  std::vector<double> all;
  const LabelledStructures& set = parts[static_cast<std::size_t>(part)];
  for (Index u = 0; u < set.size(); ++u)
    for (const LabelledItem& item : set[u].make().items) all.push_back(mean + deviation * item.label);
  return all;
}

namespace {

template <class Change> void change_units(StructureTaskData& data, const Change& change) {
  for (LabelledStructures& part : data.parts) {
    LabelledStructures changed;
    for (Index u = 0; u < part.size(); ++u) {
      LabelledStructures::Unit unit = part[u];
      change(unit);
      changed.add(std::move(unit));
    }
    part = std::move(changed);
  }
}

// Numbers become (label - mean) / deviation of train.
void standardise(StructureTaskData& data) {
  double sum = 0, squares = 0, count = 0;
  for (const double label : data.labels(Split::Train)) sum += label, squares += label * label, ++count;
  const double mean = sum / count, deviation = std::sqrt((std::max)(squares / count - mean * mean, 1e-12));
  data.mean = mean, data.deviation = deviation;
  change_units(data, [mean, deviation](LabelledStructures::Unit& unit) {
    unit.make = [make = unit.make, mean, deviation] {
      LabelledUnit made = make();
      for (LabelledItem& item : made.items) item.label = (item.label - mean) / deviation;
      return made;
    };
  });
}

} // namespace

void StructureTaskData::limit_lengths(Index budget) {
  change_units(*this, [budget](LabelledStructures::Unit& unit) { unit.length = (std::min)(unit.length, budget); });
}

void for_each_complex(const StructureTaskFacts& task, const std::string& folder, const StructureSplit& split, Index first,
                      const std::function<void(const SharedComplex&)>& visit) {
  if (task.name == "psr") return;
  const bool published = task.name == "pip-published", pairs = task.name == "pip" || published,
             both = task.name == "interface" || task.name == "displacement";
  Index taken[3] = {0, 0, 0};
  for (StructureComplex& complex : published ? published_pair_layout(split) : structure_complexes(split)) {
    if (complex.group == "decoys") continue;
    if ((pairs && complex.bound.size() != 2) || (both && (complex.unbound.size() != 2 || complex.bound.size() != 2))) continue;
    const auto part = static_cast<std::size_t>(complex.split);
    if (first > 0 && taken[part] == first) continue;
    ++taken[part];
    visit(std::make_shared<const LoadedComplex>(
        load_complex(complex, [&](const std::string& file) { return read_task_structure(folder, file); })));
  }
}

StructureTaskData load_structure_task(const StructureTaskFacts& task, const std::string& folder, const std::string& split_file,
                                      Index first, Index budget, const std::string& decoys) {
  const auto table = open_input(split_file);
  const StructureSplit split = read_structure_split(*table);
  StructureTaskData data;
  if (task.name == "psr") {
    DecoySetOptions options;
    for (Index& targets : options.targets) targets = first > 0 ? (std::min)(first, targets) : targets;
    add_decoys(
        {&data.parts[0], &data.parts[1], &data.parts[2]}, split, decoys,
        [&](const std::string& file) { return read_task_structure(folder, file); }, options);
  }
  std::vector<std::string> same; // files whose coordinates are those of the bound form
  for_each_complex(task, folder, split, first, [&](const SharedComplex& loaded) {
    LabelledStructures& to = data.parts[static_cast<std::size_t>(loaded->complex.split)];
    if (task.name == "res") return add_residue_sites(to, loaded);
    if (task.name.starts_with("pip")) return add_residue_pairs(to, loaded);
    for (const std::size_t partner : {std::size_t{0}, std::size_t{1}}) try {
        const bool added =
            task.name == "interface" ? add_interface_sites(to, loaded, partner) : add_displacements(to, loaded, partner);
        if (!added) same.push_back(loaded->complex.unbound[partner]);
      } catch (const Error& error) { // forms that do not match: the others stay
        std::fprintf(stderr, "left out: %s\n", error.what());
      }
  });
  if (!same.empty()) {
    std::string names;
    for (const std::string& file : same) (names += names.empty() ? "" : ", ") += file;
    std::fprintf(stderr, "left out: %zu unbound forms whose coordinates are the bound ones: %s\n", same.size(), names.c_str());
  }
  for (const Split part : {Split::Train, Split::Test})
    require(data.parts[static_cast<std::size_t>(part)].items() > 0, split_file, ": its part ", split_name(part),
            " holds nothing that the task ", task.name, " can be made of; give the folder and the table that belong together.");
  if (task.outputs == 1) standardise(data);
  data.limit_lengths(budget);
  return data;
}

StructureTaskData load_decoy_files(const std::string& folder, const std::string& split_file, Index budget) {
  const auto table = open_input(split_file);
  StructureTaskData data;
  data.parts[static_cast<std::size_t>(Split::Test)] =
      decoy_files(read_structure_split(*table), [&](const std::string& file) { return read_task_structure(folder, file); });
  data.limit_lengths(budget);
  return data;
}

} // namespace tool
