// The model contract in double: the latent diffusion with every schedule, parameterisation and sampler of times.

#include "support/model_contract.hpp"

using namespace pleat;
using namespace contract;

namespace {

inline constexpr Shape small{2, 12, 2, 20};
using Small = Autoencoder<Transformer<small>, Identity, Decoder<Shape{1, 12, 2, 20}>>;
template <class Schedule, class Target, bool SelfConditioning = false>
using Diffusion = LatentDiffusion<Small, Denoiser<small, SelfConditioning>, Schedule, Target>;

template <class Model, class Sampler = Stratified<>> void check_diffusion(ModelContract options = {.samples = 120}) {
  check_model(DiffusionObjective<Model, Sampler>{}, options);
}

} // namespace

BOOST_AUTO_TEST_SUITE(diffusion_gradients)

BOOST_AUTO_TEST_CASE(velocity) { check_diffusion<Diffusion<CosineSchedule, PredictV>>({.samples = 400}); }
BOOST_AUTO_TEST_CASE(noise) { check_diffusion<Diffusion<CosineSchedule, PredictNoise>>(); }
BOOST_AUTO_TEST_CASE(clean) { check_diffusion<Diffusion<CosineSchedule, PredictClean>>(); }
BOOST_AUTO_TEST_CASE(scaled_velocity) { check_diffusion<Diffusion<CosineSchedule, ScaledV>>(); }
BOOST_AUTO_TEST_CASE(tan_schedule) { check_diffusion<Diffusion<TanSchedule<TanOptions{3}>, PredictV>>(); }
BOOST_AUTO_TEST_CASE(tan_schedule_scaled) { check_diffusion<Diffusion<TanSchedule<TanOptions{0.5}>, ScaledV>>(); }
BOOST_AUTO_TEST_CASE(weighted_times) { check_diffusion<Diffusion<CosineSchedule, PredictV>, LogitNormal<>>(); }

BOOST_AUTO_TEST_SUITE_END()
