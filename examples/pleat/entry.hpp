#pragma once
/// \file  One entry of the registry, for the sources models_*.cpp only: everything here is compiled per model.

#include <algorithm>
#include <cmath>
#include <filesystem>

#include <pleat/backend/cpu.hpp>
#include <pleat/diffusion/chosen_sampler.hpp>
#include <pleat/pleat.hpp>
#include <pleat/session/latent_statistics.hpp>
#include <pleat/session/planned_memory.hpp>

#include "fingerprint.hpp"
#include "registry.hpp"

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

template <class Model> class ModelReader final : public Reader {
public:
  ModelReader(std::string name, Json config, int threads)
      : name_(std::move(name)), config_(std::move(config)), pool_(threads), session_(Cpu{&pool_}) {}
  const std::string& name() const override { return name_; }
  const Json& config() const override { return config_; }
  Index width() const override { return Model::width; }
  static constexpr bool diffusion = requires { typename Model::ReadingPlan; };
  bool diffuses() const override { return diffusion; }
  Index blocks() const override {
    if constexpr (diffusion)
      return Model::Denoiser::shape.layers;
    else
      return 0;
  }
  int threads() const override { return pool_.size(); }
  void read(std::span<const Piece> pieces, std::span<const ReadOptions> readings, const Consume& consume) override {
    session_.read(pieces, readings, consume);
  }
  std::vector<Pooled> pooled(const SequenceSet& set, std::span<const ReadOptions> readings, Pool pool, Index crop) override {
    return session_.represent_pooled(set, readings, pool, crop);
  }
  Ragged rows(const SequenceSet& set, const ReadOptions& reading) override { return session_.represent(set, reading); }
  double recovered(std::span<const Piece> pieces) override {
    double hits = 0, residues = 0;
    if constexpr (!diffusion) // the rows of an autoencoder's check pair are the scores of its reconstruction
      for (const Piece& piece : pieces) {
        const CheckPair pair = session_.check_pair({piece.tokens.begin(), piece.tokens.end()});
        for (std::size_t r = 0; r < pair.tokens.size(); ++r) {
          const float* row = pair.rows.data() + r * static_cast<std::size_t>(pair.width);
          hits += std::max_element(row, row + pair.width) - row == pair.tokens[r];
        }
        residues += static_cast<double>(pair.tokens.size());
      }
    return residues > 0 ? hits / residues : std::nan("");
  }
  EncodeSession<Model, Cpu>& session() { return session_; }

private:
  std::string name_;
  Json config_;
  ThreadPool pool_;
  EncodeSession<Model, Cpu> session_;
};

/// Two short real sequences and what the model in `session` makes of them.
template <class Session> std::vector<CheckPair> check_pairs(Session& session, const SequenceSet& set) {
  using Model = typename Session::Model;
  std::vector<CheckPair> pairs;
  for (Index i = 0; i < set.size() && pairs.size() < 2; ++i) {
    const auto whole = set.tokens(i);
    if (whole.empty()) continue;
    CheckPair pair;
    pair.tokens.assign(whole.begin(), whole.begin() + (std::min)(static_cast<Index>(whole.size()), Index{40}));
    OwnedBatch batch;
    batch.add(pair.tokens, 0);
    session.infer(batch, {0, 0}, [&](auto& run, const SequenceBatch& view) {
      const auto rows = model_of<Model>.reproduce(run, view);
      pair.width = std::remove_reference_t<decltype(rows)>::width;
      if constexpr (std::remove_reference_t<decltype(run)>::computes)
        for (Index r = 0; r < rows.count(); ++r) pair.rows.insert(pair.rows.end(), rows.row(r), rows.row(r) + pair.width);
    });
    pairs.push_back(std::move(pair));
  }
  return pairs;
}

