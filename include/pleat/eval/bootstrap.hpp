#pragma once
/// \file  Percentile bootstrap over test examples, or over groups of them: intervals of one score, and of the difference of two
/// predictors on the same examples.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <span>
#include <utility>
#include <vector>

#include <pleat/core/error.hpp>
#include <pleat/core/index.hpp>
#include <pleat/core/philox.hpp>

namespace pleat::inline v0_1 {

/// A value with the bounds of its interval.
struct Interval {
  double value = 0;
  double low = 0;
  double high = 0;
};

struct BootstrapOptions {
  Index resamples = 1000;
  double level = 0.95;
  std::uint64_t seed = 1;
};

namespace detail {

/// SplitMix64 (Steele et al. 2014): a counter-based generator needs nothing more here.
constexpr std::uint64_t counter_mix(std::uint64_t x) { return mix64(x + 0x9e3779b97f4a7c15u); }

/// 32 random bits of (seed, stream, position): integers only, so equal on every platform.
constexpr std::uint64_t counter_bits(std::uint64_t seed, std::uint64_t stream, std::uint64_t position) {
  return counter_mix(counter_mix(counter_mix(seed) ^ stream) ^ position) >> 32;
}

/// Uniform in [0, n) by multiplication; the bias of at most n / 2^32 does not matter.
constexpr std::size_t counter_below(std::uint64_t seed, std::uint64_t stream, std::uint64_t position, std::size_t n) {
  return static_cast<std::size_t>((counter_bits(seed, stream, position) * static_cast<std::uint64_t>(n)) >> 32);
}

/// Uniform in (0, 1), never an end.
constexpr double counter_uniform(std::uint64_t seed, std::uint64_t stream, std::uint64_t position) {
  return (static_cast<double>(counter_bits(seed, stream, position)) + 0.5) / 4294967296.0;
}

/// Quantile of sorted values with linear interpolation between neighbours.
inline double quantile(const std::vector<double>& sorted, double q) {
  if (sorted.empty()) return std::nan("");
  double place = q * static_cast<double>(sorted.size() - 1);
  auto below = static_cast<std::size_t>(place);
  auto above = (std::min)(below + 1, sorted.size() - 1);
  return sorted[below] + (place - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

} // namespace detail

/// The examples of resample `number`: `examples` draws with replacement. The same for every predictor with the same seed, which
/// is what makes differences paired.
inline std::vector<std::size_t> resample(std::size_t examples, Index number, std::uint64_t seed) {
  std::vector<std::size_t> drawn(examples);
  for (std::size_t i = 0; i < examples; ++i)
    drawn[i] = detail::counter_below(seed, static_cast<std::uint64_t>(number), i, examples);
  return drawn;
}

namespace detail {
/// `draw(b)` gives the examples of resample b.
template <class Score, class Draw>
Interval bootstrap_of(std::size_t examples, const Score& score, const Draw& draw, const BootstrapOptions& options) {
  require(options.resamples > 0 && options.level > 0 && options.level < 1,
          "a bootstrap needs at least one resample and a level in (0, 1), not ", options.resamples, " resamples at level ",
          options.level);
  std::vector<std::size_t> all(examples);
  for (std::size_t i = 0; i < examples; ++i) all[i] = i;
  Interval result{score(all), 0, 0};
  std::vector<double> values;
  if (examples > 0)
    for (Index b = 0; b < options.resamples; ++b) {
      double value = score(draw(b));
      if (!std::isnan(value)) values.push_back(value);
    }
  std::sort(values.begin(), values.end());
  result.low = quantile(values, (1 - options.level) / 2);
  result.high = quantile(values, (1 + options.level) / 2);
  return result;
}
} // namespace detail

/// `score(indices)` is the metric on the examples `indices` (std::vector<std::size_t>, repeats allowed). The interval holds the
/// middle `level` of the scores of the resamples; resamples where the score is NaN (one class only, say) are left out. Without a
/// single defined resample the bounds are NaN.
template <class Score> Interval bootstrap(std::size_t examples, const Score& score, const BootstrapOptions& options = {}) {
  return detail::bootstrap_of(
      examples, score, [&](Index b) { return resample(examples, b, options.seed); }, options);
}

/// Examples that are not independent (residues of one protein, pairs of one complex): groups are drawn with replacement, as many
/// as there are, each with all its examples. `group` (examples) names the group of each by any number; the score is that of all
/// examples. With every example a group of its own, numbered by rising numbers, the interval is that of `bootstrap`.
template <class Score>
Interval bootstrap_groups(std::span<const Index> group, const Score& score, const BootstrapOptions& options = {}) {
  std::map<Index, std::vector<std::size_t>> of_group;
  for (std::size_t i = 0; i < group.size(); ++i) of_group[group[i]].push_back(i);
  std::vector<const std::vector<std::size_t>*> groups;
  for (const auto& [number, members] : of_group) groups.push_back(&members);
  const auto draw = [&](Index b) {
    std::vector<std::size_t> drawn;
    for (const std::size_t g : resample(groups.size(), b, options.seed))
      drawn.insert(drawn.end(), groups[g]->begin(), groups[g]->end());
    return drawn;
  };
  return detail::bootstrap_of(group.size(), score, draw, options);
}

/// Interval of `first(indices) - second(indices)`, both scored on the same resamples of the same examples.
template <class First, class Second>
Interval paired_bootstrap(std::size_t examples, const First& first, const Second& second, const BootstrapOptions& options = {}) {
  return bootstrap(
      examples, [&](const std::vector<std::size_t>& drawn) { return first(drawn) - second(drawn); }, options);
}

/// The same with groups drawn.
template <class First, class Second>
Interval paired_bootstrap_groups(std::span<const Index> group, const First& first, const Second& second,
                                 const BootstrapOptions& options = {}) {
  return bootstrap_groups(
      group, [&](const std::vector<std::size_t>& drawn) { return first(drawn) - second(drawn); }, options);
}

} // namespace pleat::inline v0_1
