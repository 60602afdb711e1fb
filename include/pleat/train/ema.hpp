#pragma once
/// \file  Exponential moving average of parameters, whose values often serve better than the last ones.

#include <algorithm>
#include <span>
#include <vector>

#include <pleat/core/error.hpp>
#include <pleat/core/index.hpp>
#include <pleat/ops/adamw.hpp>

namespace pleat::inline v0_1 {

struct EmaOptions {
  double decay = 0.9999;
  bool warm_up = false; ///< use min(decay, (1 + k) / (10 + k)) at update k = 1, 2, …, so that short runs forget the start
};

/// Exponential moving average of a flat parameter buffer, started at its values.
template <class Real> class Ema {
public:
  explicit Ema(std::span<const Real> start, EmaOptions options = {}) : options_(options), average_(start.begin(), start.end()) {}

  /// average = decay * average + (1 - decay) * parameters.
  template <class Device> void update(const Device& device, std::span<const Real> parameters) {
    require(parameters.size() == average_.size(), "Ema: a buffer of ", parameters.size(), " elements for an average of ",
            average_.size(), "; make the average of the parameters it follows.");
    ++updates_;
    const double k = static_cast<double>(updates_);
    const double decay = options_.warm_up ? (std::min)(options_.decay, (1 + k) / (10 + k)) : options_.decay;
    ema(device, static_cast<Index>(average_.size()), average_.data(), parameters.data(), 1 - decay);
  }

  std::span<const Real> values() const { return average_; }
  Index updates() const { return updates_; }
  void restore(Index updates, std::span<const Real> values) {
    require(updates >= 0 && values.size() == average_.size(), "Ema: ", values.size(), " values do not fit an average of ",
            average_.size(), " elements; the checkpoint belongs to another model.");
    updates_ = updates;
    std::copy(values.begin(), values.end(), average_.begin());
  }

private:
  EmaOptions options_;
  Index updates_ = 0;
  std::vector<Real> average_;
};

} // namespace pleat::inline v0_1
