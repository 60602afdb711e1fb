#include <boost/test/unit_test.hpp>

#include "backend/levels.hpp"
#include "support/op_contract.hpp"

using namespace pleat;
using namespace contract;

namespace {

template <Index Width, Activation Act> struct ActivationCase {
  constexpr explicit ActivationCase(Layout) {}
  using Inputs = Signature<In<Width>>;
  template <class Run> auto operator()(Run& run, const SequenceBatch&, const Rows<Run, Width>& x) const {
    return activate(run, x, Act);
  }
};

// Errors of GELU, of |x| 2^-24, and of its slope, of 2^-24. Measured: 1.64 and 2.52 by the C library's erf, 3.54 and 3.90 on the
// CPU.
#if defined(PLEAT_CUDA_EMULATOR)
using Tested = PLEAT_CONTRACT_DEVICE;
constexpr double value_bound = 1.75, slope_bound = 2.75;
#elif defined(PLEAT_CONTRACT_DEVICE) // erff and expf of a GPU: 2 units in the last place each, by their documentation
using Tested = PLEAT_CONTRACT_DEVICE;
constexpr double value_bound = 3, slope_bound = 4;
#else
using Tested = Cpu;
constexpr double value_bound = 3.75, slope_bound = 4;
#endif

double cumulative(double x) { return 0.5 * std::erfc(-x / std::sqrt(2.0)); }
double density(double x) { return std::exp(-0.5 * x * x) / std::sqrt(2 * std::acos(-1.0)); }
// What GELU is sometimes replaced by (Hendrycks, Gimpel 2016).
double tanh_form(double x) { return 0.5 * x * (1 + std::tanh(std::sqrt(2 / std::acos(-1.0)) * (x + 0.044715 * x * x * x))); }

// 2^16 numbers: 2^15 over [-12, 12], the others in all binades of normal numbers up to 16, of both signs.
std::vector<double> inputs_of_gelu() {
  std::vector<double> x;
  for (int i = 0; i < 1 << 15; ++i) x.push_back(static_cast<float>(-12 + 24.0 * i / ((1 << 15) - 1)));
  for (int exponent = -126; exponent < 4; ++exponent)
    for (int i = 0; i < 126; ++i)
      for (double sign : {-1.0, 1.0}) x.push_back(static_cast<float>(sign * std::ldexp(1 + i / 126.0, exponent)));
  while (x.size() < 1 << 16) x.push_back(0);
  return x;
}

// The largest error of y, in units of 2^-24 scale(x); infinite where a number is none.
template <class Exact, class Scale>
double worst_error(const std::vector<double>& x, const std::vector<double>& y, const Exact& exact, const Scale& scale) {
  double worst = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double error = std::abs(y[i] - exact(x[i])) / (0x1p-24 * scale(x[i]));
    if (x[i] != 0 || y[i] != exact(x[i])) worst = std::isnan(error) ? INFINITY : std::max(worst, error);
  }
  return worst;
}

} // namespace

BOOST_AUTO_TEST_SUITE(activations)

BOOST_AUTO_TEST_CASE(contract_of_pointwise_functions) {
  check_op_contract<ActivationCase<6, Activation::Gelu>>();
  check_op_contract<ActivationCase<16, Activation::Silu>>();
  check_op_contract<ActivationCase<20, Activation::Relu>>();
  check_op_contract<ActivationCase<7, Activation::Tanh>>();
  check_op_contract<ActivationCase<9, Activation::None>>();
}

BOOST_AUTO_TEST_CASE(gelu_is_the_erf_form) {
  const TestBatch batch({2});
  const std::vector<double> x{-1.5, 0.3, 2, 0, -0.01, 4, 1, -3, 0.5, -0.5, 6, -6};
  const auto y = evaluate<ActivationCase<6, Activation::Gelu>, Float64, false>(Signature<In<6>>{}, batch, {x}, {}, 1).output;
  for (std::size_t i = 0; i < x.size(); ++i)
    BOOST_TEST(std::abs(y[i] - 0.5 * x[i] * (1 + std::erf(x[i] / std::sqrt(2.0)))) < 1e-15 * (1 + std::abs(x[i])));
}

BOOST_AUTO_TEST_CASE(gelu_in_float_against_erf_of_double) {
  using Case = ActivationCase<16, Activation::Gelu>;
  const auto x = inputs_of_gelu();
  BOOST_REQUIRE_EQUAL(x.size(), std::size_t{1} << 16);
  const TestBatch batch({static_cast<Index>(x.size()) / 16});
  const auto weights = values_of(static_cast<Index>(x.size()), 555); // what backward starts from
  const auto gelu = [](double v) { return v * cumulative(v); };
  const auto slope = [](double v) { return cumulative(v) + v * density(v); };
  const auto size = [](double v) { return std::abs(v); };
  const auto one = [](double) { return 1.0; };
  const auto check = [&](const char* level) {
    const auto result = evaluate<Case, Float32, true, Tested>(Case::Inputs{}, batch, {x}, {}, 1);
    auto slopes = result.input_gradients.at(0);
    for (std::size_t i = 0; i < slopes.size(); ++i) slopes[i] /= weights[i];
    const double value_error = worst_error(x, result.output, gelu, size), slope_error = worst_error(x, slopes, slope, one);
    BOOST_TEST_MESSAGE(level << ": value " << value_error << " |x| 2^-24, slope " << slope_error << " 2^-24");
    BOOST_CHECK_LT(value_error, value_bound);
    BOOST_CHECK_LT(slope_error, slope_bound);
  };
#if defined(PLEAT_CONTRACT_DEVICE)
  check("CUDA");
#else
  at_each_level(check);
#endif
  // The bounds tell the two forms apart.
  std::vector<double> other;
  for (double v : x) other.push_back(static_cast<float>(tanh_form(v)));
  BOOST_CHECK_GT(worst_error(x, other, gelu, size), 500 * value_bound);
}

BOOST_AUTO_TEST_SUITE_END()
