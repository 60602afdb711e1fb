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
#include <pleat/core/mirrored.hpp>
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

/// Optimiser of one flat buffer that lives in `Memory` (MemoryOf a device). Moments start at zero; padding between tensors, zero
/// in parameters and gradients, stays zero.
template <class Real, class Memory = SharedMemory> class AdamW {
public:
  /// `ranges` are the trained parts of a buffer of `size` elements, in any order, not overlapping; the rest is left alone.
  AdamW(Index size, std::vector<DecayRange> ranges, AdamWOptions options = {}, Memory memory = {})
      : options_(options), first_(size, memory), second_(size, memory),
        partials_((size + optimiser_chunk - 1) / optimiser_chunk, memory), norm_(1, memory), pieces_(0, memory) {
    std::sort(ranges.begin(), ranges.end(), [](const DecayRange& a, const DecayRange& b) { return a.offset < b.offset; });
    Index end = 0;
    std::vector<OptimiserPiece> joined, cut;
    for (const DecayRange& range : ranges) {
      require(range.offset >= end && range.size >= 0 && range.offset + range.size <= size, "AdamW: the range of ", range.size,
              " elements at ", range.offset, " overlaps another one or leaves the buffer of ", size,
              " elements; give each trained tensor one range.");
      end = range.offset + range.size;
      if (range.size == 0) continue;
      // Neighbours of one kind become one range, so that pieces are full and few.
      if (!joined.empty() && joined.back().decay == range.decay && joined.back().offset + joined.back().size == range.offset)
        joined.back().size += range.size;
      else
        joined.push_back({range.offset, range.size, range.decay});
    }
    for (const OptimiserPiece& piece : joined)
      for (Index at = 0; at < piece.size; at += optimiser_chunk)
        cut.push_back({piece.offset + at, (std::min)(optimiser_chunk, piece.size - at), piece.decay});
    pieces_.resize(static_cast<Index>(cut.size()));
    std::copy(cut.begin(), cut.end(), pieces_.host());
    pieces_.host_changed();
  }

  /// One range, all of which decays.
  explicit AdamW(Index size, AdamWOptions options = {}) : AdamW(size, {DecayRange{0, size, true}}, options) {}

  /// Moves `parameters` against `gradients` (both of the buffer's size, on the device) with learning rate `rate`.
  /// \return the norm of the gradients before clipping. Where it is not finite nothing is changed and the step does not count.
  template <class Device, class Operand = Real>
  double step(const Device& device, std::span<Real> parameters, std::span<const Real> gradients, double rate,
              Followers<Real, Operand> followers = {}) {
    enqueue(device, parameters, gradients, rate, followers);
    return finish();
  }
  /// The same in two parts: what the device does, which may be before or after this call returns ...
  template <class Device, class Operand = Real>
  void enqueue(const Device& device, std::span<Real> parameters, std::span<const Real> gradients, double rate,
               Followers<Real, Operand> followers = {}) {
    const auto size = static_cast<std::size_t>(first_.size());
    require(parameters.size() == size && gradients.size() == size, "AdamW: buffers of ", parameters.size(), " and ",
            gradients.size(), " elements for an optimiser of ", size, "; make the optimiser for the parameters it steps.");
    squared_norm(device, first_.size(), gradients.data(), partials_.device(), norm_.device());
    const double k = static_cast<double>(steps_ + 1);
    AdamWStep<Real, Operand> values;
    values.parameters = parameters.data(), values.first = first_.device(), values.second = second_.device();
    values.gradients = gradients.data(), values.squared_norm = norm_.device();
    values.clip = options_.clip, values.beta1 = options_.beta1, values.beta2 = options_.beta2, values.epsilon = options_.epsilon;
    values.keep = 1 - rate * options_.decay;
    values.rate = rate / (1 - std::pow(options_.beta1, k));
    values.second_correction = 1 / std::sqrt(1 - std::pow(options_.beta2, k));
    values.followers = followers;
    adamw(device, values, pieces_.device(), pieces_.size());
  }
  /// ... and what the host learns of it, for which it waits. \return as `step`
  double finish() {
    norm_.device_changed(), first_.device_changed(), second_.device_changed();
    const double norm = std::sqrt(*norm_.host());
    if (std::isfinite(norm)) ++steps_;
    return norm;
  }
  /// Sum of squares of the gradients on the device: not finite where the step under way changes nothing.
  const double* squared_norm_on_device() const { return norm_.device(); }

  const AdamWOptions& options() const { return options_; }
  Index steps() const { return steps_; }
  /// The state a checkpoint needs beside `steps`: both moments, as long as the buffer.
  std::span<const Real> first() const { return {first_.host(), static_cast<std::size_t>(first_.size())}; }
  std::span<const Real> second() const { return {second_.host(), static_cast<std::size_t>(second_.size())}; }

  /// Continues from a checkpoint.
  void restore(Index steps, std::span<const Real> first, std::span<const Real> second) {
    const auto size = static_cast<std::size_t>(first_.size());
    require(steps >= 0 && first.size() == size && second.size() == size, "AdamW: moments of ", first.size(), " and ",
            second.size(), " elements after ", steps, " steps do not fit a buffer of ", size,
            "; the checkpoint belongs to another model.");
    steps_ = steps;
    std::copy(first.begin(), first.end(), first_.host());
    std::copy(second.begin(), second.end(), second_.host());
    first_.host_changed(), second_.host_changed();
  }

private:
  AdamWOptions options_;
  Index steps_ = 0;
  Mirrored<Real, Memory> first_, second_;
  Mirrored<double, Memory> partials_, norm_;
  Mirrored<OptimiserPiece, Memory> pieces_;
};

} // namespace pleat::inline v0_1
