#pragma once
/// \file  AdamW with decoupled weight decay (Loshchilov and Hutter 2019) and clipping by the global norm.

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
              " elements at ", range.offset, " overlaps another one or leaves the buffer of ", size,
              " elements; give each trained tensor one range.");
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
            " and ", gradients.size(), " elements for an optimiser of ", first_.size(),
            "; make the optimiser for the parameters it steps.");
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

} // namespace pleat::inline v0_1
