#pragma once
/// \file  A time sampler that is chosen at run time, for programs whose models are compiled once.

#include <string>
#include <string_view>
#include <variant>

#include <pleat/diffusion/time_samplers.hpp>

namespace pleat::inline v0_1 {

/// One of the shipped samplers, by the name of a command line: "uniform", "stratified", "loss-second-moment", "reducible" or
/// "logit-normal". Which one it is is part of its state, so a checkpoint of another one is refused.
class ChosenTimeSampler {
public:
  using Any = std::variant<Stratified<>, Uniform<>, LossSecondMoment<>, ReducibleLoss<>, LogitNormal<>>;
  static constexpr const char* name = "chosen";
  static constexpr std::string_view names[] = {"stratified", "uniform", "loss-second-moment", "reducible", "logit-normal"};
  static constexpr Index state_size = 1 + (std::max)(LossSecondMoment<>::state_size, ReducibleLoss<>::state_size);

  ChosenTimeSampler() = default;
  /// \throws Error that lists the names.
  explicit ChosenTimeSampler(std::string_view which) {
    if (which == names[0])
      any_ = Stratified<>{};
    else if (which == names[1])
      any_ = Uniform<>{};
    else if (which == names[2])
      any_ = LossSecondMoment<>{};
    else if (which == names[3])
      any_ = ReducibleLoss<>{};
    else if (which == names[4])
      any_ = LogitNormal<>{};
    else {
      std::string known;
      for (std::string_view n : names) (known += known.empty() ? "" : ", ") += n;
      fail("unknown time sampler \"", which, "\"; there are ", known, ".");
    }
  }
  std::string_view chosen() const { return names[any_.index()]; }

  void draw(NoiseKey key, std::span<TimeDraw> draws) const {
    std::visit([&](const auto& sampler) { sampler.draw(key, draws); }, any_);
  }
  void observe(std::span<const double> t, std::span<const double> loss) {
    std::visit([&](auto& sampler) { sampler.observe(t, loss); }, any_);
  }
  void save(std::span<double> state) const {
    std::fill(state.begin(), state.end(), 0.0);
    state[0] = static_cast<double>(any_.index());
    std::visit([&](const auto& sampler) { sampler.save(state.subspan(1, size_of(sampler))); }, any_);
  }
  void load(std::span<const double> state) {
    require(state.size() == static_cast<std::size_t>(state_size) && state[0] == static_cast<double>(any_.index()),
            "the checkpoint was trained with another time sampler than ", chosen(),
            "; give the same --time-sampler to continue it.");
    std::visit([&](auto& sampler) { sampler.load(state.subspan(1, size_of(sampler))); }, any_);
  }

private:
  template <class Sampler> static constexpr std::size_t size_of(const Sampler&) {
    return static_cast<std::size_t>(Sampler::state_size);
  }
  Any any_;
};

static_assert(TimeSampler<ChosenTimeSampler>);

} // namespace pleat::inline v0_1
