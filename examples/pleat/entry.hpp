#pragma once
/// \file  One entry of the registry, for the sources models_*.cpp and cuda_part.cpp only: everything here is compiled per model.
/// They include the kernels, or the sessions that were generated, before this.

#include <algorithm>
#include <cmath>
#include <filesystem>

#include <pleat/session/latent_statistics.hpp>
#include <pleat/session/planned_memory.hpp>

#include "entry_device.hpp"
#include "fingerprint.hpp"
#include "model_reader.hpp"
#include "registry.hpp"
#include "sequence_models.hpp"

namespace tool {

using namespace pleat;

inline Json json_of(const Shape& shape) {
  Json json = Json::object();
  json.set("layers", shape.layers).set("width", shape.width).set("heads", shape.heads).set("feed_forward", shape.hidden());
  return json;
}
inline std::string text_of(const Shape& shape) {
  return std::to_string(shape.layers) + " x " + std::to_string(shape.width) + " x " + std::to_string(shape.heads);
}

/// A checkpoint fits an entry if all that decides the meaning of its tensors agrees.
inline void require_same_architecture(const Safetensors& file, const Json& found, const Json& mine) {
  for (const char* key : {"kind", "alphabet", "encoder", "bottleneck", "decoder", "denoiser", "schedule", "parameterisation"}) {
    const Json* theirs = found.find(key);
    const Json* ours = mine.find(key);
    require((theirs == nullptr) == (ours == nullptr) && (ours == nullptr || *theirs == *ours), file.path(),
            ": its configuration has \"", key, "\" ", theirs != nullptr ? theirs->dump() : "missing", " where this model has ",
            ours != nullptr ? ours->dump() : "none", "; it is a checkpoint of another model.");
  }
}

/// Two short real sequences and what the model in `session` makes of them.
template <class Session> std::vector<CheckPair> check_pairs(Session& session, const SequenceSet& set) {
  std::vector<CheckPair> pairs;
  for (Index i = 0; i < set.size() && pairs.size() < 2; ++i) {
    const auto whole = set.tokens(i);
    if (whole.empty()) continue;
    pairs.push_back(
        check_pair(session, {whole.begin(), whole.begin() + (std::min)(static_cast<Index>(whole.size()), Index{40})}));
  }
  return pairs;
}

/// `Types`: a SequenceModel.
template <class Types, class Device, class Precision = Float32> class Entry final : public ModelEntry {
public:
  using Auto = typename Types::Auto;
  using Diffusion = typename Types::Diffusion;
  using Bottleneck = typename Types::Bottleneck;
  using AutoSession = TrainSession<typename Types::Reconstruction, Device, Precision>;
  using DiffusionSession = TrainSession<typename Types::Denoising, Device, Precision>;
  static constexpr Shape encoder_shape = Types::Size::encoder, decoder_shape = Types::Size::decoder,
                         denoiser_shape = Types::Size::denoiser;
  using ModelEntry::ModelEntry;
  const char* precision() const override { return Precision::name; }

  TrainingSummary pretrain(const TrainRequest& request) const override {
    ChosenDevice<Device> device(request.device);
    AutoSession session(*device, objective(request), request.optimiser);
    session.parameters().initialise(request.options.seed);
    return run(session, request, name(), config(false, &request));
  }

  TrainingSummary diffuse(const TrainRequest& request) const override {
    ChosenDevice<Device> device(request.device);
    DiffusionSession session(*device, diffusion_objective(request), request.optimiser);
    session.parameters().initialise(request.options.seed);
    const Safetensors file = Safetensors::open(request.autoencoder);
    const CheckpointInfo info = checkpoint_info(file);
    require(info.model == name(), file.path(), ": is a checkpoint of ", info.model, ", not of ", name(), ".");
    require_same_architecture(file, info.config, config(false, nullptr));
    load_values(file, session.parameters(), "autoencoder.");
    const auto& parameters = session.parameters();
    const std::string frozen = fingerprint(
        std::as_bytes(std::span(parameters.store(Store::Frozen), static_cast<std::size_t>(parameters.size(Store::Frozen)))));
    if (!std::filesystem::exists(request.directory + "/model.safetensors"))
      fit_standardiser(session, *request.train, {request.options.budget, request.options.crop, request.options.seed},
                       request.latent_residues);
    return run(session, request, name() + "-diffusion", config(true, &request, frozen));
  }

  double seconds_per_step(const TrainRequest& request, bool diffusion) const override {
    const auto timed = [&](auto& session) {
      session.parameters().initialise(1);
      const BatchPlan plan(request.train->lengths(), {request.options.budget, request.options.crop, request.options.seed});
      const OwnedBatch batch = owned_batch(*request.train, plan.batch(0));
      session.step({&batch, 1}, 1, 0, 1e-4);
      double best = INFINITY;
      for (std::uint64_t i = 1; i < 4; ++i) {
        const auto begin = std::chrono::steady_clock::now();
        session.step({&batch, 1}, 1, i, 1e-4);
        best = (std::min)(best, std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
      }
      return best * static_cast<double>(request.options.accumulation);
    };
    return with_session(request, diffusion, timed);
  }

  Rehearsal rehearse(const TrainRequest& request, bool diffusion, Index steps) const override {
    return with_session(request, diffusion, [&]<class Session>(Session& session) {
      session.parameters().initialise(request.options.seed);
      const BatchOptions batches{request.options.budget, request.options.crop, request.options.seed};
      if constexpr (std::is_same_v<Session, DiffusionSession>) fit_standardiser(session, *request.train, batches, 1000);
      return rehearse_steps(session, *request.train, request.options, steps);
    });
  }

  std::unique_ptr<Reader> open(const std::string& path, const DeviceChoice& device) const override {
    const Safetensors file = Safetensors::open(path);
    const CheckpointInfo info = checkpoint_info(file);
    require_same_architecture(file, info.config, config(is_diffusion(info.model), nullptr));
    require(!info.checks.empty(), path,
            ": has no check pairs (tensors check.0.tokens, check.0.rows), so nothing shows that it works; take the file that "
            "`pleat` wrote.");
    if (is_diffusion(info.model)) return loaded<Diffusion>(file, info, device);
    return loaded<Auto>(file, info, device);
  }
  std::unique_ptr<Reader> untrained(std::uint64_t seed, const DeviceChoice& device) const override {
    auto reader = std::make_unique<ModelReader<Auto, Device, Precision>>(name(), config(false, nullptr), device);
    reader->session().parameters().initialise(seed);
    return reader;
  }

  ModelFacts facts(bool diffusion) const override {
    ModelFacts facts;
    facts.name = diffusion ? name() + "-diffusion" : name();
    facts.encoder = text_of(encoder_shape), facts.decoder = text_of(decoder_shape),
    facts.denoiser = diffusion ? text_of(denoiser_shape) : "";
    facts.width = encoder_shape.width;
    facts.parameters = diffusion ? parameter_count<Diffusion> : parameter_count<Auto>;
    facts.trainable = diffusion ? trainable_count<Diffusion> : trainable_count<Auto>;
    const Index length[] = {256};
    facts.flops_per_residue = inference(diffusion, length, 1).flops / 256;
    return facts;
  }

  MemoryFacts memory(bool diffusion, std::span<const Index> lengths, int threads, bool average) const override {
    const OwnedBatch batch = blank_batch(lengths);
    MemoryFacts facts;
    const TrainRequest request;
    Index trained = 0;
    if (diffusion) {
      auto training = diffusion_objective(request);
      facts.parameters = Parameters<Diffusion, Device, Precision>::memory(true);
      facts.activations = planned_training<Precision>(training, batch, paper_of_choice<Device>(threads)).peak;
      trained = Parameters<Diffusion, Device, Precision>::size(Store::Trained);
    } else {
      auto training = objective(request);
      facts.parameters = Parameters<Auto, Device, Precision>::memory(true);
      facts.activations = planned_training<Precision>(training, batch, paper_of_choice<Device>(threads)).peak;
      trained = Parameters<Auto, Device, Precision>::size(Store::Trained);
    }
    facts.optimiser = trained * static_cast<Index>(sizeof(float)) * (average ? 3 : 2);
    facts.inference = inference(diffusion, lengths, threads).peak;
    facts.reading =
        diffusion ? Parameters<Diffusion, Device, Precision>::memory(false) : Parameters<Auto, Device, Precision>::memory(false);
    return facts;
  }

  std::vector<TensorPlace> tensors(bool diffusion) const override {
    return diffusion ? tensors_of<Diffusion>() : tensors_of<Auto>();
  }

private:
  /// With a request also what the run chose, so that a folder is not continued with other choices.
  static Json config(bool diffusion, const TrainRequest* request, const std::string& autoencoder = {}) {
    Json json = Json::object();
    json.set("kind", diffusion ? "diffusion" : "autoencoder").set("alphabet", alphabet_fingerprint);
    json.set("encoder", json_of(encoder_shape)).set("bottleneck", Bottleneck::name).set("decoder", json_of(decoder_shape));
    if (diffusion)
      json.set("denoiser", json_of(denoiser_shape)).set("schedule", "cosine").set("parameterisation", Diffusion::Target::name);
    if (request == nullptr) return json;
    const TrainerOptions& o = request->options;
    Json run = Json::object();
    if (diffusion)
      run.set("time_sampler", request->time_sampler);
    else
      run.set("lambda", request->lambda);
    run.set("budget", o.budget).set("crop", o.crop).set("accumulation", o.accumulation);
    run.set("rate", o.peak_rate).set("warm_up", o.warm_up).set("rate_floor", o.rate_floor).set("average", o.average_decay);
    run.set("seed", o.seed).set("weight_decay", request->optimiser.decay).set("clip", request->optimiser.clip);
    run.set("sequences", request->train->size()).set("residues", request->train->residues());
    run.set("data", fingerprint(std::as_bytes(request->train->tokens())));
    run.set("validate_every", o.validate_every).set("validation_residues", o.validation_residues);
    if (diffusion) run.set("autoencoder", autoencoder);
    return json.set("run", std::move(run));
  }
  static typename Types::Reconstruction objective(const TrainRequest& request) {
    typename Types::Reconstruction objective;
    objective.lambda = request.lambda;
    return objective;
  }
  static typename Types::Denoising diffusion_objective(const TrainRequest& request) {
    typename Types::Denoising objective;
    objective.sampler = ChosenTimeSampler(request.time_sampler);
    return objective;
  }
  /// body(session) of fresh values, of the autoencoder or the diffusion.
  template <class Body> static auto with_session(const TrainRequest& request, bool diffusion, const Body& body) {
    ChosenDevice<Device> device(request.device);
    if (diffusion) {
      DiffusionSession session(*device, diffusion_objective(request), request.optimiser);
      return body(session);
    }
    AutoSession session(*device, objective(request), request.optimiser);
    return body(session);
  }
  template <class Session>
  static TrainingSummary run(Session& session, const TrainRequest& request, const std::string& name, const Json& config) {
    const SequenceSet& checked = request.valid->residues() > 0 ? *request.valid : *request.train;
    Trainer<Session> trainer(session, *request.train, *request.valid, request.directory, request.options, [&] {
      CheckpointInfo info;
      info.model = name, info.config = config, info.checks = check_pairs(session, checked);
      return info;
    });
    return trainer.run(request.progress);
  }
  template <class Model>
  static std::unique_ptr<Reader> loaded(const Safetensors& file, const CheckpointInfo& info, const DeviceChoice& device) {
    auto reader = std::make_unique<ModelReader<Model, Device, Precision>>(info.model, info.config, device);
    reader->session().load(file);
    return reader;
  }
  static PassCost inference(bool diffusion, std::span<const Index> lengths, int threads) {
    const OwnedBatch batch = blank_batch(lengths);
    if (!diffusion)
      return planned_inference<Precision>(batch, paper_of_choice<Device>(threads), [](auto& run, const SequenceBatch& view) {
        const auto kept = model_of<Auto>.reproduce(run, view);
        (void)kept;
      });
    return planned_inference<Precision>(batch, paper_of_choice<Device>(threads), [](auto& run, const SequenceBatch& view) {
      const auto kept = model_of<Diffusion>.reproduce(run, view);
      (void)kept;
    });
  }
};

/// The three autoencoders of one size.
template <class Size, class Device> void add_entries(std::vector<std::unique_ptr<ModelEntry>>& to, const std::string& size) {
  to.push_back(std::make_unique<Entry<Mlm<Size>, Device>>("mlm-" + size));
  to.push_back(std::make_unique<Entry<LsdTn<Size>, Device>>("lsd-tn-" + size));
  to.push_back(std::make_unique<Entry<LsdNm<Size>, Device>>("lsd-nm-" + size));
}

} // namespace tool
