// What trains the diffusion.
#include <pleat/backend/cpu.hpp>

#include "diffusion.hpp"

#include <pleat/session/latent_statistics.hpp>
#include <pleat/session/velocity_loss.hpp>

template class pleat::TrainSession<pleat::DiffusionObjective<Model>, pleat::Cpu>;

void fit(Session& session, const pleat::GraphSet<pleat::ResidueGraph>& set, const pleat::BatchOptions& batches) {
  pleat::fit_standardiser(session, set, batches, 200'000);
}
double loss_at(Session& session, std::span<const Graphs> batches, double t, pleat::NoiseKey key) {
  return pleat::velocity_loss(session, batches, t, key);
}
