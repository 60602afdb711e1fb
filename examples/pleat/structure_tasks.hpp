#pragma once
/// \file  The structure tasks that the tool knows: their data, and heads on encoders behind an interface without templates.

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <pleat/data/labelled_structures.hpp>
#include <pleat/data/skempi.hpp>
#include <pleat/data/structure_tasks/labelled_sets.hpp>
#include <pleat/data/tasks.hpp>
#include <pleat/eval/component_statistics.hpp>
#include <pleat/eval/task_baselines.hpp>
#include <pleat/io/json.hpp>
#include <pleat/train/adamw.hpp>
#include <pleat/train/trainer_options.hpp>

#include "device_choice.hpp"

namespace tool {

using pleat::Index;

/// What a task asks and how it is scored.
struct StructureTaskFacts {
  std::string name;   ///< "res"
  std::string title;  ///< "RES, residue identity"
  std::string level;  ///< "atom", "residue"
  std::string metric; ///< "accuracy", "AUROC", "Spearman per chain"
  Index sites = 1, outputs = 1;

  pleat::StructureMetric statistic() const;
  /// What is ranked, of outputs (items, outputs): log odds of two classes, else the outputs.
  std::vector<double> scores(const std::vector<double>& outputs) const;
};
const std::vector<StructureTaskFacts>& structure_tasks();
/// \throws pleat::Error that lists what exists.
const StructureTaskFacts& find_structure_task(std::string_view name);

/// The labelled sets of one task: train, valid, test, in the order of pleat::Split.
struct StructureTaskData {
  pleat::LabelledStructures parts[3];
  /// Numbers are (label - mean) / deviation, those of train; classes are as they are.
  double mean = 0, deviation = 1;
  pleat::MutationTable tested; ///< msp: the mutations of the test part
  /// Labels of a part, in the units of the task.
  std::vector<double> labels(pleat::Split part) const;
  pleat::StructureExamples test_examples() const;
  /// Units of more residues than this count as so many: they are batches of their own.
  void limit_lengths(Index budget);
};
/// A file below `folder` as all tasks read it: the first model, all chains, bad atoms dropped. \throws pleat::Error
pleat::Structure read_task_structure(const std::string& folder, const std::string& file);
/// The complexes of the split that a task is made of, in their order, loaded from below `folder`. `first`: only so many of each
/// part; 0: all.
void for_each_complex(const StructureTaskFacts& task, const std::string& folder, const pleat::StructureSplit& split, Index first,
                      const std::function<void(const pleat::SharedComplex&)>& visit);
/// What needs no learning of structures says of the test examples. Pairs have a second label, by which models are scored as well.
struct TaskBaselines {
  std::vector<pleat::BaselineScores> scores, second_scores;
  std::string second_title; ///< "C-alphas within 8 A"; empty: there is no second label
  pleat::StructureExamples second;
};
/// Those of the test part of `data`. \throws pleat::Error where the labels are not those of the data.
TaskBaselines task_baselines(const StructureTaskFacts& task, const StructureTaskData& data, const std::string& folder,
                             const std::string& split, Index first, int threads);
/// Builds them from the files below `folder` that the split lists (msp: `load_mutation_task`). `first`: only so many complexes of
/// each part; 0: all. `budget`: units of more residues than this are batches of their own. \throws pleat::Error with the file.
StructureTaskData load_structure_task(const StructureTaskFacts& task, const std::string& folder, const std::string& split,
                                      Index first, Index budget, const std::string& decoys);

/// Decoys that the split lists as files, all of them as the test part of psr: never trained on, and no part where there are none.
StructureTaskData load_decoy_files(const std::string& folder, const std::string& split, Index budget);

struct FinetuneRequest {
  const StructureTaskData* data = nullptr;
  std::string directory, initial; ///< checkpoint of a pre-training whose encoder a fresh run begins with; empty: random
  pleat::TrainerOptions options;
  pleat::AdamWOptions optimiser;
  DeviceOptions where;
  DeviceChoice device;                     ///< what they mean for the model
  pleat::Json run = pleat::Json::object(); ///< what a continued run must share
  std::function<void(const pleat::Progress&)> progress;
};
struct Finetuned {
  pleat::TrainingSummary summary;
  std::vector<double> outputs; ///< of the test part: (items, outputs)
};
/// What a run takes: bytes, and the seconds of a step as measured.
struct FinetuneCost {
  Index parameters = 0, activations = 0;
  double seconds_per_step = 0;
};

/// A head on an encoder, on one kind of device.
class StructureTaskModel {
public:
  virtual ~StructureTaskModel() = default;
  virtual std::string encoder() const = 0;
  virtual Finetuned run(const FinetuneRequest& request) const = 0;
  virtual FinetuneCost cost(const FinetuneRequest& request) const = 0;
  /// Outputs of a trained model for the test part, (items, outputs). \throws pleat::Error where the checkpoint is of another
  /// model.
  virtual std::vector<double> outputs(const std::string& checkpoint, const StructureTaskData& data, Index budget,
                                      const DeviceChoice& device) const = 0;
};
/// The model of a task on the device that the options say, and which that is.
std::unique_ptr<StructureTaskModel> structure_task_model(const StructureTaskFacts& task, const DeviceOptions& options,
                                                         DeviceChoice& device);

} // namespace tool
