#pragma once
/// \file  One head on one encoder, for the sources structure_models_*.cpp and cuda_part.cpp only: everything here is compiled per
/// model.

#include <chrono>
#include <cmath>

#include <pleat/train/trainer.hpp>

#include "entry_device.hpp"
#include "fingerprint.hpp"
#include "structure_models.hpp"
#include "structure_tasks.hpp"

namespace tool {

using namespace pleat;

template <class Objective, class Device, class Precision = Float32> class StructureTaskEntry final : public StructureTaskModel {
  using Model = typename Objective::Model;
  using Session = TrainSession<Objective, Device, Precision>;
  using Set = LabelledSet<typename Model::Graphs>;

public:
  StructureTaskEntry(std::string task, std::string encoder) : task_(std::move(task)), encoder_(std::move(encoder)) {}
  std::string encoder() const override { return encoder_; }

  Finetuned run(const FinetuneRequest& request) const override {
    ChosenDevice<Device> device(request.device);
    Session session(*device, {}, request.optimiser);
    Json config = request.run;
    config.set("initial_values", start(session, request));
    const Set train(request.data->parts[0]);
    Trainer<Session, Set> trainer(session, train, Set(request.data->parts[1]), request.directory, request.options, [&] {
      CheckpointInfo info;
      info.model = name(), info.config = config;
      return info;
    });
    Finetuned done;
    done.summary = trainer.run(request.progress);
    done.outputs = task_outputs(session, Set(request.data->parts[2]), request.options.budget);
    return done;
  }

  FinetuneCost cost(const FinetuneRequest& request) const override {
    ChosenDevice<Device> device(request.device);
    Session session(*device, {}, request.optimiser);
    start(session, request);
    const Set train(request.data->parts[0]);
    const BatchPlan plan(train.lengths(), {request.options.budget, 0, request.options.seed});
    FinetuneCost cost;
    cost.parameters = Parameters<Model, Device, Precision>::memory(true) +
                      Parameters<Model, Device, Precision>::size(Store::Trained) * Index{8};
    BatchPieces largest;
    largest.records = {0};
    for (Index u = 1; u < train.units().size(); ++u)
      if (train.units()[u].residues > train.units()[largest.records[0]].residues) largest.records[0] = u;
    cost.activations = session.planned_memory(owned_batch(train, largest));
    for (Index step = 0; step < 5; ++step) { // the first one pays for memory
      const auto batch = owned_batch(train, plan.batch(step));
      cost.activations = (std::max)(cost.activations, session.planned_memory(batch));
      const auto begin = std::chrono::steady_clock::now();
      session.step({&batch, 1}, 1, static_cast<std::uint64_t>(step), 0);
      const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
      if (step > 0) cost.seconds_per_step += seconds / 4;
    }
    return cost;
  }

  std::vector<double> outputs(const std::string& checkpoint, const StructureTaskData& data, Index budget,
                              const DeviceChoice& choice) const override {
    const Safetensors file = Safetensors::open(checkpoint);
    const std::string model = checkpoint_info(file).model;
    require(model == name(), checkpoint, ": is a checkpoint of ", model, ", not of ", name(),
            "; name the folder of a run of `pleat finetune` on this task.");
    ChosenDevice<Device> device(choice);
    Session session(*device, {}, {});
    load_values(file, session.parameters());
    return task_outputs(session, Set(data.parts[static_cast<std::size_t>(Split::Test)]), budget);
  }

private:
  std::string name() const { return "task-" + task_ + "-" + encoder_; }
  // Fills the values; a fingerprint of them, so that a run is not continued from others.
  static std::string start(Session& session, const FinetuneRequest& request) {
    auto& parameters = session.parameters();
    parameters.initialise(request.options.seed);
    if (!request.initial.empty()) load_part(Safetensors::open(request.initial), parameters, "encoder.");
    return fingerprint(
        std::as_bytes(std::span(parameters.store(Store::Trained), static_cast<std::size_t>(parameters.size(Store::Trained)))));
  }
  std::string task_, encoder_;
};

/// The heads of the tasks of residues, and of atoms.
template <class Device, class Precision = Float32>
std::unique_ptr<StructureTaskModel> residue_task_model_on(const StructureTaskFacts& task) {
  const std::string encoder = "gearnet-edge-residue-64x4";
  if (task.sites == 2)
    return std::make_unique<StructureTaskEntry<Finetuning<ResidueEncoder, 2, 2>, Device, Precision>>(task.name, encoder);
  if (task.outputs == 2)
    return std::make_unique<StructureTaskEntry<Finetuning<ResidueEncoder, 1, 2>, Device, Precision>>(task.name, encoder);
  return std::make_unique<StructureTaskEntry<Finetuning<ResidueEncoder, 1, 1>, Device, Precision>>(task.name, encoder);
}
template <class Device, class Precision = Float32>
std::unique_ptr<StructureTaskModel> atom_task_model_on(const StructureTaskFacts& task) {
  const std::string encoder = "gearnet-edge-atom-32x4";
  if (task.outputs == 20)
    return std::make_unique<StructureTaskEntry<Finetuning<AtomEncoder, 1, 20>, Device, Precision>>(task.name, encoder);
  return std::make_unique<StructureTaskEntry<Finetuning<AtomEncoder, 2, 2>, Device, Precision>>(task.name, encoder);
}

} // namespace tool
