#pragma once
/// \file  What a training run is told and tells; light, for code that is compiled without the models.

#include <cstdint>

#include <pleat/train/metrics.hpp>

namespace pleat::inline v0_1 {

struct TrainerOptions {
  Index steps = 1000;         ///< optimiser steps
  Index budget = 4096;        ///< residues of a micro-batch, at most
  Index crop = 512;           ///< longer sequences are cut to a random window
  Index accumulation = 1;     ///< micro-batches per step
  double peak_rate = 1e-3;    ///< learning rate after warm-up
  Index warm_up = 100;        ///< steps
  double rate_floor = 0.1;    ///< of the peak, at the last step
  double average_decay = 0;   ///< of the averaged weights; 0: none
  Index validate_every = 200; ///< steps; 0: never
  Index validation_residues = 16384;
  Index checkpoint_every = 200; ///< steps; the last one always
  Index patience = 0;           ///< validations without improvement before the run stops; 0: never
  std::uint64_t seed = 1;
};

/// What is told after every step.
struct Progress {
  Index step = 0, steps = 0;
  const StepResult* result = nullptr;
  double rate = 0, tokens_per_second = 0;
};

/// How a run ended.
struct TrainingSummary {
  Index step = 0;
  bool stopped_early = false;
  double best = 0;    ///< lowest validation loss
  Metrics validation; ///< of the last validation
  double seconds = 0; ///< of this process
};

} // namespace pleat::inline v0_1
