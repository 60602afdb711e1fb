#pragma once
/// \file  Exponential moving average of parameters, whose values often serve better than the last ones.

#include <algorithm>
#include <span>

#include <pleat/core/error.hpp>
#include <pleat/core/mirrored.hpp>
#include <pleat/ops/adamw.hpp>

namespace pleat::inline v0_1 {

struct EmaOptions {
  double decay = 0.9999;
  bool warm_up = false; ///< use min(decay, (1 + k) / (10 + k)) at update k = 1, 2, …, so that short runs forget the start
};

/// Exponential moving average of a flat parameter buffer that lives in `Memory`, started at its values.
template <class Real, class Memory = SharedMemory> class Ema {
public:
  explicit Ema(std::span<const Real> start, EmaOptions options = {}, Memory memory = {})
      : options_(options), average_(static_cast<Index>(start.size()), memory) {
    std::copy(start.begin(), start.end(), average_.host());
    average_.host_changed();
  }

  /// average = decay * average + (1 - decay) * parameters, which are on the device.
  template <class Device> void update(const Device& device, std::span<const Real> parameters) {
    require(static_cast<Index>(parameters.size()) == average_.size(), "Ema: a buffer of ", parameters.size(),
            " elements for an average of ", average_.size(), "; make the average of the parameters it follows.");
    ema(device, average_.size(), average_.device(), parameters.data(), share());
    finish();
  }
  /// The same as part of an optimiser's step (AdamW::enqueue) over a buffer of the same size; then `finish`, where the step
  /// counted.
  template <class Operand = Real> Followers<Real, Operand> follower() { return {average_.device(), share(), nullptr}; }
  void finish() { ++updates_, average_.device_changed(); }

  std::span<const Real> values() const { return {average_.host(), static_cast<std::size_t>(average_.size())}; }
  Index updates() const { return updates_; }
  void restore(Index updates, std::span<const Real> values) {
    require(updates >= 0 && static_cast<Index>(values.size()) == average_.size(), "Ema: ", values.size(),
            " values do not fit an average of ", average_.size(), " elements; the checkpoint belongs to another model.");
    updates_ = updates;
    std::copy(values.begin(), values.end(), average_.host());
    average_.host_changed();
  }

private:
  double share() const {
    const double k = static_cast<double>(updates_ + 1);
    return 1 - (options_.warm_up ? (std::min)(options_.decay, (1 + k) / (10 + k)) : options_.decay);
  }

  EmaOptions options_;
  Index updates_ = 0;
  Mirrored<Real, Memory> average_;
};

} // namespace pleat::inline v0_1
