/// \file  Options that all commands share which train.

#include "training_options.hpp"

#include <CLI/CLI.hpp>

namespace tool {

void add_training_options(CLI::App& app, TrainingTargets to) {
  auto& o = to.options;
  app.add_option("--output", to.directory, "folder of the run; a folder with a checkpoint is continued")->required();
  app.add_option("--steps", o.steps, "optimiser steps")->capture_default_str()->check(CLI::PositiveNumber);
  app.add_option("--budget", o.budget, "residues of a batch, at most")->capture_default_str()->check(CLI::PositiveNumber);
  app.add_option("--accumulation", o.accumulation, "batches per step")->capture_default_str()->check(CLI::PositiveNumber);
  app.add_option("--rate", o.peak_rate, "learning rate after warm-up")->capture_default_str()->check(CLI::NonNegativeNumber);
  app.add_option("--rate-floor", o.rate_floor, "share of the rate that is left at the last step")
      ->capture_default_str()
      ->check(CLI::Range(0.0, 1.0));
  app.add_option("--warmup", o.warm_up, "steps of warm-up")->capture_default_str()->check(CLI::NonNegativeNumber);
  app.add_option("--decay", to.optimiser.decay, "weight decay")->capture_default_str()->check(CLI::NonNegativeNumber);
  app.add_option("--clip", to.optimiser.clip, "largest norm of the gradient; 0: no clipping")
      ->capture_default_str()
      ->check(CLI::NonNegativeNumber);
  app.add_option("--average", o.average_decay, "decay of the averaged weights; 0: none")
      ->capture_default_str()
      ->check(CLI::Range(0.0, 1.0));
  app.add_option("--seed", o.seed, "of initial values, batches and noise")->capture_default_str();
  app.add_option("--validate-every", o.validate_every, "steps between validations; 0: never")
      ->capture_default_str()
      ->check(CLI::NonNegativeNumber);
  app.add_option("--validate-residues", o.validation_residues, "residues of a validation")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  app.add_option("--checkpoint-every", o.checkpoint_every, "steps between checkpoints; 0: only the last")
      ->capture_default_str()
      ->check(CLI::NonNegativeNumber);
  app.add_option("--patience", o.patience, "validations without improvement before the run stops; 0: never")
      ->capture_default_str()
      ->check(CLI::NonNegativeNumber);
  add_device_options(app, to.where, true);
  app.add_flag("--quiet", to.quiet, "no progress bar");
  app.add_flag("--dry-run", to.dry_run, "print what memory, disk and time the run will take, and stop");
}

} // namespace tool
