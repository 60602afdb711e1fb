// The model contract in double: the autoencoder with every bottleneck, at widths with and without tails.

#include "support/model_contract.hpp"

using namespace pleat;
using namespace contract;

namespace {

inline constexpr Shape small{2, 12, 2, 20};
template <class Bottleneck> using Small = Autoencoder<Transformer<small>, Bottleneck, Decoder<small>>;

// The network around it is the same for all, so a smaller sample is enough for most.
template <class Bottleneck> void check_bottleneck(ModelContract options = {.samples = 120}) {
  check_model(AutoencoderObjective<Small<Bottleneck>>(0.7), options);
}

} // namespace

BOOST_AUTO_TEST_SUITE(autoencoder_gradients)

BOOST_AUTO_TEST_CASE(identity) { check_bottleneck<Identity>({.samples = 400}); }
BOOST_AUTO_TEST_CASE(masking) { check_bottleneck<Masking<>>(); }
BOOST_AUTO_TEST_CASE(masking_everything) { check_bottleneck<Masking<MaskingRates{1.0, 0.5, 0.5}>>(); }
BOOST_AUTO_TEST_CASE(noise_mask_uniform) { check_bottleneck<NoiseMask<>>({.samples = 400}); }
BOOST_AUTO_TEST_CASE(noise_mask_beta) { check_bottleneck<NoiseMask<BetaLaw<>>>(); }
BOOST_AUTO_TEST_CASE(noise_mask_mixture) { check_bottleneck<NoiseMask<MixtureLaw<>>>(); }
BOOST_AUTO_TEST_CASE(noise_mask_sequence_level) { check_bottleneck<NoiseMask<SequenceLevelLaw<SequenceLevelOptions{0.1}>>>(); }
BOOST_AUTO_TEST_CASE(noise_mask_bernoulli) { check_bottleneck<NoiseMask<BernoulliLaw<>>>(); }
BOOST_AUTO_TEST_CASE(noise_mask_importance) { check_bottleneck<NoiseMask<ImportanceLaw>>(); }
BOOST_AUTO_TEST_CASE(noise_mask_without_normalisation) { check_bottleneck<NoiseMask<UniformLaw, NoNormalisation>>(); }
BOOST_AUTO_TEST_CASE(noise_mask_multivariate) {
  check_bottleneck<NoiseMask<UniformLaw, MultivariateKl>>({.lengths = {17, 1, 0, 30}});
}
BOOST_AUTO_TEST_CASE(token_norm_per_type) {
  check_bottleneck<TokenNorm<TokenNormPolicy{.minimum_count = 2}>>({.lengths = {17, 1, 0, 30}});
}
BOOST_AUTO_TEST_CASE(token_norm_by_count) {
  check_bottleneck<TokenNorm<TokenNormPolicy{.weights = TypeWeights::Count, .minimum_count = 3}>>({.lengths = {17, 1, 0, 30}});
}
BOOST_AUTO_TEST_CASE(token_norm_of_rare_types) { check_bottleneck<TokenNorm<>>(); } // no type counts: no penalty, no gradient
BOOST_AUTO_TEST_CASE(token_norm_layer) {
  check_bottleneck<TokenNorm<TokenNormPolicy{.form = TokenNormForm::Layer}>>(
      {.lengths = {17, 1, 0, 30}, .same_in_training = false});
}

BOOST_AUTO_TEST_CASE(decoder_of_another_depth_and_heads_of_six_channels) {
  using Model = Autoencoder<Transformer<Shape{1, 18, 3, 7}>, NoiseMask<>, Decoder<Shape{2, 18, 1, 33}>>;
  check_model(AutoencoderObjective<Model>(1.0), {.lengths = {3, 9}});
}

BOOST_AUTO_TEST_SUITE_END()
