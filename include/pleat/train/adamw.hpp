#pragma once
/// \file  AdamW with decoupled weight decay (Loshchilov and Hutter 2019), clipping by the global norm, and parameter averages.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <utility>
#include <vector>

#include <pleat/core/error.hpp>
#include <pleat/core/index.hpp>
#include <pleat/ops/adamw.hpp>

namespace pleat::inline v0_1 {

struct AdamWOptions {
  double beta1 = 0.9, beta2 = 0.98, epsilon = 1e-8;
  double decay = 0.01; ///< per step and learning rate, in the ranges that decay
  double clip = 1;     ///< largest global norm of the gradient; 0: no clipping
};

/// A range of the flat buffer and whether it decays (matrices do; biases, gains and tables do not).
struct DecayRange {
  Index offset = 0, size = 0;
  bool decay = true;
};

/// Optimiser of one flat buffer. Moments start at zero; padding between tensors, zero in parameters and gradients, stays zero.
template <class Real> class AdamW {
public:
  /// `ranges` are the trained parts of a buffer of `size` elements, in any order, not overlapping; the rest is left alone.
  AdamW(Index size, std::vector<DecayRange> ranges, AdamWOptions options = {})
      : options_(options), first_(static_cast<std::size_t>(size)), second_(static_cast<std::size_t>(size)),
        partials_(static_cast<std::size_t>((size + optimiser_chunk - 1) / optimiser_chunk)) {
    std::sort(ranges.begin(), ranges.end(), [](const DecayRange& a, const DecayRange& b) { return a.offset < b.offset; });
    Index end = 0;
    for (const DecayRange& range : ranges) {
      require(range.offset >= end && range.size >= 0 && range.offset + range.size <= size, "AdamW: the range of ", range.size,
              " elements at ", range.offset, " overlaps another one or leaves the buffer of ", size, " elements.");
      end = range.offset + range.size;
      if (range.size == 0) continue;
      // Neighbours of one kind become one range, so that pieces are full and few.
      if (!pieces_.empty() && pieces_.back().decay == range.decay && pieces_.back().offset + pieces_.back().size == range.offset)
        pieces_.back().size += range.size;
      else
        pieces_.push_back({range.offset, range.size, range.decay});
    }
    std::vector<OptimiserPiece> cut;
    for (const OptimiserPiece& piece : pieces_)
      for (Index at = 0; at < piece.size; at += optimiser_chunk)
        cut.push_back({piece.offset + at, (std::min)(optimiser_chunk, piece.size - at), piece.decay});
    pieces_ = std::move(cut);
  }

  /// One range, all of which decays.
  explicit AdamW(Index size, AdamWOptions options = {}) : AdamW(size, {DecayRange{0, size, true}}, options) {}

  /// Moves `parameters` against `gradients` (both of the buffer's size) with learning rate `rate`.
  /// \return the norm of the gradients before clipping. Where it is not finite nothing is changed and the step does not count.
  template <class Device>
  double step(const Device& device, std::span<Real> parameters, std::span<const Real> gradients, double rate) {
    require(parameters.size() == first_.size() && gradients.size() == first_.size(), "AdamW: buffers of ", parameters.size(),
            " and ", gradients.size(), " elements for an optimiser of ", first_.size(), ".");
    const double norm =
        std::sqrt(squared_norm(device, static_cast<Index>(gradients.size()), gradients.data(), std::span(partials_)));
    if (!std::isfinite(norm)) return norm;
    ++steps_;
    const double k = static_cast<double>(steps_);
    AdamWStep<Real> values;
    values.parameters = parameters.data(), values.first = first_.data(), values.second = second_.data();
    values.gradients = gradients.data();
    // The 1e-6 is that of the common implementation: a norm of exactly `clip` is scaled a little, too.
    if (options_.clip > 0) values.gradient_scale = (std::min)(1.0, options_.clip / (norm + 1e-6));
    values.beta1 = options_.beta1, values.beta2 = options_.beta2, values.epsilon = options_.epsilon;
    values.keep = 1 - rate * options_.decay;
    values.rate = rate / (1 - std::pow(options_.beta1, k));
    values.second_correction = 1 / std::sqrt(1 - std::pow(options_.beta2, k));
    adamw(device, values, std::span<const OptimiserPiece>(pieces_));
    return norm;
  }

  const AdamWOptions& options() const { return options_; }
  Index steps() const { return steps_; }
  /// The state a checkpoint needs beside `steps`: both moments, as long as the buffer.
  std::span<const Real> first() const { return first_; }
  std::span<const Real> second() const { return second_; }

  /// Continues from a checkpoint.
  void restore(Index steps, std::span<const Real> first, std::span<const Real> second) {
    require(steps >= 0 && first.size() == first_.size() && second.size() == second_.size(), "AdamW: moments of ", first.size(),
            " and ", second.size(), " elements after ", steps, " steps do not fit a buffer of ", first_.size(),
            "; the checkpoint belongs to another model.");
    steps_ = steps;
    std::copy(first.begin(), first.end(), first_.begin());
    std::copy(second.begin(), second.end(), second_.begin());
  }

private:
  AdamWOptions options_;
  Index steps_ = 0;
  std::vector<Real> first_, second_;
  std::vector<double> partials_;
  std::vector<OptimiserPiece> pieces_;
};

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
            average_.size(), ".");
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
