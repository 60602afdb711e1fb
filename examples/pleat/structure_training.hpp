#pragma once
/// \file  The pre-trainings of structure encoders that the tool knows, behind an interface without templates.

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <pleat/data/chosen_conformer.hpp>
#include <pleat/data/structure_set.hpp>
#include <pleat/diffusion/structure_draws.hpp>
#include <pleat/io/json.hpp>
#include <pleat/train/adamw.hpp>
#include <pleat/train/trainer_options.hpp>

#include "device_choice.hpp"
#include "rehearsal.hpp"

namespace tool {

using pleat::Index;

/// What `pretrain-structure` is asked to do.
struct StructureTrainRequest {
  const pleat::StructureSet* train = nullptr;
  const pleat::StructureSet* valid = nullptr; ///< may be empty
  std::string directory;
  pleat::TrainerOptions options;
  pleat::AdamWOptions optimiser;
  pleat::DenoisingOptions denoising;
  pleat::ChosenConformer conformer; ///< of objectives that look at two
  std::string initial;              ///< checkpoint whose values a fresh run begins with; empty: random ones
  DeviceOptions where;
  DeviceChoice device;                     ///< what they mean for the encoder
  pleat::Json run = pleat::Json::object(); ///< what a continued run must share
  std::function<void(const pleat::Progress&)> progress;
};

/// What is known before anything runs.
struct StructureTrainFacts {
  std::string name;                             ///< "siamdiff-gearnet-edge-residue-64x4"
  std::string objective, encoder, nodes, shape; ///< "siamdiff", "gearnet-edge-residue-64x4", "residue", "4 x 64"
  const char* precision = "float32";
  Index parameters = 0, trainable = 0;
  bool denoises = false;  ///< coordinates are noised: there are two stages
  bool weighs = false;    ///< it has a structure and a sequence loss: there is a gamma
  bool two_forms = false; ///< it looks at two conformers
};

/// What a run takes.
struct StructureTrainCost {
  Index parameters = 0, optimiser = 0, activations = 0; ///< bytes
  double seconds_per_step = 0;                          ///< measured
  double residues_per_step = 0;
  Index total() const { return parameters + optimiser + activations; }
};

/// One objective on one encoder, on one kind of device.
class StructureTraining {
public:
  virtual ~StructureTraining() = default;
  const StructureTrainFacts& facts() const { return facts_; }
  virtual pleat::TrainingSummary train(const StructureTrainRequest& request) const = 0;
  virtual StructureTrainCost cost(const StructureTrainRequest& request) const = 0;
  /// Training steps without a folder: what `selftest` compares.
  virtual Rehearsal rehearse(const StructureTrainRequest& request, Index steps) const = 0;

protected:
  StructureTrainFacts facts_;
};

/// All of them, on the CPU, in the order of the table of `pleat models`.
const std::vector<std::unique_ptr<StructureTraining>>& structure_trainings();
/// \throws pleat::Error that lists what exists.
const StructureTraining& find_structure_training(std::string_view objective, std::string_view encoder);
/// The same training on the device that the options say.
Placed<StructureTraining> place_structure_training(const StructureTraining& on_cpu, const DeviceOptions& options);
/// Whether a checkpoint with this model name is of `pleat pretrain-structure` or `pleat finetune`.
bool is_structure_model(std::string_view name);

} // namespace tool
