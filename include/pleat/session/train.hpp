#pragma once
/// \file  Training steps of one objective on one device.

#include <optional>

#include <pleat/core/parameters.hpp>
#include <pleat/session/owned_batch.hpp>
#include <pleat/train/adamw.hpp>
#include <pleat/train/ema.hpp>
#include <pleat/train/objective.hpp>

namespace pleat::inline v0_1 {

/// Owns the values of a model, their gradients and moments, and the memory of a pass. Steps are a pure function of (values,
/// batches, key): the same bits for any number of threads.
template <class ObjectiveType, class DeviceType, class Precision = Float32> class TrainSession {
public:
  static_assert(detail::require_session<TrainSession, DeviceType>());
  using Objective = ObjectiveType;
  using Model = typename Objective::Model;
  using Device = DeviceType;
  /// What it trains on: sequences (OwnedBatch), or what the objective names; its view() is what the objective reads.
  using Batch = BatchOf<Objective>;
  using Real = typename Precision::Parameter;

  explicit TrainSession(Device device, Objective objective = {}, AdamWOptions options = {});

  Parameters<Model, Device, Precision>& parameters() { return parameters_; }
  Objective& objective() { return objective_; }
  AdamW<Real, MemoryOf<Device>>& optimiser() { return optimiser_; }
  /// The average of the trained values; null unless asked for.
  Ema<Real, MemoryOf<Device>>* average() { return average_.get(); }
  /// Starts averaging at the present values.
  void start_average(EmaOptions options);

  /// One optimiser step over micro-batches: gradients are averaged over them. Noise has the key
  /// (seed, step) and the number of the record, however the step is cut into micro-batches.
  StepResult step(std::span<const Batch> batches, std::uint64_t seed, std::uint64_t step, double rate);
  /// Adds the metrics of a batch without training on it; its noise depends on the key only.
  void validate(const Batch& batch, NoiseKey key, Metrics& to);
  /// Calls body(run, batch view) in a planned inference pass over the batch. The body must be a generic callable: it is also
  /// called on a Plan.
  template <class Body> void infer(const Batch& batch, NoiseKey key, Body&& body);

  /// High-water mark of the activation memory of the last pass, bytes: the planned one.
  Index activation_memory() const { return arena_.high_water(); }
  /// Activation memory that `step` needs for a batch, bytes.
  Index planned_memory(const Batch& batch);

private:
  Index plan_drawn(const Batch& batch);
  static std::vector<DecayRange> decay_ranges() {
    std::vector<DecayRange> ranges;
    for (const TensorPlace& place : tensors_of<Model>())
      if (place.store == Store::Trained)
        ranges.push_back({place.offset, place.rows * stride_of(place.columns), place.decay == Decay::yes});
    return ranges;
  }
  void reserve(Index bytes) {
    if (bytes > memory_.size()) memory_.grow(bytes);
    arena_.rebase(memory_.data(), memory_.size());
  }
  std::span<Real> trained() {
    return {parameters_.on_device(Store::Trained), static_cast<std::size_t>(parameters_.size(Store::Trained))};
  }
  // Proposals of state: committed at the end of a step, the mean over micro-batches, which all propose from the same old state.
  struct Pending {
    Index offset = 0, count = 0, size = 0; ///< where, how many were proposed, and of how many elements
    DeviceBlock<MemoryOf<Device>> block;
    Real* values() { return reinterpret_cast<Real*>(block.data()); }
  };
  void propose(Index offset, Index size, const Real* values);
  void enqueue_update(double rate);

  Device device_;
  Objective objective_;
  Parameters<Model, Device, Precision> parameters_;
  AdamW<Real, MemoryOf<Device>> optimiser_;
  std::unique_ptr<Ema<Real, MemoryOf<Device>>> average_;
  DeviceBlock<MemoryOf<Device>> memory_;
  Arena arena_, paper_;
  TrainingPlan<Precision> plan_;
  Training<Device, Precision> pass_;
  Plan<Precision> inference_plan_;
  Inference<Device, Precision> inference_;
  std::vector<Pending> pending_;
  std::size_t proposed_ = 0;  // of `pending_` in the step under way
  std::vector<Index> counts_; // of `pending_` before the micro-batch under way, which may be told again
};

} // namespace pleat::inline v0_1

#include <pleat/session/train.ipp>
