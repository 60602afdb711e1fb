#pragma once
/// \file  The models the tool knows, behind an interface without templates, so that the commands compile once and quickly.
///
/// Names are `{mlm, lsd-tn, lsd-nm}-{nano, xs, s}`; the diffusion trained on one of them is named `<name>-diffusion`.

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <pleat/core/layout.hpp>
#include <pleat/data/sequences.hpp>
#include <pleat/io/json.hpp>
#include <pleat/session/pool_rows.hpp>
#include <pleat/session/ragged.hpp>
#include <pleat/session/read_options.hpp>
#include <pleat/train/adamw.hpp>
#include <pleat/train/trainer_options.hpp>

#include "device_choice.hpp"
#include "rehearsal.hpp"

namespace tool {

using pleat::Index;

/// A model with values on a device, ready to be read from; owns its threads. Not to be used from two threads at once.
class Reader {
public:
  virtual ~Reader() = default;
  virtual const std::string& name() const = 0; ///< "lsd-nm-xs", "lsd-nm-xs-diffusion"
  virtual const pleat::Json& config() const = 0;
  virtual Index width() const = 0;
  virtual bool diffuses() const = 0; ///< false: only the reading z exists
  virtual Index blocks() const = 0;  ///< of the denoiser, for hidden:K; 0 without one
  virtual const DeviceChoice& device() const = 0;

  using Consume = std::function<void(Index piece, Index reading, std::span<const float> rows)>;
  /// For every piece and reading: consume(piece, reading, rows (residues, width)), from several threads.
  virtual void read(std::span<const pleat::Piece> pieces, std::span<const pleat::ReadOptions> readings,
                    const Consume& consume) = 0;
  /// One vector per sequence and reading, in the order of `readings`; sequences are cut at `crop` residues (0: not).
  virtual std::vector<pleat::Pooled> pooled(const pleat::SequenceSet& set, std::span<const pleat::ReadOptions> readings,
                                            pleat::Pool pool, Index crop) = 0;
  /// Share of the residues that the decoder returns from clean latents; autoencoders only.
  virtual double recovered(std::span<const pleat::Piece> pieces) = 0;
  /// One row per residue of a set.
  virtual pleat::Ragged rows(const pleat::SequenceSet& set, const pleat::ReadOptions& reading) = 0;
};

/// What `pretrain` and `diffuse` are asked to do.
struct TrainRequest {
  const pleat::SequenceSet* train = nullptr;
  const pleat::SequenceSet* valid = nullptr; ///< may be empty
  std::string directory;
  pleat::TrainerOptions options;
  pleat::AdamWOptions optimiser;
  DeviceOptions where;
  DeviceChoice device;                     ///< what they mean for the model
  double lambda = 1;                       ///< pretrain: weight of the normalisation loss
  std::string autoencoder;                 ///< diffuse: file of the trained autoencoder
  std::string time_sampler = "stratified"; ///< diffuse
  Index latent_residues = 200'000;         ///< diffuse: residues the standardiser is fitted on
  std::function<void(const pleat::Progress&)> progress;
};

/// What is known of a model before anything runs.
struct ModelFacts {
  std::string name, encoder, decoder, denoiser; ///< the last three: "4 x 128 x 8"
  Index width = 0, parameters = 0, trainable = 0;
  double flops_per_residue = 0; ///< forward, at length 256
};

/// Bytes that a batch needs.
struct MemoryFacts {
  Index parameters = 0, optimiser = 0; ///< values, prepared forms, gradients; moments and averages
  Index activations = 0;               ///< peak of one training step
  Index inference = 0;                 ///< peak of activations of one inference pass
  Index reading = 0;                   ///< values and prepared forms where nothing is trained
  Index total() const { return parameters + optimiser + activations; }
};

/// One autoencoder of the registry and the diffusion on it, on one kind of device.
class ModelEntry {
public:
  explicit ModelEntry(std::string name) : name_(std::move(name)) {}
  virtual ~ModelEntry() = default;
  const std::string& name() const { return name_; }
  virtual const char* precision() const { return "float32"; }

  virtual pleat::TrainingSummary pretrain(const TrainRequest& request) const = 0;
  virtual pleat::TrainingSummary diffuse(const TrainRequest& request) const = 0;
  /// Seconds of one training step on a batch, measured.
  virtual double seconds_per_step(const TrainRequest& request, bool diffusion) const = 0;

  /// Training steps without a folder: what `selftest` compares.
  virtual Rehearsal rehearse(const TrainRequest& request, bool diffusion, Index steps) const = 0;

  /// A trained model from a checkpoint file of this entry.
  virtual std::unique_ptr<Reader> open(const std::string& file, const DeviceChoice& device) const = 0;
  /// The autoencoder with random weights: what evaluation compares with.
  virtual std::unique_ptr<Reader> untrained(std::uint64_t seed, const DeviceChoice& device) const = 0;

  virtual ModelFacts facts(bool diffusion) const = 0;
  virtual MemoryFacts memory(bool diffusion, std::span<const Index> lengths, int threads, bool average) const = 0;
  virtual std::vector<pleat::TensorPlace> tensors(bool diffusion) const = 0;

private:
  std::string name_;
};

/// All of them, on the CPU, in the order of the table of `pleat models`.
const std::vector<std::unique_ptr<ModelEntry>>& registry();
/// By name, with or without "-diffusion". \throws pleat::Error that lists what exists.
const ModelEntry& find_model(std::string_view name);
/// The same on the device that the options say.
Placed<ModelEntry> place_model(std::string_view name, const DeviceOptions& options);
inline bool is_diffusion(std::string_view name) { return name.ends_with("-diffusion"); }

/// The checkpoint in a folder (DIR/model.safetensors), or the file itself.
std::string checkpoint_file(const std::string& directory_or_file);
/// Opens a trained model of any kind: its checkpoint says which.
std::unique_ptr<Reader> open_model(const std::string& directory_or_file, const DeviceOptions& options);

} // namespace tool