template <class Bottleneck, Shape EncoderShape, Shape DecoderShape, Shape DenoiserShape> class Entry final : public ModelEntry {
public:
  using Auto = Autoencoder<Transformer<EncoderShape>, Bottleneck, Decoder<DecoderShape>>;
  using Diffusion = LatentDiffusion<Auto, Denoiser<DenoiserShape>>;
  using AutoSession = TrainSession<AutoencoderObjective<Auto>, Cpu>;
  using DiffusionSession = TrainSession<DiffusionObjective<Diffusion, ChosenTimeSampler>, Cpu>;
  using ModelEntry::ModelEntry;

  TrainingSummary pretrain(const TrainRequest& request) const override {
    ThreadPool pool(request.threads);
    AutoSession session(Cpu{&pool}, objective(request), request.optimiser);
    session.parameters().initialise(request.options.seed);
    return run(session, request, name(), config(false, &request));
  }

  TrainingSummary diffuse(const TrainRequest& request) const override {
    ThreadPool pool(request.threads);
    DiffusionSession session(Cpu{&pool}, diffusion_objective(request), request.optimiser);
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
    ThreadPool pool(request.threads);
    auto timed = [&](auto& session) {
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
    if (diffusion) {
      DiffusionSession session(Cpu{&pool}, diffusion_objective(request), request.optimiser);
      return timed(session);
    }
    AutoSession session(Cpu{&pool}, objective(request), request.optimiser);
    return timed(session);
  }

  std::unique_ptr<Reader> open(const std::string& path, int threads) const override {
    const Safetensors file = Safetensors::open(path);
    const CheckpointInfo info = checkpoint_info(file);
    require_same_architecture(file, info.config, config(is_diffusion(info.model), nullptr));
    require(!info.checks.empty(), path,
            ": has no check pairs (tensors check.0.tokens, check.0.rows), so nothing shows that it works; take the file that "
            "`pleat` wrote.");
    if (is_diffusion(info.model)) return loaded<Diffusion>(file, info, threads);
    return loaded<Auto>(file, info, threads);
  }
  std::unique_ptr<Reader> untrained(std::uint64_t seed, int threads) const override {
    auto reader = std::make_unique<ModelReader<Auto>>(name(), config(false, nullptr), threads);
    reader->session().parameters().initialise(seed);
    return reader;
  }

  ModelFacts facts(bool diffusion) const override {
    ModelFacts facts;
    facts.name = diffusion ? name() + "-diffusion" : name();
    facts.encoder = text_of(EncoderShape), facts.decoder = text_of(DecoderShape),
    facts.denoiser = diffusion ? text_of(DenoiserShape) : "";
    facts.width = EncoderShape.width;
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
      facts.parameters = Parameters<Diffusion, Cpu>::memory(true);
      facts.activations = planned_training<Float32>(training, batch, threads).peak;
      trained = Parameters<Diffusion, Cpu>::size(Store::Trained);
    } else {
      auto training = objective(request);
      facts.parameters = Parameters<Auto, Cpu>::memory(true);
      facts.activations = planned_training<Float32>(training, batch, threads).peak;
      trained = Parameters<Auto, Cpu>::size(Store::Trained);
    }
    facts.optimiser = trained * static_cast<Index>(sizeof(float)) * (average ? 3 : 2);
    facts.inference = inference(diffusion, lengths, threads).peak;
    facts.reading = diffusion ? Parameters<Diffusion, Cpu>::memory(false) : Parameters<Auto, Cpu>::memory(false);
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
    json.set("encoder", json_of(EncoderShape)).set("bottleneck", Bottleneck::name).set("decoder", json_of(DecoderShape));
    if (diffusion)
      json.set("denoiser", json_of(DenoiserShape)).set("schedule", "cosine").set("parameterisation", Diffusion::Target::name);
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
  static AutoencoderObjective<Auto> objective(const TrainRequest& request) {
    AutoencoderObjective<Auto> objective;
    objective.lambda = request.lambda;
    return objective;
  }
  static DiffusionObjective<Diffusion, ChosenTimeSampler> diffusion_objective(const TrainRequest& request) {
    DiffusionObjective<Diffusion, ChosenTimeSampler> objective;
    objective.sampler = ChosenTimeSampler(request.time_sampler);
    return objective;
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
  template <class Model> static std::unique_ptr<Reader> loaded(const Safetensors& file, const CheckpointInfo& info, int threads) {
    auto reader = std::make_unique<ModelReader<Model>>(info.model, info.config, threads);
    reader->session().load(file);
    return reader;
  }
  static PassCost inference(bool diffusion, std::span<const Index> lengths, int threads) {
    const OwnedBatch batch = blank_batch(lengths);
    if (!diffusion)
      return planned_inference<Float32>(batch, threads, [](auto& run, const SequenceBatch& view) {
        const auto kept = model_of<Auto>.reproduce(run, view);
        (void)kept;
      });
    return planned_inference<Float32>(batch, threads, [](auto& run, const SequenceBatch& view) {
      const auto kept = model_of<Diffusion>.reproduce(run, view);
      (void)kept;
    });
  }
};

/// The three autoencoders of one size.
template <Shape EncoderShape, Shape DecoderShape, Shape DenoiserShape>
void add_entries(std::vector<std::unique_ptr<ModelEntry>>& to, const std::string& size) {
  to.push_back(std::make_unique<Entry<Masking<>, EncoderShape, DecoderShape, DenoiserShape>>("mlm-" + size));
  to.push_back(std::make_unique<Entry<TokenNorm<>, EncoderShape, DecoderShape, DenoiserShape>>("lsd-tn-" + size));
  to.push_back(std::make_unique<Entry<NoiseMask<>, EncoderShape, DecoderShape, DenoiserShape>>("lsd-nm-" + size));
}

} // namespace tool
