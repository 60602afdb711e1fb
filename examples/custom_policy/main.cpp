// Your own parts: an encoder, a bottleneck, a law of corruption and a noise schedule, trained together in a few seconds.
#include <cmath>
#include <cstdio>

#include <pleat/backend/cpu.hpp>
#include <pleat/session/train.hpp>

using namespace pleat;

// An encoder: places its tensors in the constructor, says what it reads and how wide its rows are, and is one forward text that
// serves training, inference and planning. This one sees a residue and nothing around it.
template <Index Width> struct BagOfResidues {
  using Input = SequenceBatch;
  static constexpr Index width = Width;
  Matrix<vocabulary_size, Width> table;
  LayerNorm<Width> norm;
  Linear<Width, Width> map;

  constexpr explicit BagOfResidues(Layout at)
      : table(at.table<vocabulary_size, Width>("table", init::normal(0.5))), norm(at / "norm"), map(at / "map") {}

  template <class Context>
  constexpr Rows<Context, Width> operator()(Context& run, const SequenceBatch&, std::span<const std::uint8_t> tokens) const {
    const auto x = embedding(run, table, tokens);
    return add(run, x, map(run, norm(run, x), Activation::Gelu)); // nobody writes a backward for a model
  }
};

// A law of corruption times: a pure function of its arguments, so a record is corrupted the same way in any batch.
struct LateHalf {
  static constexpr const char* name = "late_half";
  double t(NoiseKey key, std::uint32_t draw, std::uint32_t record, std::uint32_t position) const {
    return 0.5 + 0.5 * UniformLaw{}.t(key, draw, record, position);
  }
};

// A bottleneck: what differs from PlainBottleneck. It passes the latents on through a map of its own, and punishes their size.
struct Squeeze {
  static constexpr const char* name = "squeeze";
  template <Index Width> struct At : PlainBottleneck<Width> {
    Linear<Width, 4> narrow;
    Linear<4, Width> wide;
    constexpr explicit At(Layout at) : narrow(at / "narrow"), wide(at / "wide") {}

    template <class Context>
    constexpr Rows<Context, Width> pass(Context& run, const Rows<Context, Width>& z, const SequenceBatch&,
                                        const BottleneckDraws&) const {
      return wide(run, narrow(run, z));
    }
    template <class Context>
    constexpr Scalar<Context> penalty(Context& run, const Rows<Context, Width>& z, const SequenceBatch&) const {
      return UnivariateKl{}(run, z);
    }
  };
};

// A schedule: an angle from 0 (clean) to pi/2 (pure noise) and its rate; all the formulas of the diffusion follow from it.
struct Quadratic {
  double phi(double t) const { return pure_noise_angle * t * t; }
  double phi_rate(double t) const { return 2 * pure_noise_angle * t; }
};

using Head = Decoder<Shape{.layers = 1, .width = 16, .heads = 2}>;
using Squeezed = Autoencoder<BagOfResidues<16>, Squeeze, Head>;
using Noised = Autoencoder<BagOfResidues<16>, NoiseMask<LateHalf>, Head>;
using Diffusion = LatentDiffusion<Noised, Denoiser<Shape{.layers = 1, .width = 16, .heads = 2}>, Quadratic>;

// Trains on one made-up batch; true when the loss went down.
template <class Objective> bool learns(const char* what, ThreadPool& pool, double rate) {
  OwnedBatch batch;
  Philox draws(1, 2);
  std::vector<std::uint8_t> tokens;
  for (int i = 0; i < 200; ++i) tokens.push_back(static_cast<std::uint8_t>(4 + draws.index(20)));
  batch.add(tokens, 0), batch.add(std::span(tokens).first(50), 1);

  TrainSession<Objective, Cpu> session(Cpu{&pool}, Objective{});
  session.parameters().initialise(1);
  double first = 0, last = 0;
  for (std::uint64_t step = 0; step < 200; ++step) {
    const double loss = session.step({&batch, 1}, 1, step, rate).metrics.value("loss");
    if (step < 10) first += loss / 10;
    if (step >= 190) last += loss / 10;
  }
  std::printf("%-28s loss %.3f -> %.3f (%td parameters)\n", what, first, last, trainable_count<typename Objective::Model>);
  return std::isfinite(last) && last < first;
}

int main() {
  ThreadPool pool(2);
  const bool squeezed = learns<AutoencoderObjective<Squeezed>>("own encoder and bottleneck", pool, 1e-2);
  const bool noised = learns<AutoencoderObjective<Noised>>("own law of corruption", pool, 1e-2);
  const bool diffused = learns<DiffusionObjective<Diffusion>>("own schedule", pool, 1e-2);
  return squeezed && noised && diffused ? 0 : 1;
}
