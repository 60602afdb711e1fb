#pragma once
/// \file  A model on a device as commands read it, for entry.hpp: everything here is compiled per model.

#include <algorithm>
#include <cmath>

#include <pleat/pleat.hpp>

#include "entry_device.hpp"
#include "registry.hpp"

namespace tool {

using namespace pleat;

template <class Model, class Device, class Precision> class ModelReader final : public Reader {
public:
  ModelReader(std::string name, Json config, const DeviceChoice& choice)
      : name_(std::move(name)), config_(std::move(config)), choice_(choice), device_(choice), session_(*device_) {}
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
  const DeviceChoice& device() const override { return choice_; }
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
  EncodeSession<Model, Device, Precision>& session() { return session_; }

private:
  std::string name_;
  Json config_;
  DeviceChoice choice_;
  ChosenDevice<Device> device_;
  EncodeSession<Model, Device, Precision> session_;
};

} // namespace tool
