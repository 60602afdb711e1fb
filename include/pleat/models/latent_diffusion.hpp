#pragma once
/// \file  Diffusion on the latents of a frozen encoder, and the representations it gives.

#include <pleat/core/graph.hpp>
#include <pleat/diffusion/parameterisations.hpp>
#include <pleat/diffusion/time_samplers.hpp>
#include <pleat/models/autoencoder.hpp>
#include <pleat/models/denoiser.hpp>
#include <pleat/ops/squared_error.hpp>
#include <pleat/ops/standardise.hpp>

namespace pleat::inline v0_1 {

/// What one training step of the diffusion drew: a time per sequence, and per row the numbers made of it.
struct DiffusionDraws {
  std::vector<TimeDraw> drawn;
  std::vector<double> t, weight;                      ///< (sequences) time; weight of the sequence's loss
  std::vector<double> alpha, sigma;                   ///< (rows) z_t = alpha z_0 + sigma eps
  std::vector<double> clean, noise;                   ///< (rows) target = clean z_0 + noise eps
  std::vector<double> network, nothing;               ///< (rows) what the network's output is multiplied with; zeros
  std::vector<double> denoise_network, denoise_input; ///< (rows) z_0_hat = the two times output and z_t (self-conditioning)
  bool self_condition = false;
  bool scaled = false; ///< whether some `network` is not 1
};

/// Loss of one batch; `sequence_loss` is the mean square error of each sequence, not weighted by the sampler.
template <class Context> struct DiffusionLoss {
  Scalar<Context> loss;
  Rows<Context, 1, typename Context::Stream> sequence_loss;
};

/// Tensors `autoencoder.*` (frozen), state `standardiser.{mean,deviation}` of the latents, and `denoiser.*`. The schedule and the
/// parameterisation only make numbers per row before the network runs; the network is instantiated on its own type.
/// `AutoencoderType` is an Autoencoder of sequences, or StructureLatents of an encoder of graphs (models/structure_latents.hpp),
/// whose nodes are the rows and whose graphs are the sequences.
template <class AutoencoderType, class DenoiserType, class ScheduleType = CosineSchedule, class ParameterisationType = PredictV>
struct LatentDiffusion {
  static_assert(
      requires { typename AutoencoderType::Encoder; },
      "pleat: the first argument of LatentDiffusion must be an Autoencoder, or StructureLatents<...> of an encoder of "
      "graphs (models/structure_latents.hpp).");
  static_assert(NoiseSchedule<ScheduleType>, "pleat: the third argument of LatentDiffusion must be a noise schedule: phi(t) and "
                                             "phi_rate(t) (diffusion/schedules.hpp).");
  static_assert(Parameterisation<ParameterisationType>,
                "pleat: the fourth argument of LatentDiffusion must be a parameterisation: a "
                "name, velocity(level) and target(level) (diffusion/parameterisations.hpp).");
  static_assert(AutoencoderType::width == DenoiserType::width,
                "pleat: the denoiser's width is not the autoencoder's; give both Shapes the same .width.");
  using Autoencoder = AutoencoderType;
  using Denoiser = DenoiserType;
  using Schedule = ScheduleType;
  using Target = ParameterisationType;
  using Input = typename Autoencoder::Input; ///< SequenceBatch or GraphBatch
  using Draws = DiffusionDraws;
  static constexpr Index width = Autoencoder::width;

  Autoencoder autoencoder;
  Matrix<1, width> mean, deviation;
  Denoiser denoiser;

  constexpr explicit LatentDiffusion(Layout at)
      : autoencoder(at.frozen() / "autoencoder"), mean((at / "standardiser").template state<1, width>("mean", init::zero)),
        deviation((at / "standardiser").template state<1, width>("deviation", init::one)), denoiser(at / "denoiser") {}

  /// The encoder's latents (rows, width), not standardised; never trained here. Rows are residues, or the nodes of graphs.
  template <class Context> constexpr Rows<Context, width> encode(Context& run, const Input& batch) const {
    const typename Context::Untaped frozen(run);
    return autoencoder.encode(run, batch);
  }
  /// Latents on the schedule's scale: mean 0 and deviation 1 per channel over the training set.
  template <class Context> constexpr Rows<Context, width> standardised(Context& run, const Input& batch) const {
    const typename Context::Untaped frozen(run);
    return standardise(run, autoencoder.encode(run, batch), mean, deviation);
  }

  /// Times from `sampler` and everything made of them (host).
  template <class Sampler> void draw(NoiseKey key, const Input& batch, const Sampler& sampler, Draws& draws) const {
    const auto sequences = static_cast<std::size_t>(noise_rows(batch).sequences());
    draws.drawn.resize(sequences);
    sampler.draw(key, draws.drawn);
    draws.t.resize(sequences), draws.weight.resize(sequences);
    for (std::size_t s = 0; s < sequences; ++s) draws.t[s] = draws.drawn[s].t, draws.weight[s] = draws.drawn[s].weight;
    if constexpr (Denoiser::self_conditioning) {
      const PhiloxBlock bits = philox(key, {0xA003, 0, 0, 0});
      draws.self_condition = uniform_float(bits[0]) < 0.5f;
    }
    fill(batch, draws);
  }
  /// The numbers per row of given times `draws.t`.
  void fill(const Input& batch, Draws& draws) const {
    const Segments segments = noise_rows(batch).segments;
    const auto rows = static_cast<std::size_t>(segments.rows());
    for (auto* v :
         {&draws.alpha, &draws.sigma, &draws.clean, &draws.noise, &draws.network, &draws.denoise_network, &draws.denoise_input})
      v->resize(rows);
    draws.nothing.assign(rows, 0.0);
    draws.scaled = false;
    for (Index s = 0; s < segments.sequences(); ++s) {
      const NoiseLevel level = noise_level(Schedule{}, draws.t[static_cast<std::size_t>(s)]);
      const TrainingTarget target = Target::target(level);
      const Combination denoised = pleat::clean<Target>(level);
      for (Index r = segments.begin(s); r < segments.end(s); ++r) {
        const auto i = static_cast<std::size_t>(r);
        draws.alpha[i] = level.alpha, draws.sigma[i] = level.sigma;
        draws.clean[i] = target.clean, draws.noise[i] = target.noise, draws.network[i] = target.network;
        draws.scaled = draws.scaled || target.network != 1;
        draws.denoise_network[i] = denoised ? denoised.network : 0, draws.denoise_input[i] = denoised ? denoised.input : 1;
      }
    }
  }

