// Noise as masking end to end: noising, a linear decoder and the weighted cross-entropy against the golden file, and its limits.

#include "support/loss_run.hpp"

#include <pleat/bottlenecks/masking.hpp>
#include <pleat/bottlenecks/noise_mask.hpp>
#include <pleat/nn/linear.hpp>
#include <pleat/ops/cross_entropy.hpp>

using namespace pleat;
using namespace contract;

namespace {

using Head = Linear<8, 20>;

template <class Precision> void check_golden(Reduction reduction, const std::string& name) {
  const auto file = Safetensors::open(golden_path("noise_mask"));
  const double values = value_tolerance<Precision>, gradients = gradient_tolerance<Precision>;
  ThreadPool pool(1);
  Parameters<Head, Tested, Precision> parameters(device_for_tests<Tested>(pool));
  set_parameters<Head, Precision>(parameters, [&] {
    auto flat = file.template read<double>("decoder_weight");
    for (double b : file.template read<double>("decoder_bias")) flat.push_back(b);
    return flat;
  }());
  LossRun<Precision> bench(1, parameters);
  auto& run = bench.run;
  const auto t = file.template read<double>("t");
  std::vector<double> alpha, sigma, weight;
  for (double time : t) {
    const NoiseLevel level = noise_level(CosineSchedule{}, time);
    alpha.push_back(level.alpha), sigma.push_back(level.sigma), weight.push_back(level.sigma * level.sigma);
  }
  check_close(weight, file.template read<double>("weight"), 1e-10, "weight");
  std::vector<std::uint8_t> targets;
  for (std::int64_t target : file.template read<std::int64_t>("target")) targets.push_back(static_cast<std::uint8_t>(target));

  const auto z = bench.template input<8>(file.template read<double>("z"));
  const auto eps = fill<Training<Tested, Precision>, 8, Token>(run, file.template read<double>("eps"));
  const auto noised = mix(run, z, upload(run, alpha), eps, upload(run, sigma));
  check_close(dense_of(noised), file.template read<double>("z_t"), values, "z_t");
  const auto logits = model_of<Head>(run, noised);
  check_close(dense_of(logits), file.template read<double>("logits"), values, "logits");
  const auto scored = cross_entropy(run, logits, targets, upload(run, weight), reduction);
  check_close(dense_of(scored.loss), file.template read<double>(name + ".loss"), values, "loss");
  check_close(bench.read(scored.row_loss), file.template read<double>("cross_entropy"), values, "cross-entropy of rows");
  parameters.zero_gradients();
  run.backward(scored.loss);
  check_close(dense_of(run.gradient_of(z)), file.template read<double>(name + ".grad_z"), gradients, "gradient of z");
  const auto& places = parameters.tensors();
  for (std::size_t i = 0; i < 2; ++i)
    check_close(values_at(parameters.gradients(), places[i]),
                file.template read<double>(name + (i == 0 ? ".grad_decoder_weight" : ".grad_decoder_bias")), gradients,
                "gradient of " + places[i].name);
}

// A law with one value everywhere.
template <int Percent> struct Always {
  static constexpr const char* name = "always";
  double t(NoiseKey, std::uint32_t, std::uint32_t, std::uint32_t) const { return Percent / 100.0; }
};

// What the decoder sees of `z` behind a bottleneck.
template <class Bottleneck>
std::vector<double> passed(const TestBatch& batch, const std::vector<double>& z, BottleneckDraws& draws) {
  using At = typename Bottleneck::template At<8>;
  const At bottleneck = pleat::detail::place_model<At>();
  bottleneck.draw({1, 2}, batch.view(), draws);
  LossRun<Float32> bench;
  return dense_of(bottleneck.pass(bench.run, bench.input<8>(z), batch.view(), draws));
}

} // namespace

BOOST_AUTO_TEST_SUITE(noise_mask)

