#pragma once
/// \file  One pre-training of the registry, for the sources structure_models_*.cpp and cuda_part.cpp only: everything here is
/// compiled per model.

#include <chrono>
#include <filesystem>

#include <pleat/train/trainer.hpp>

#include "entry_device.hpp"
#include "fingerprint.hpp"
#include "structure_models.hpp"
#include "structure_training.hpp"

namespace tool {

using namespace pleat;

template <class Objective, class Device, class Precision = Float32>
class StructureTrainingEntry final : public StructureTraining {
  using Model = typename Objective::Model;
  using Session = TrainSession<Objective, Device, Precision>;
  using Encoder = typename Model::Encoder;
  static constexpr bool takes_pairs = std::is_same_v<typename Model::Options, DistanceOptions>;
  static constexpr bool two_forms = std::is_same_v<typename Model::Conformer, ChosenConformer>;

public:
  StructureTrainingEntry(std::string objective, std::string encoder) {
    facts_.precision = Precision::name;
    facts_.name = objective + "-" + encoder;
    facts_.objective = std::move(objective), facts_.encoder = std::move(encoder);
    facts_.nodes = std::is_same_v<typename Encoder::Node, Residue> ? "residue" : "atom";
    facts_.shape = std::to_string(Encoder::shape.layers) + " x " + std::to_string(Encoder::shape.width);
    facts_.parameters = parameter_count<Model>, facts_.trainable = trainable_count<Model>;
    facts_.weighs = requires(const Model& model) { model.scores, model.logits; };
    facts_.denoises = requires(const Model& model) { model.scores; };
    facts_.two_forms = two_forms;
  }

  TrainingSummary train(const StructureTrainRequest& request) const override {
    ChosenDevice<Device> device(request.device);
    Session session(*device, objective(request), request.optimiser);
    session.parameters().initialise(request.options.seed);
    Json config = configuration(request);
    if (!request.initial.empty()) config.set("initial", start_from(request.initial, session.parameters()));
    Trainer<Session, StructureSet> trainer(session, *request.train, *request.valid, request.directory, request.options, [&] {
      CheckpointInfo info;
      info.model = facts_.name, info.config = config;
      return info;
    });
    return trainer.run(request.progress);
  }

  Rehearsal rehearse(const StructureTrainRequest& request, Index steps) const override {
    ChosenDevice<Device> device(request.device);
    Session session(*device, objective(request), request.optimiser);
    session.parameters().initialise(request.options.seed);
    return rehearse_steps(session, *request.train, request.options, steps);
  }

  StructureTrainCost cost(const StructureTrainRequest& request) const override {
    ChosenDevice<Device> device(request.device);
    Session session(*device, objective(request), request.optimiser);
    session.parameters().initialise(request.options.seed);
    const TrainerOptions& o = request.options;
    const BatchPlan plan(request.train->lengths(), {o.budget, o.crop, o.seed});
    StructureTrainCost cost;
    cost.parameters = Parameters<Model, Device, Precision>::memory(true);
    cost.optimiser = Parameters<Model, Device, Precision>::size(Store::Trained) * static_cast<Index>(sizeof(float)) *
                     (o.average_decay > 0 ? 3 : 2);
    const Index sampled = (std::min)(plan.batches_per_epoch(), Index{8});
    for (Index step = 0; step < sampled; ++step) {
      const BatchPieces pieces = plan.batch(step);
      cost.residues_per_step += static_cast<double>(pieces.tokens * o.accumulation) / static_cast<double>(sampled);
      cost.activations = (std::max)(cost.activations, session.planned_memory(owned_batch(*request.train, pieces)));
    }
    double seconds = 0, residues = 0;
    for (Index step = 0; step < 4 && seconds < 5; ++step) { // the first one pays for memory
      const BatchPieces pieces = plan.batch(step);
      const OwnedStructures batch = owned_batch(*request.train, pieces);
      const auto begin = std::chrono::steady_clock::now();
      session.step({&batch, 1}, 1, static_cast<std::uint64_t>(step), 1e-5);
      if (step == 0) continue;
      seconds += std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
      residues += static_cast<double>(pieces.tokens);
    }
    cost.seconds_per_step = seconds / residues * cost.residues_per_step;
    return cost;
  }

private:
  static Objective objective(const StructureTrainRequest& request) {
    typename Model::Options options;
    if constexpr (takes_pairs)
      options.crop = request.denoising.crop;
    else
      options = request.denoising;
    if constexpr (two_forms)
      return Objective(options, request.conformer);
    else
      return Objective(options);
  }

  /// What the tensors mean, and what the run chose.
  Json configuration(const StructureTrainRequest& request) const {
    Json encoder = Json::object();
    encoder.set("name", facts_.encoder).set("graph", Encoder::Graphs::name).set("layers", Encoder::shape.layers);
    encoder.set("width", Encoder::shape.width).set("readout", Encoder::readout == Readout::sum ? "sum" : "mean");
    Json json = Json::object();
    json.set("kind", "structure-pretraining").set("objective", facts_.objective).set("level", facts_.nodes);
    json.set("encoder", std::move(encoder));
    Json run = request.run;
    const TrainerOptions& o = request.options;
    run.set("budget", o.budget).set("crop", o.crop).set("accumulation", o.accumulation);
    run.set("rate", o.peak_rate).set("warm_up", o.warm_up).set("rate_floor", o.rate_floor).set("average", o.average_decay);
    run.set("seed", o.seed).set("weight_decay", request.optimiser.decay).set("clip", request.optimiser.clip);
    run.set("validate_every", o.validate_every).set("validation_residues", o.validation_residues);
    return json.set("run", std::move(run));
  }

  /// Takes the values of a checkpoint of an encoder and heads of the same names. \return their fingerprint.
  static std::string start_from(const std::string& path, Parameters<Model, Device, Precision>& parameters) {
    load_values(Safetensors::open(path), parameters);
    std::vector<float> values;
    for (const TensorPlace& place : parameters.tensors()) {
      const auto dense = detail::dense(parameters.data(place), place);
      values.insert(values.end(), dense.begin(), dense.end());
    }
    return fingerprint(std::as_bytes(std::span(values)));
  }
};

using Trainings = std::vector<std::unique_ptr<StructureTraining>>;

/// All objectives on one encoder. They share its kernels, so they are compiled together.
template <class Encoder, class Device, class Precision = Float32> void add_trainings(Trainings& to, const std::string& encoder) {
  using Of = Pretraining<Encoder>;
  to.push_back(std::make_unique<StructureTrainingEntry<typename Of::DiffPreT, Device, Precision>>("diffpret", encoder));
  to.push_back(std::make_unique<StructureTrainingEntry<typename Of::SiamDiff, Device, Precision>>("siamdiff", encoder));
  to.push_back(std::make_unique<StructureTrainingEntry<typename Of::ScoreMatching, Device, Precision>>("denoising-score-matching",
                                                                                                       encoder));
  to.push_back(std::make_unique<StructureTrainingEntry<typename Of::ResidueTypes, Device, Precision>>("residue-type", encoder));
  to.push_back(std::make_unique<StructureTrainingEntry<typename Of::Distances, Device, Precision>>("distance", encoder));
}

} // namespace tool
