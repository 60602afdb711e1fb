#pragma once
/// \file  Options that all commands share which train.

#include <string>

#include <pleat/train/adamw.hpp>
#include <pleat/train/trainer_options.hpp>

#include "device_choice.hpp"

namespace CLI {
class App;
}

namespace tool {

/// Where the values go; what they are before is the default.
struct TrainingTargets {
  std::string& directory;
  pleat::TrainerOptions& options;
  pleat::AdamWOptions& optimiser;
  DeviceOptions& where;
  bool &dry_run, &quiet;
};

/// Adds all options of a run but --crop, whose meaning differs.
void add_training_options(CLI::App& command, TrainingTargets to);

} // namespace tool