  /// Mean over sequences of weight x mean square error of the network's target. `batch` and `draws` outlive the pass.
  template <class Context> constexpr DiffusionLoss<Context> loss(Context& run, const Input& batch, const Draws& draws) const {
    return loss_of_latents(run, standardised(run, batch), batch, draws);
  }
  /// The same from given standardised latents.
  template <class Context>
  constexpr DiffusionLoss<Context> loss_of_latents(Context& run, const Rows<Context, width>& z0, const Input& batch,
                                                   const Draws& draws) const {
    const Segments segments = noise_rows(batch).segments;
    const auto eps = normal_rows<width>(run, noise_rows(batch));
    const auto noised = mix(run, z0, upload(run, draws.alpha), eps, upload(run, draws.sigma));
    const auto target = mix(run, z0, upload(run, draws.clean), eps, upload(run, draws.noise));
    Rows<Context, width> estimate;
    if constexpr (Denoiser::self_conditioning) {
      if (draws.self_condition) {
        const typename Context::Untaped constant(run);
        estimate = mix(run, denoiser(run, noised, draws.t, segments), upload(run, draws.denoise_network), noised,
                       upload(run, draws.denoise_input));
      }
    }
    auto prediction = denoiser(run, noised, draws.t, segments, estimate);
    if (draws.scaled) prediction = mix(run, prediction, upload(run, draws.network), prediction, upload(run, draws.nothing));
    auto error = squared_error(run, prediction, target, segments, draws.weight, ErrorReduction::Sequences);
    return {error.loss, error.sequence_loss};
  }

  /// How a representation is read: `at` as prepared by `prepare_reading`, which also refuses what does not exist.
  struct ReadingPlan {
    ReadingChoice choice;
    ReadingInput input = ReadingInput::Clean;
    Combination combination;
    NoiseLevel level;
    double t = 0;
    std::vector<double> times, network, entry, alpha, sigma; ///< (sequences), then (rows) each
  };
  static void prepare_reading(ReadingPlan& plan, const Input& batch, ReadingChoice choice, double t, ReadingInput input) {
    plan.choice = choice, plan.input = input, plan.t = t;
    require_time(t);
    plan.level = noise_level(Schedule{}, t);
    if (choice.reading == Reading::Hidden)
      require(choice.block >= 1 && choice.block <= Denoiser::shape.layers, "reading hidden:", choice.block,
              ": the denoiser has blocks 1 to ", Denoiser::shape.layers, ".");
    else if (choice.reading != Reading::Encoder)
      plan.combination = combination<Target>(choice.reading, Schedule{}, t);
    const auto rows = static_cast<std::size_t>(noise_rows(batch).rows());
    plan.times.assign(static_cast<std::size_t>(noise_rows(batch).sequences()), t);
    plan.network.assign(rows, plan.combination.network), plan.entry.assign(rows, plan.combination.input);
    plan.alpha.assign(rows, plan.level.alpha), plan.sigma.assign(rows, input == ReadingInput::Noised ? plan.level.sigma : 0.0);
  }

  /// One representation row per residue (or node). `latents` are the standardised ones of the batch (so that they are made once
  /// for many t).
  template <class Context>
  constexpr Rows<Context, width> read(Context& run, const Rows<Context, width>& latents, const Input& batch,
                                      const ReadingPlan& plan) const {
    const Segments segments = noise_rows(batch).segments;
    auto x = latents;
    if (plan.input != ReadingInput::Clean) {
      const auto eps = normal_rows<width>(run, noise_rows(batch));
      x = mix(run, latents, upload(run, plan.alpha), eps, upload(run, plan.sigma));
    }
    if (plan.choice.reading == Reading::Hidden) return denoiser.hidden(run, x, plan.times, segments, plan.choice.block);
    return mix(run, denoiser(run, x, plan.times, segments), upload(run, plan.network), x, upload(run, plan.entry));
  }

  /// What a checkpoint's check pairs hold: token scores of the clean latents as estimated at t = 0.3, which every tensor has a
  /// part in (a fresh denoiser, whose last map is zero, hides its own other tensors).
  template <class Context> auto reproduce(Context& run, const Input& batch) const requires requires {
    typename AutoencoderType::Decoder;
  }
  {
    const Segments segments = noise_rows(batch).segments;
    ReadingPlan plan;
    prepare_reading(plan, batch, {Reading::Denoised, 0}, 0.3, ReadingInput::Clean);
    const auto z = standardised(run, batch);
    auto estimate = read(run, z, batch, plan);
    if constexpr (Denoiser::self_conditioning)
      estimate =
          mix(run, denoiser(run, z, plan.times, segments, estimate), upload(run, plan.network), z, upload(run, plan.entry));
    const typename Context::Untaped frozen(run);
    return autoencoder.decode(run, unstandardise(run, estimate, mean, deviation), segments);
  }
};

} // namespace pleat::inline v0_1
