#pragma once
/// \file  What a model is trained for: its draws as data, its loss, and the numbers worth logging.

#include <array>
#include <string>

#include <pleat/models/latent_diffusion.hpp>

namespace pleat::inline v0_1 {

/// Sums of named numbers over batches: value = sum / weight.
class Metrics {
public:
  struct Entry {
    const char* name = "";
    double sum = 0, weight = 0;
    double value() const { return weight > 0 ? sum / weight : 0; }
  };

  void add(const char* name, double sum, double weight) {
    for (Index i = 0; i < size_; ++i)
      if (std::string_view(entries_[static_cast<std::size_t>(i)].name) == name) {
        entries_[static_cast<std::size_t>(i)].sum += sum, entries_[static_cast<std::size_t>(i)].weight += weight;
        return;
      }
    require(size_ < static_cast<Index>(entries_.size()), "a training step has more named numbers than Metrics holds.");
    entries_[static_cast<std::size_t>(size_++)] = {name, sum, weight};
  }
  std::span<const Entry> entries() const { return {entries_.data(), static_cast<std::size_t>(size_)}; }
  double value(std::string_view name) const {
    for (const Entry& entry : entries())
      if (name == entry.name) return entry.value();
    return 0;
  }

private:
  std::array<Entry, 8> entries_{};
  Index size_ = 0;
};

/// Bins of t for the loss curve of a diffusion.
inline constexpr std::size_t time_bins = 10;
struct TimeBins {
  std::array<double, time_bins> sum{}, count{};
  void add(double t, double loss) {
    const auto bin = (std::min)(time_bins - 1, static_cast<std::size_t>(t * static_cast<double>(time_bins)));
    sum[bin] += loss, count[bin] += 1;
  }
};

/// Autoencoders: reconstruction + lambda x normalisation loss.
template <class ModelType> class AutoencoderObjective {
public:
  using Model = ModelType;
  double lambda = 1; ///< weight of the normalisation loss

  AutoencoderObjective() = default;
  explicit AutoencoderObjective(double weight) : lambda(weight) {}

  void draw(NoiseKey key, const SequenceBatch& batch) { model_of<Model>.draw(key, batch, draws_); }
  template <class Context> auto loss(Context& run, const SequenceBatch& batch) const {
    return model_of<Model>.loss(run, batch, draws_, lambda);
  }
  /// Adds the numbers of one finished batch; `scored` weights are those of the reconstruction.
  template <class Context> void observe(Context& run, const AutoencoderLoss<Context>& loss, const SequenceBatch& batch, Metrics& to) {
    double weights = 0, hits = 0;
    const auto* hit = run.data(loss.row_hit);
    for (std::size_t r = 0; r < draws_.weight.size(); ++r)
      weights += draws_.weight[r], hits += draws_.weight[r] * static_cast<double>(hit[r]);
    const auto rows = static_cast<double>(batch.rows());
    to.add("loss", rows * static_cast<double>(*loss.loss.data()), rows);
    to.add("reconstruction", weights * static_cast<double>(*loss.reconstruction.data()), weights);
    to.add("accuracy", hits, weights);
    to.add("normalisation", rows * static_cast<double>(*loss.penalty.data()), rows);
  }

  TimeBins* bins() { return nullptr; }
  std::vector<double> save() const { return {}; }
  void load(std::span<const double>) {}

private:
  BottleneckDraws draws_;
};

/// Latent diffusions: the loss of the parameterisation at times of a sampler that learns from the losses it caused.
template <class ModelType, TimeSampler SamplerType = Stratified<>> class DiffusionObjective {
public:
  using Model = ModelType;
  SamplerType sampler;

  void draw(NoiseKey key, const SequenceBatch& batch) { model_of<Model>.draw(key, batch, sampler, draws_); }
  template <class Context> auto loss(Context& run, const SequenceBatch& batch) const {
    return model_of<Model>.loss(run, batch, draws_);
  }
  template <class Context> void observe(Context& run, const DiffusionLoss<Context>& loss, const SequenceBatch& batch, Metrics& to) {
    losses_.resize(draws_.t.size());
    const auto* sequence_loss = run.data(loss.sequence_loss);
    double sum = 0;
    for (std::size_t s = 0; s < losses_.size(); ++s) {
      losses_[s] = static_cast<double>(sequence_loss[s]);
      sum += losses_[s];
      bins_.add(draws_.t[s], losses_[s]);
    }
    if constexpr (Context::records) sampler.observe(draws_.t, losses_);
    const auto sequences = static_cast<double>(batch.sequences());
    to.add("loss", sequences * static_cast<double>(*loss.loss.data()), sequences);
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

} // namespace pleat::inline v0_1
