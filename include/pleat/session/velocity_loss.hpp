#pragma once
/// \file  The v-loss of a latent diffusion at one time, to be held against the Gaussian floor (eval/gaussian_floor.hpp).

#include <vector>

#include <pleat/models/latent_diffusion.hpp>
#include <pleat/session/model_passes.hpp>

namespace pleat::inline v0_1 {

/// E |v - v_hat|^2 at time `t`, mean over the channels and over all rows (residues, not proteins) of `batches`, by the model of a
/// TrainSession. The noise is that of `key` and the records. Errors: a parameterisation that cannot tell v at `t`; no rows.
template <class Session>
double velocity_loss(Session& session, std::span<const typename Session::Batch> batches, double t, NoiseKey key) {
  using Model = typename Session::Model;
  require_time(t);
  const TrainingTarget target = Model::Target::target(noise_level(typename Model::Schedule{}, t));
  require(target.refusal == nullptr, "v-loss at t = ", t, ": ", target.refusal != nullptr ? target.refusal : "");
  double sum = 0, rows = 0;
  typename Model::Draws draws;
  for (const auto& batch : batches) {
    const auto owner = batch.view();
    const Segments segments = noise_rows(owner).segments;
    draws.t.assign(static_cast<std::size_t>(segments.sequences()), t), draws.weight.assign(draws.t.size(), 1.0);
    model_of<Model>.fill(owner, draws);
    const std::vector<double> errors = ModelPasses<Session>::sequence_errors(session, batch, draws, key);
    for (Index s = 0; s < segments.sequences(); ++s)
      sum += errors[static_cast<std::size_t>(s)] * static_cast<double>(segments.length(s));
    rows += static_cast<double>(segments.rows());
  }
  require(rows > 0, "v-loss at t = ", t, ": there is no row to measure it on; give batches that are not empty.");
  return target.velocity_weight * sum / rows;
}

} // namespace pleat::inline v0_1