BOOST_AUTO_TEST_CASE(golden) {
  check_golden<Float64>(Reduction::WeightedMean, "weighted_mean");
  check_golden<Float64>(Reduction::MeanOfWeighted, "plain_mean_of_weighted");
  check_golden<Float32>(Reduction::WeightedMean, "weighted_mean");
}

BOOST_AUTO_TEST_CASE(without_noise_nothing_changes_and_nothing_is_learnt) {
  const TestBatch batch({6, 3});
  const auto z = values_of(9 * 8, 1);
  BottleneckDraws draws;
  check_same_bits(passed<NoiseMask<Always<0>>>(batch, z, draws), z, "t = 0");
  for (double w : draws.weight) BOOST_TEST(w == 0);
}

BOOST_AUTO_TEST_CASE(pure_noise_forgets_the_latents) {
  const TestBatch batch({6, 3});
  BottleneckDraws draws;
  const auto a = passed<NoiseMask<Always<100>>>(batch, values_of(9 * 8, 1), draws);
  check_same_bits(a, passed<NoiseMask<Always<100>>>(batch, values_of(9 * 8, 2), draws), "t = 1");
  for (double w : draws.weight) BOOST_TEST(w == 1);
  double square = 0;
  for (double x : a) square += x * x;
  BOOST_TEST(square / static_cast<double>(a.size()) > 0.6);
  BOOST_TEST(square / static_cast<double>(a.size()) < 1.5);
}

// With t in {0, 1} the rows that are noise are the ones that count: an MLM whose mask is a draw of noise in latent space.
BOOST_AUTO_TEST_CASE(bernoulli_times_are_an_mlm_in_latent_space) {
  const TestBatch batch({300, 100});
  const auto z = values_of(400 * 8, 1);
  BottleneckDraws draws;
  const auto x = passed<NoiseMask<BernoulliLaw<BernoulliOptions{0.15}>>>(batch, z, draws);
  double chosen = 0;
  for (std::size_t r = 0; r < 400; ++r) {
    const bool same = std::equal(&z[r * 8], &z[r * 8] + 8, &x[r * 8]);
    BOOST_TEST((draws.weight[r] == 0 || draws.weight[r] == 1));
    BOOST_TEST(same == (draws.weight[r] == 0));
    chosen += draws.weight[r];
  }
  BOOST_TEST(chosen > 0.15 * 400 - 4 * 7.1);
  BOOST_TEST(chosen < 0.15 * 400 + 4 * 7.1);
  BOOST_TEST(std::equal(draws.tokens.begin(), draws.tokens.end(), batch.tokens.begin()));
}

BOOST_AUTO_TEST_CASE(masking_hides_tokens_and_leaves_latents) {
  const TestBatch batch({400, 1, 0, 200});
  BottleneckDraws draws;
  const auto z = values_of(601 * 8, 1);
  check_same_bits(passed<Masking<>>(batch, z, draws), z, "latents");
  double chosen = 0, masked = 0, changed = 0;
  for (std::size_t r = 0; r < 601; ++r) {
    if (draws.weight[r] == 0) BOOST_TEST(draws.tokens[r] == batch.tokens[r]);
    chosen += draws.weight[r], masked += draws.tokens[r] == 32, changed += draws.tokens[r] != batch.tokens[r];
  }
  BOOST_TEST(draws.weight[400] == 1); // the only residue of its sequence
  BOOST_TEST(std::abs(chosen - 0.15 * 600) < 36);
  BOOST_TEST(masked > 0.6 * chosen);
  BOOST_TEST(changed > masked);
  BOOST_TEST(changed < chosen);

  // The same record has the same mask in any company; a crop of it the mask of its residues.
  const TestBatch alone({400});
  BottleneckDraws other;
  passed<Masking<>>(alone, std::vector<double>(z.begin(), z.begin() + 400 * 8), other);
  BOOST_TEST(std::equal(other.weight.begin(), other.weight.end(), draws.weight.begin()));
}

BOOST_AUTO_TEST_SUITE_END()
