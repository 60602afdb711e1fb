#include <boost/test/unit_test.hpp>

#include "support/loss_run.hpp"

using namespace pleat;
using namespace contract;

namespace {

template <Index Width> struct MixCase {
  constexpr explicit MixCase(Layout) {}
  using Inputs = Signature<In<Width>, In<Width>>;
  template <class Run>
  auto operator()(Run& run, const SequenceBatch& batch, const Rows<Run, Width>& x, const Rows<Run, Width>& e) const {
    const auto a = values_of(batch.rows(), 31), b = values_of(batch.rows(), 32);
    auto up = upload(run, a), down = upload(run, b);
    return mix(run, x, up, e, down);
  }
};

// Both sides of the mixture are one value.
struct SameCase {
  constexpr explicit SameCase(Layout) {}
  using Inputs = Signature<In<6>>;
  template <class Run> auto operator()(Run& run, const SequenceBatch& batch, const Rows<Run, 6>& x) const {
    const auto a = values_of(batch.rows(), 31), b = values_of(batch.rows(), 32);
    return mix(run, x, upload(run, a), x, upload(run, b));
  }
};

} // namespace

BOOST_AUTO_TEST_SUITE(mixtures)

BOOST_AUTO_TEST_CASE(contract_of_mixtures) {
  check_op_contract<MixCase<6>>();
  check_op_contract<MixCase<16>>();
  check_op_contract<MixCase<20>>();
  check_op_contract<SameCase>();
}

// lsd.md section 2: phi = pi t / 2, a = cos phi, s = sin phi.
BOOST_AUTO_TEST_CASE(noised_latents_and_v_targets_of_the_reference) {
  const std::string folder = PLEAT_TEST_DATA "/golden/lsd/";
  const auto check = [](const std::vector<double>& x, const std::vector<double>& e, const std::vector<double>& a,
                        const std::vector<double>& b, const std::vector<double>& expected, auto width) {
    constexpr Index w = decltype(width)::value;
    ThreadPool pool(1);
    const auto one = [&](auto precision, double tolerance) {
      LossRun<decltype(precision)> test;
      auto& run = test.run;
      using Run = std::remove_reference_t<decltype(run)>;
      auto y = mix(run, fill<Run, w, Token>(run, x), upload(run, a), fill<Run, w, Token>(run, e), upload(run, b));
      check_close(dense_of(y), expected, tolerance, "mixture");
    };
    one(Float64{}, 1e-10);
    one(Float32{}, 1e-5);
  };
  const auto coefficients = [](const std::vector<double>& t, std::size_t each, std::vector<double>& a, std::vector<double>& s) {
    a.clear(), s.clear();
    for (double x : t)
      a.insert(a.end(), each, std::cos(std::acos(-1.0) * x / 2)), s.insert(s.end(), each, std::sin(std::acos(-1.0) * x / 2));
  };
  const auto negative = [](std::vector<double> v) {
    for (double& x : v) x = -x;
    return v;
  };
  std::vector<double> a, s;

  const auto masks = Safetensors::open(folder + "noise_mask.safetensors");
  coefficients(masks.read<double>("t"), 1, a, s);
  const std::integral_constant<Index, 8> eight;
  check(masks.read<double>("z"), masks.read<double>("eps"), a, s, masks.read<double>("z_t"), eight);

  const auto diffusion = Safetensors::open(folder + "diffusion.safetensors");
  const std::integral_constant<Index, 7> seven;
  coefficients(diffusion.read<double>("t"), 5, a, s);
  const auto z0 = diffusion.read<double>("z0"), eps = diffusion.read<double>("eps");
  check(z0, eps, a, s, diffusion.read<double>("z_t"), seven);
  check(eps, z0, a, negative(s), diffusion.read<double>("v"), seven);

  coefficients(diffusion.read<double>("conv.t"), 5, a, s); // readings of the score, lsd.md section 3
  const auto z = diffusion.read<double>("conv.z"), vhat = diffusion.read<double>("conv.vhat");
  std::vector<double> tangent, cotangent;
  for (std::size_t i = 0; i < a.size(); ++i) tangent.push_back(s[i] / a[i]), cotangent.push_back(a[i] / s[i]);
  const std::vector<double> one(a.size(), 1.0);
  check(vhat, z, a, s, diffusion.read<double>("conv.EpsHat"), seven);
  check(vhat, z, one, s, diffusion.read<double>("conv.Eq8Literal"), seven);
  check(vhat, z, one, tangent, diffusion.read<double>("conv.TanScaled"), seven);
  check(z, vhat, a, negative(s), diffusion.read<double>("conv.Denoised"), seven);
  check(z, vhat, negative(one), negative(cotangent), diffusion.read<double>("conv.score"), seven);
}

BOOST_AUTO_TEST_CASE(coefficients_of_another_batch_are_an_error) {
  ThreadPool pool(1);
  HostMemory memory(4096);
  Arena arena(memory.data(), memory.size());
  Inference<Cpu> run(Cpu{&pool}, arena, {});
  auto x = fill<Inference<Cpu>, 3, Token>(run, {1, 2, 3, 4, 5, 6});
  const std::vector<double> two{1, 2}, three{1, 2, 3};
  BOOST_CHECK_THROW(mix(run, x, upload(run, two), x, upload(run, three)), Error);
}

BOOST_AUTO_TEST_SUITE_END()
