// What the compiler knows of a model before anything runs: parameters and the cost of its encoder.

#include <boost/test/unit_test.hpp>

#include <pleat/core/flops.hpp>
#include <pleat/models/latent_diffusion.hpp>

using namespace pleat;

namespace {

inline constexpr Shape nano{4, 128, 8};
using Encoder = Transformer<nano>;
using Inner = Autoencoder<Encoder, NoiseMask<>, Decoder<Shape{2, 128, 8}>>;
using Diffusion = LatentDiffusion<Inner, Denoiser<Shape{4, 128, 8}>>;

// By hand: weights, biases and norms of one block; table; final norm.
constexpr Index block(Index d) { return 4 * (d * d + d) + 2 * 4 * d * d + 4 * d + d + 4 * d; }
constexpr Index encoder = 33 * 128 + 4 * block(128) + 2 * 128;
constexpr Index decoder = 2 * block(128) + 2 * 128 + 33 * 128 + 33;
static_assert(parameter_count<Encoder> == encoder && trainable_count<Encoder> == encoder);
static_assert(parameter_count<Inner> == encoder + decoder && trainable_count<Inner> == encoder + decoder);
static_assert(parameter_count<Diffusion> - trainable_count<Diffusion> == encoder + decoder);
static_assert(parameter_count<Transformer<Shape{6, 320, 20}>> == 33 * 320 + 6 * block(320) + 2 * 320);

// The products of a block are 2 x 12 d^2 a residue, attention 4 n d; norms, activations and rotations are a few per cent.
constexpr double products(double n) { return 4 * (24.0 * 128 * 128 + 4 * n * 128); }
static_assert(flops_per_token<Inner>(128) > products(128) && flops_per_token<Inner>(128) < 1.05 * products(128));
static_assert(flops_per_token<Inner>(512) > products(512) && flops_per_token<Inner>(512) < 1.05 * products(512));
static_assert(flops_per_token<Diffusion>(128) == flops_per_token<Inner>(128)); // its encoder is the same
static_assert(flops_per_token<Inner>(0) == 0);
static_assert(encoding_cost<Inner>(64).bytes > 0);

} // namespace

BOOST_AUTO_TEST_SUITE(cost)

BOOST_AUTO_TEST_CASE(of_any_length_at_run_time) {
  BOOST_TEST(flops_per_token<Inner>(30000) > products(30000));
  BOOST_TEST(flops_per_token<Inner>(1) > 0);
}

BOOST_AUTO_TEST_SUITE_END()
