#pragma once
/// \file  All readings of one batch in one pass.

#include <type_traits>
#include <vector>

#include <pleat/models/latent_diffusion.hpp>
#include <pleat/session/read_options.hpp>

namespace pleat::inline v0_1 {

namespace detail {

inline void require_readings(std::span<const ReadOptions> readings) {
  for (const ReadOptions& reading : readings) {
    if (reading.reading.reading == Reading::Encoder) continue;
    require_time(reading.t);
    require(reading.input != ReadingInput::Noised || reading.draws >= 1, "a reading of noised input over ", reading.draws,
            " draws of noise has nothing to average; ask for at least 1.");
  }
}

} // namespace detail

/// Calls hand_out(rows, number of the reading) for every reading of a batch of sequences or graphs, where the pass computes. The
/// encoder runs once for all of them. Errors: readings that do not exist, or of a model without diffusion.
template <class Model, class Context, class Batch, class HandOut>
void read_rows(Context& run, const Batch& batch, std::span<const ReadOptions> readings, HandOut&& hand_out) {
  const auto z = model_of<Model>.encode(run, batch);
  if constexpr (requires { model_of<Model>.mean; }) {
    const auto latents = standardise(run, z, model_of<Model>.mean, model_of<Model>.deviation);
    typename Model::ReadingPlan plan;
    for (std::size_t k = 0; k < readings.size(); ++k) {
      if (readings[k].reading.reading == Reading::Encoder) {
        if constexpr (Context::computes) hand_out(z, k);
        continue;
      }
      Model::prepare_reading(plan, batch, readings[k].reading, readings[k].t, readings[k].input);
      run.rewind_draws(); // a reading has the same noise whichever others are read beside it
      auto sum = model_of<Model>.read(run, latents, batch, plan);
      const Index draws = readings[k].input == ReadingInput::Noised ? readings[k].draws : 1;
      if (draws > 1) {
        const auto rows = static_cast<std::size_t>(noise_rows(batch).rows());
        const std::vector<double> one(rows, 1.0), share(rows, 1.0 / static_cast<double>(draws)), zero(rows, 0.0);
        for (Index d = 1; d < draws; ++d)
          sum = mix(run, sum, upload(run, one), model_of<Model>.read(run, latents, batch, plan), upload(run, one));
        sum = mix(run, sum, upload(run, share), sum, upload(run, zero));
      }
      if constexpr (Context::computes) hand_out(sum, k);
    }
  } else {
    for (std::size_t k = 0; k < readings.size(); ++k) {
      require(readings[k].reading.reading == Reading::Encoder, "reading ", name_of(readings[k].reading),
              ": this model has no diffusion; use the reading z, or train one with `pleat diffuse`.");
      if constexpr (Context::computes) hand_out(z, k);
    }
  }
}

} // namespace pleat::inline v0_1
