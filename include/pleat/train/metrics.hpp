#pragma once
/// \file  The numbers a training step reports; light, for code that is compiled without the models.

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <string_view>

#include <pleat/core/error.hpp>
#include <pleat/core/index.hpp>

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
    require(size_ < static_cast<Index>(entries_.size()), "a training step has more named numbers than Metrics holds (",
            entries_.size(), "): report fewer, or enlarge it.");
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

/// Result of one optimiser step.
struct StepResult {
  Metrics metrics;
  double gradient_norm = 0; ///< before clipping
  bool finite = true;       ///< false: the gradient was not finite and nothing was changed
};

} // namespace pleat::inline v0_1
