/// \file  Baselines of the structure tasks on the labels that models are tested on.

#include <cmath>

#include <pleat/backend/cpu/dense_algebra.hpp>
#include <pleat/backend/cpu/device.hpp>
#include <pleat/data/structure_measures.hpp>
#include <pleat/io/gzip.hpp>

#include "structure_tasks.hpp"

namespace tool {

using namespace pleat;

namespace {

// Labels of the baselines' examples must be those of the data: same complexes, same rules, same order.
template <class Baselines>
std::vector<BaselineScores> checked(const Baselines& baselines, const StructureTaskFacts& task, const StructureTaskData& data,
                                    int threads) {
  const auto theirs = detail::chosen_of(baselines.examples.labels, baselines.examples.of(Split::Test));
  const auto ours = data.labels(Split::Test);
  bool same = theirs.size() == ours.size();
  for (std::size_t i = 0; same && i < ours.size(); ++i) // displacements are learned as logarithms
    same = std::abs((task.outputs > 1 ? theirs[i] : std::log(theirs[i] + 0.1)) - ours[i]) < 1e-9;
  require(same, "the baselines of ", task.name, " were made for ", theirs.size(), " labels and the models were tested on ",
          ours.size(), "; this is a fault of the program, please report it.");
  ThreadPool pool(threads);
  return baselines.scores(Cpu{&pool});
}

std::vector<BaselineScores> of_decoys(const StructureTaskData& data) {
  const LabelledStructures& test = data.parts[static_cast<std::size_t>(Split::Test)];
  std::vector<BaselineScores> baselines;
  for (const auto name : structure_measure_names) baselines.push_back({std::string(name), {}});
  for (Index u = 0; u < test.size(); ++u) {
    const auto measures = structure_measures(*test[u].make().structures[0]);
    for (std::size_t m = 0; m < measures.size(); ++m) baselines[m].scores.push_back(measures[m]);
  }
  return baselines;
}

} // namespace

TaskBaselines task_baselines(const StructureTaskFacts& task, const StructureTaskData& data, const std::string& folder,
                             const std::string& split_file, Index first, int threads) {
  const auto alone = [](std::vector<BaselineScores> scores) { return TaskBaselines{std::move(scores), {}, {}, {}}; };
  if (task.name == "psr") return alone(of_decoys(data));
  const auto table = open_input(split_file);
  const StructureSplit split = read_structure_split(*table);
  const auto complexes = [&](const auto& visit) { for_each_complex(task, folder, split, first, visit); };
  const auto proteins = [&](auto& baselines) {
    complexes([&](const SharedComplex& loaded) {
      for (const std::size_t partner : {std::size_t{0}, std::size_t{1}}) try {
          baselines.add(*loaded, partner);
        } catch (const Error&) { // said when the task was loaded
        }
    });
    return alone(checked(baselines, task, data, threads));
  };
  if (task.name == "res") {
    ResidueSiteBaselines baselines;
    complexes([&](const SharedComplex& loaded) { baselines.add(*loaded); });
    return alone(checked(baselines, task, data, threads));
  }
  if (task.name.starts_with("pip")) {
    ResiduePairBaselines baselines;
    complexes([&](const SharedComplex& loaded) { baselines.add(*loaded); });
    TaskBaselines found = alone(checked(baselines, task, data, threads));
    ResiduePairBaselines second = baselines.chosen([](const ResiduePair& pair) { return std::optional(pair.split); }, true);
    ThreadPool pool(threads);
    found.second_scores = second.scores(Cpu{&pool}), found.second = std::move(second.examples);
    found.second_title = "C-alphas within 8 A";
    return found;
  }
  if (task.name == "interface") {
    InterfaceBaselines baselines;
    return proteins(baselines);
  }
  require(task.name == "displacement", "the task ", task.name, " has no baselines; compare its runs with --no-baselines.");
  DisplacementBaselines baselines;
  return proteins(baselines);
}

} // namespace tool
