#pragma once
/// \file  What a pass of a model costs, counted before it runs.

#include <pleat/core/pass.hpp>
#include <pleat/session/owned_batch.hpp>

namespace pleat::inline v0_1 {

/// Multiplications and additions, bytes moved, and peak bytes of activations of one pass.
struct PassCost {
  double flops = 0, bytes = 0;
  Index peak = 0;
};

/// A batch of sequences of the given lengths, of one residue: costs depend on lengths only.
inline OwnedBatch blank_batch(std::span<const Index> lengths) {
  OwnedBatch batch;
  for (std::size_t s = 0; s < lengths.size(); ++s)
    batch.add(std::vector<std::uint8_t>(static_cast<std::size_t>(lengths[s]), std::uint8_t{5}), static_cast<std::uint32_t>(s));
  return batch;
}

/// Cost of body(run, batch view), an inference pass on the device that `device` is the plan of: `paper_of(device)`.
template <class Precision, class Body> PassCost planned_inference(const OwnedBatch& batch, Paper device, Body&& body) {
  Arena paper;
  Plan<Precision> plan(device, paper, Values<Precision>{});
  body(plan, batch.view());
  return {plan.cost().flops, plan.cost().bytes, paper.high_water()};
}

/// The same on the CPU with so many threads.
template <class Precision, class Body> PassCost planned_inference(const OwnedBatch& batch, int threads, Body&& body) {
  return planned_inference<Precision>(batch, Paper{threads}, body);
}

/// Cost of one forward and backward of an objective.
template <class Precision, class Objective>
PassCost planned_training(Objective& objective, const BatchOf<Objective>& batch, Paper device) {
  Arena paper;
  TrainingPlan<Precision> plan(device, paper, Values<Precision>{});
  objective.draw(NoiseKey{}, batch.view());
  {
    const auto loss = objective.loss(plan, batch.view());
    plan.backward(loss.loss);
  }
  plan.commit([](Index, Index, const typename Precision::Parameter*) {});
  return {plan.cost().flops, plan.cost().bytes, paper.high_water()};
}

/// The same on the CPU with so many threads.
template <class Precision, class Objective>
PassCost planned_training(Objective& objective, const BatchOf<Objective>& batch, int threads) {
  return planned_training<Precision>(objective, batch, Paper{threads});
}

} // namespace pleat::inline v0_1
