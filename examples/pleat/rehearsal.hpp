#pragma once
/// \file  A few training steps without a folder: what `pleat selftest` compares between devices.

#include <vector>

#include <pleat/core/layout.hpp>
#include <pleat/data/batches.hpp>
#include <pleat/train/trainer_options.hpp>

namespace tool {

/// What a few training steps from fresh values lead to.
struct Rehearsal {
  std::vector<double> losses; ///< (steps)
  std::vector<float> values;  ///< the trained ones, then
};

/// Steps of a session over the batches of `set`, at the peak rate.
template <class Session, class Set>
Rehearsal rehearse_steps(Session& session, const Set& set, const pleat::TrainerOptions& options, pleat::Index steps) {
  const pleat::BatchPlan plan(set.lengths(), {options.budget, options.crop, options.seed});
  Rehearsal done;
  for (pleat::Index step = 0; step < steps; ++step) {
    const auto batch = owned_batch(set, plan.batch(step));
    const pleat::StepResult result = session.step({&batch, 1}, options.seed, static_cast<std::uint64_t>(step), options.peak_rate);
    done.losses.push_back(result.metrics.value("loss"));
  }
  const float* values = session.parameters().store(pleat::Store::Trained);
  done.values.assign(values, values + session.parameters().size(pleat::Store::Trained));
  return done;
}

} // namespace tool
