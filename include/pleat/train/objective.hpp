#pragma once
/// \file  What a model is trained for: its draws as data, its loss, and the numbers worth logging.

#include <pleat/models/latent_diffusion.hpp>
#include <pleat/train/metrics.hpp>

namespace pleat::inline v0_1 {

/// Autoencoders: reconstruction + lambda x normalisation loss.
template <class ModelType> class AutoencoderObjective {
public:
  using Model = ModelType;
  double lambda = 1; ///< weight of the normalisation loss

  AutoencoderObjective() = default;
  explicit AutoencoderObjective(double weight) : lambda(weight) {}

  /// What is random in micro-batch `part` of a step. The key is that of the step: a record has its own noise in it.
  void draw(NoiseKey key, const SequenceBatch& batch, std::size_t = 0) { model_of<Model>.draw(key, batch, draws_); }
  template <class Context> auto loss(Context& run, const SequenceBatch& batch) const {
    return model_of<Model>.loss(run, batch, draws_, lambda);
  }
  /// Adds the numbers of one finished batch; `scored` weights are those of the reconstruction.
  template <class Context>
  void observe(Context& run, const AutoencoderLoss<Context>& loss, const SequenceBatch& batch, Metrics& to) {
    double weights = 0, hits = 0;
    const auto hit = run.read(loss.row_hit);
    for (std::size_t r = 0; r < draws_.weight.size(); ++r)
      weights += draws_.weight[r], hits += draws_.weight[r] * static_cast<double>(hit[static_cast<Index>(r)]);
    const auto rows = static_cast<double>(batch.rows());
    to.add("loss", rows * run.read_number(loss.loss), rows);
    to.add("reconstruction", weights * run.read_number(loss.reconstruction), weights);
    to.add("accuracy", hits, weights);
    to.add("normalisation", rows * run.read_number(loss.penalty), rows);
  }

  TimeBins* bins() { return nullptr; }
  std::vector<double> save() const { return {}; }
  void load(std::span<const double>) {}

private:
  BottleneckDraws draws_;
};

namespace detail {
// What a session trains a diffusion on, where that is no batch of sequences: named by what the diffusion stands on.
template <class Model> struct NamedBatch {};
template <class Model>
requires requires { typename Model::Autoencoder::Batch; }
struct NamedBatch<Model> {
  using Batch = typename Model::Autoencoder::Batch;
};
} // namespace detail

/// Latent diffusions: the loss of the parameterisation at times of a sampler that learns from the losses it caused.
template <class ModelType, TimeSampler SamplerType = Stratified<>>
class DiffusionObjective : public detail::NamedBatch<ModelType> {
public:
  using Model = ModelType;
  using Input = typename Model::Input; ///< what the model reads: sequences or graphs
  SamplerType sampler;

  /// Times are drawn for a batch, not for a record, so each micro-batch `part` of a step has its own key for them.
  void draw(NoiseKey key, const Input& batch, std::size_t part = 0) {
    model_of<Model>.draw({key.seed + 0x9E3779B97F4A7C15u * part, key.step}, batch, sampler, draws_);
  }
  /// What a batch is measured with, not trained on: stratified times whatever the sampler, so that the figures of two samplers
  /// compare and those of one do not move with what it learns.
  void draw_for_validation(NoiseKey key, const Input& batch) { model_of<Model>.draw(key, batch, Stratified<>{}, draws_); }
  template <class Context> auto loss(Context& run, const Input& batch) const { return model_of<Model>.loss(run, batch, draws_); }
  template <class Context> void observe(Context& run, const DiffusionLoss<Context>& loss, const Input& batch, Metrics& to) {
    losses_.resize(draws_.t.size());
    const auto sequence_loss = run.read(loss.sequence_loss);
    double sum = 0;
    for (std::size_t s = 0; s < losses_.size(); ++s) {
      losses_[s] = static_cast<double>(sequence_loss[static_cast<Index>(s)]);
      sum += losses_[s];
      bins_.add(draws_.t[s], losses_[s]);
    }
    if constexpr (Context::records) {
      // Samplers compare losses of different t, so they learn from the error of v whatever the network predicts.
      for (std::size_t s = 0; s < losses_.size(); ++s)
        losses_[s] *= Model::Target::target(noise_level(typename Model::Schedule{}, draws_.t[s])).velocity_weight;
      sampler.observe(draws_.t, losses_);
    }
    const auto sequences = static_cast<double>(noise_rows(batch).sequences());
    to.add("loss", sequences * run.read_number(loss.loss), sequences);
    to.add("error", sum, sequences);
  }

  TimeBins* bins() { return &bins_; }
  std::vector<double> save() const {
    std::vector<double> state(static_cast<std::size_t>(SamplerType::state_size));
    sampler.save(state);
    return state;
  }
  void load(std::span<const double> state) { sampler.load(state); }

private:
  DiffusionDraws draws_;
  std::vector<double> losses_;
  TimeBins bins_;
};

namespace detail {
template <class Model> struct ObjectiveOfModel { using type = AutoencoderObjective<Model>; };
template <class Model>
requires requires { typename Model::Schedule; } // (an autoencoder has the name Autoencoder, too: its own)
struct ObjectiveOfModel<Model> {
  using type = DiffusionObjective<Model>;
};
} // namespace detail
/// What a model is trained for where nothing else is said: autoencoders to reconstruct, latent diffusions to denoise.
template <class Model> using ObjectiveOf = typename detail::ObjectiveOfModel<Model>::type;

} // namespace pleat::inline v0_1
