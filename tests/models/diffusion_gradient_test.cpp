// The model contract in double: the latent diffusion with every schedule, parameterisation and sampler of times.

#include "support/model_contract.hpp"

using namespace pleat;
using namespace contract;

namespace {

inline constexpr Shape small{2, 12, 2, 20};
using Small = Autoencoder<Transformer<small>, Identity, Decoder<Shape{1, 12, 2, 20}>>;
template <class Schedule, class Target> using Diffusion = LatentDiffusion<Small, Denoiser<small>, Schedule, Target>;

template <class Model, class Sampler = Stratified<>> void check_diffusion(ModelContract options = {.samples = 120}) {
  check_model(DiffusionObjective<Model, Sampler>{}, options);
}

// With self-conditioning the first estimate is a constant to the gradient, so differences must hold it fixed: the loss again,
// from the same parts, around an estimate that was made once.
using SelfConditioned = LatentDiffusion<Small, Denoiser<small, true>>;
struct EstimateHeld {
  using Model = SelfConditioned;
  DiffusionDraws draws;
  std::vector<double> estimate;

  void draw(NoiseKey key, const SequenceBatch& batch) { model_of<Model>.draw(key, batch, Stratified<>{}, draws); }
  template <class Run> DiffusionLoss<Run> loss(Run& run, const SequenceBatch& batch) const {
    const auto z0 = model_of<Model>.standardised(run, batch);
    const auto eps = normal_rows<12>(run, batch);
    const auto noised = mix(run, z0, upload(run, draws.alpha), eps, upload(run, draws.sigma));
    const auto target = mix(run, z0, upload(run, draws.clean), eps, upload(run, draws.noise));
    const auto clean = fill<Run, 12, Token>(run, estimate);
    auto error = squared_error(run, model_of<Model>.denoiser(run, noised, draws.t, batch.segments, clean), target, batch.segments,
                               draws.weight, ErrorReduction::Sequences);
    return {error.loss, error.sequence_loss};
  }
};

} // namespace

BOOST_AUTO_TEST_SUITE(diffusion_gradients)

BOOST_AUTO_TEST_CASE(velocity) { check_diffusion<Diffusion<CosineSchedule, PredictV>>({.samples = 400}); }
BOOST_AUTO_TEST_CASE(noise) { check_diffusion<Diffusion<CosineSchedule, PredictNoise>>(); }
BOOST_AUTO_TEST_CASE(clean) { check_diffusion<Diffusion<CosineSchedule, PredictClean>>(); }
BOOST_AUTO_TEST_CASE(scaled_velocity) { check_diffusion<Diffusion<CosineSchedule, ScaledV>>(); }
BOOST_AUTO_TEST_CASE(tan_schedule) { check_diffusion<Diffusion<TanSchedule<TanOptions{3}>, PredictV>>(); }
BOOST_AUTO_TEST_CASE(tan_schedule_scaled) { check_diffusion<Diffusion<TanSchedule<TanOptions{0.5}>, ScaledV>>(); }
BOOST_AUTO_TEST_CASE(weighted_times) { check_diffusion<Diffusion<CosineSchedule, PredictV>, LogitNormal<>>(); }

// Inside a training pass a frozen TokenNorm layer still uses its running statistics, and proposes none.
BOOST_AUTO_TEST_CASE(frozen_layer_form_of_token_norm) {
  using Normed = Autoencoder<Transformer<small>, TokenNorm<TokenNormPolicy{.form = TokenNormForm::Layer}>, Decoder<small>>;
  check_diffusion<LatentDiffusion<Normed, Denoiser<small>>>({.samples = 30});
}

BOOST_AUTO_TEST_CASE(self_conditioning) {
  const TestBatch batch({7, 1, 0, 12, 4});
  const auto view = batch.view();
  for (const bool conditioned : {false, true}) {
    BOOST_TEST_CONTEXT("conditioned " << conditioned) {
      NoiseKey key{11, 0}; // the coin is the key's
      EstimateHeld held;
      while (held.draw(key, view), held.draws.self_condition != conditioned) BOOST_REQUIRE(++key.step < 50);
      DiffusionObjective<SelfConditioned> objective;
      ModelBench<DiffusionObjective<SelfConditioned>> bench(objective, batch, 1, true, key);
      const double loss = bench.train(true), inferred = bench.infer();
      BOOST_TEST(inferred == loss);
      const std::vector<double> gradients(bench.parameters.gradients(),
                                          bench.parameters.gradients() + bench.parameters.size(Store::Trained));
      if (!conditioned) {
        check_sampled_gradients(bench.parameters, gradients, 120, [&] { return bench.train(false); });
        continue;
      }
      HostMemory memory(Index(1) << 20);
      Arena arena(memory.data(), memory.size());
      {
        Inference<Cpu, Float64> run(bench.device(), arena, bench.parameters.values(), key);
        const auto noised = mix(run, model_of<SelfConditioned>.standardised(run, view), upload(run, held.draws.alpha),
                                normal_rows<12>(run, view), upload(run, held.draws.sigma));
        held.estimate = dense_of(mix(run, model_of<SelfConditioned>.denoiser(run, noised, held.draws.t, view.segments),
                                     upload(run, held.draws.denoise_network), noised, upload(run, held.draws.denoise_input)));
      }
      auto held_loss = [&] {
        Inference<Cpu, Float64> run(bench.device(), arena, bench.parameters.values(), key);
        run.restart(key);
        return *held.loss(run, view).loss.data();
      };
      BOOST_TEST(held_loss() == loss);
      check_sampled_gradients(bench.parameters, gradients, 120, held_loss);
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
