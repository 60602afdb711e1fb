#include "support/loss_run.hpp"

#include <pleat/ops/normalisation_loss.hpp>

using namespace pleat;
using namespace contract;

namespace {

enum class Form { Univariate, Multivariate, PerType, Count };

template <Form form, class Run, Index W>
auto loss_of(Run& run, const Rows<Run, W>& z, std::span<const std::uint8_t> tokens, const KlOptions& options = {},
             Index minimum = 2) {
  if constexpr (form == Form::Univariate)
    return univariate_kl(run, z, options);
  else if constexpr (form == Form::Multivariate)
    return multivariate_kl(run, z, options);
  else
    return typed_univariate_kl(run, z, tokens, {form == Form::PerType ? TypeWeights::PerType : TypeWeights::Count, minimum});
}

template <Index Width, Form form> struct KlCase {
  constexpr explicit KlCase(Layout) {}
  using Inputs = Signature<In<Width>>;
  template <class Run> auto operator()(Run& run, const SequenceBatch& batch, const Rows<Run, Width>& z) const {
    return loss_of<form>(run, z, batch.tokens, {.delta = 0.3});
  }
};

struct Outcome {
  double loss = 0;
  std::vector<double> gradient;
};
template <Form form, Index W, class Precision = Float64, class Device = Cpu>
Outcome evaluate_loss(const std::vector<double>& z, const KlOptions& options = {}, const std::vector<std::uint8_t>& tokens = {},
                      Index minimum = 2, int threads = 1) {
  LossRun<Precision, Device> test(threads);
  auto rows = test.template input<W>(z);
  auto loss = loss_of<form>(test.run, rows, tokens, options, minimum);
  Outcome out{dense_of(loss)[0], {}};
  test.run.backward(loss);
  out.gradient = dense_of(test.run.gradient_of(rows));
  return out;
}

// The files hold sums over channels; ours are means.
template <Form form, class Precision>
void check_golden(const std::string& z, const std::string& loss, const std::string& gradient, double delta, double loosened = 0) {
  const auto file = Safetensors::open(golden_path("normalisation"));
  auto out = evaluate_loss<form, 9, Precision, Tested>(file.read<double>("normalisation." + z), {.delta = delta});
  for (double& g : out.gradient) g *= 9;
  const double values = loosened > 0 ? loosened : value_tolerance<Precision>;
  check_close({9 * out.loss}, file.read<double>("normalisation." + loss), values, loss);
  check_close(out.gradient, file.read<double>("normalisation." + gradient),
              loosened > 0 ? loosened : gradient_tolerance<Precision>, gradient);
}

template <class Precision> void check_typed_golden() {
  const auto file = Safetensors::open(golden_path("token_norm"));
  std::vector<std::uint8_t> tokens;
  for (double type : file.read<double>("type")) tokens.push_back(static_cast<std::uint8_t>(type < 0 ? 24 : type + 4));
  const auto z = file.read<double>("z");
  const auto check = [&](const Outcome& out, const std::string& name) {
    check_close({out.loss}, file.read<double>(name + ".value"), value_tolerance<Precision>, name);
    check_close(out.gradient, file.read<double>(name + ".grad"), gradient_tolerance<Precision>, name);
  };
  check(evaluate_loss<Form::PerType, 6, Precision, Tested>(z, {}, tokens, 2), "loss.per_type.nmin2");
  check(evaluate_loss<Form::Count, 6, Precision, Tested>(z, {}, tokens, 2), "loss.count.nmin2");
  check(evaluate_loss<Form::PerType, 6, Precision, Tested>(z, {}, tokens, 8), "loss.per_type.nmin8");
  check(evaluate_loss<Form::Count, 6, Precision, Tested>(z, {}, tokens, 8), "loss.count.nmin8");
}

// Rows of mean 0 and covariance I (Gram-Schmidt on the centred channels), in double.
template <Index W> std::vector<double> whitened(Index rows, std::uint64_t stream) {
  auto z = values_of(rows * W, stream);
  const auto at = [&](Index r, Index c) -> double& { return z[static_cast<std::size_t>(r * W + c)]; };
  for (int round = 0; round < 2; ++round)
    for (Index c = 0; c < W; ++c) {
      double mean = 0, square = 0;
      for (Index r = 0; r < rows; ++r) mean += at(r, c) / double(rows);
      for (Index r = 0; r < rows; ++r) at(r, c) -= mean;
      for (Index k = 0; k < c; ++k) {
        double product = 0;
        for (Index r = 0; r < rows; ++r) product += at(r, c) * at(r, k) / double(rows);
        for (Index r = 0; r < rows; ++r) at(r, c) -= product * at(r, k);
      }
      for (Index r = 0; r < rows; ++r) square += at(r, c) * at(r, c) / double(rows);
      for (Index r = 0; r < rows; ++r) at(r, c) /= std::sqrt(square);
    }
  return z;
}

} // namespace

BOOST_AUTO_TEST_SUITE(normalisation_losses)

BOOST_AUTO_TEST_CASE(contract) {
  ContractOptions options;
  options.gradient_tolerance = 1e-6; // 1 / var of a few rows bends strongly
  options.step = 2e-6;
  options.lengths = {{5, 1, 9}, {1}, {}, {3, 0, 4}, {40}};
  check_op_contract<KlCase<6, Form::Univariate>>(options);
  check_op_contract<KlCase<20, Form::Univariate>>(options);
  check_op_contract<KlCase<5, Form::Multivariate>>(options);
  check_op_contract<KlCase<16, Form::Multivariate>>(options);
  check_op_contract<KlCase<19, Form::Multivariate>>(options);
  options.lengths = {{60, 41}, {1}, {}};
  options.float_gradient_tolerance = 1e-3; // types of two nearly equal members
  options.gradient_tolerance = 2e-5;
  check_op_contract<KlCase<7, Form::PerType>>(options);
  check_op_contract<KlCase<16, Form::Count>>(options);
}

BOOST_AUTO_TEST_CASE(golden_normalisation) {
  check_golden<Form::Univariate, Float64>("z", "univariate.sum_over_dims", "univariate.grad_of_sum", 0);
  check_golden<Form::Univariate, Float32>("z", "univariate.sum_over_dims", "univariate.grad_of_sum", 0);
  check_golden<Form::Multivariate, Float64>("z", "multivariate.sum_over_dims", "multivariate.grad_of_sum", 0);
  check_golden<Form::Multivariate, Float32>("z", "multivariate.sum_over_dims", "multivariate.grad_of_sum", 0);
  check_golden<Form::Multivariate, Float64>("z", "multivariate_delta1e-4.sum_over_dims", "multivariate_delta1e-4.grad_of_sum",
                                            1e-4);
  check_golden<Form::Univariate, Float64>("floor.z", "floor.univariate_sum", "floor.grad_of_sum", 0);
  check_golden<Form::Univariate, Float32>("floor.z", "floor.univariate_sum", "floor.grad_of_sum", 0);
  check_golden<Form::Univariate, Float64>("offset.z", "offset.univariate_sum", "offset.grad_of_sum", 0);
  check_golden<Form::Univariate, Float32>("offset.z", "offset.univariate_sum", "offset.grad_of_sum", 0, 1e-3);
}

BOOST_AUTO_TEST_CASE(golden_token_norm_loss) {
  check_typed_golden<Float64>();
  check_typed_golden<Float32>();
}

BOOST_AUTO_TEST_CASE(rows_of_gradients_sum_to_the_mean) {
  auto z = values_of(70 * 5, 1);
  for (std::size_t i = 0; i < z.size(); ++i) z[i] = 0.4 * z[i] + double(i % 5) - 1.5;
  std::vector<double> mean(5);
  for (std::size_t i = 0; i < z.size(); ++i) mean[i % 5] += z[i] / 70;
  for (const auto& gradient :
       {evaluate_loss<Form::Univariate, 5>(z).gradient, evaluate_loss<Form::Multivariate, 5>(z).gradient}) {
    std::vector<double> sum(5);
    for (std::size_t i = 0; i < z.size(); ++i) sum[i % 5] += 5 * gradient[i];
    check_close(sum, mean, 1e-11, "sum of gradients");
  }
}

BOOST_AUTO_TEST_CASE(multivariate_less_univariate_is_the_total_correlation) {
  const auto file = Safetensors::open(golden_path("normalisation"));
  const auto z = file.read<double>("normalisation.z");
  const double difference =
      9 * (evaluate_loss<Form::Multivariate, 9>(z, {.delta = 0}).loss - evaluate_loss<Form::Univariate, 9>(z).loss);
  BOOST_CHECK_CLOSE(difference, file.read<double>("normalisation.total_correlation")[0], 1e-8);
  BOOST_CHECK_GT(difference, 0);
  const auto white = whitened<6>(50, 3);
  BOOST_CHECK_SMALL((evaluate_loss<Form::Multivariate, 6>(white, {.delta = 0}).loss), 1e-12);
  BOOST_CHECK_SMALL((evaluate_loss<Form::Univariate, 6>(white).loss), 1e-12);
  for (double g : evaluate_loss<Form::Multivariate, 6>(white, {.delta = 0}).gradient) BOOST_CHECK_SMALL(g, 1e-12);
  for (double g : evaluate_loss<Form::Univariate, 6>(white).gradient) BOOST_CHECK_SMALL(g, 1e-12);
}

BOOST_AUTO_TEST_CASE(invariances) {
  const auto z = values_of(60 * 4, 9);
  auto rotated = z, permuted = z, flipped = z;
  for (std::size_t r = 0; r < 60; ++r) {
    const double* x = z.data() + 4 * r;
    const double c = std::cos(0.7), s = std::sin(0.7);
    rotated[4 * r] = c * x[0] - s * x[2], rotated[4 * r + 2] = s * x[0] + c * x[2];
    permuted[4 * r] = x[3], permuted[4 * r + 3] = x[0];
    flipped[4 * r + 1] = -x[1];
  }
  const double multi = evaluate_loss<Form::Multivariate, 4>(z, {.delta = 0.01}).loss,
               uni = evaluate_loss<Form::Univariate, 4>(z).loss;
  BOOST_CHECK_CLOSE((evaluate_loss<Form::Multivariate, 4>(rotated, {.delta = 0.01}).loss), multi, 1e-10);
  BOOST_CHECK_CLOSE((evaluate_loss<Form::Univariate, 4>(permuted).loss), uni, 1e-10);
  BOOST_CHECK_CLOSE((evaluate_loss<Form::Univariate, 4>(flipped).loss), uni, 1e-10);
  BOOST_CHECK_GT(std::abs((evaluate_loss<Form::Univariate, 4>(rotated).loss) - uni), 1e-6); // only the multivariate form is
}

BOOST_AUTO_TEST_CASE(statistical_floor) {
  const auto file = Safetensors::open(golden_path("normalisation"));
  const auto n = file.read<double>("floor.n"), dims = file.read<double>("floor.D"),
             expected = file.read<double>("floor.expected_loss_sum_uni_multi");
  int checked = 0;
  const auto check = [&](auto width, std::size_t i, std::size_t j) {
    constexpr Index D = decltype(width)::value;
    const auto rows = static_cast<Index>(n[i]);
    const int repeats = 60;
    double sum[2] = {}, squares[2] = {};
    for (int k = 0; k < repeats; ++k) {
      const auto z = values_of(rows * D, static_cast<std::uint64_t>(1000 + k));
      const double loss[2] = {D * evaluate_loss<Form::Univariate, D>(z).loss,
                              D * evaluate_loss<Form::Multivariate, D>(z, {.delta = 0}).loss};
      for (int f = 0; f < 2; ++f) sum[f] += loss[f] / repeats, squares[f] += loss[f] * loss[f] / repeats;
    }
    for (std::size_t f = 0; f < 2; ++f) {
      const double deviation = std::sqrt((squares[f] - sum[f] * sum[f]) / repeats);
      BOOST_CHECK_SMALL(sum[f] - expected[(i * dims.size() + j) * 2 + f], 5 * deviation);
      ++checked;
    }
  };
  for (std::size_t i = 0; i < n.size(); ++i)
    for (std::size_t j = 0; j < dims.size(); ++j) {
      if (n[i] < 4 * dims[j] || n[i] > 1100) continue;
      if (dims[j] == 1) check(std::integral_constant<Index, 1>{}, i, j);
      if (dims[j] == 2) check(std::integral_constant<Index, 2>{}, i, j);
      if (dims[j] == 4) check(std::integral_constant<Index, 4>{}, i, j);
      if (dims[j] == 8) check(std::integral_constant<Index, 8>{}, i, j);
      if (dims[j] == 9) check(std::integral_constant<Index, 9>{}, i, j);
      if (dims[j] == 16) check(std::integral_constant<Index, 16>{}, i, j);
    }
  BOOST_CHECK_GT(checked, 0);
}

BOOST_AUTO_TEST_CASE(few_rows_and_several_panels) {
  BOOST_CHECK_EQUAL((evaluate_loss<Form::Univariate, 3>({1, 2, 3}).loss), 0.0);
  BOOST_CHECK_EQUAL((evaluate_loss<Form::Multivariate, 3>({1, 2, 3}).loss), 0.0);
  for (double g : evaluate_loss<Form::Multivariate, 3>({1, 2, 3}).gradient) BOOST_CHECK_EQUAL(g, 0.0);
  // No type has 8 residues.
  const auto rare = evaluate_loss<Form::PerType, 2>({1, 2, 3, 4, 5, 7}, {}, {4, 4, 4}, 8);
  BOOST_CHECK_EQUAL(rare.loss, 0.0);
  for (double g : rare.gradient) BOOST_CHECK_EQUAL(g, 0.0);
  // Fewer rows than channels without delta.
  BOOST_CHECK_THROW((evaluate_loss<Form::Multivariate, 9>(std::vector<double>(18, 0.0), {.delta = 0})), Error);
  // Rows repeated over the boundary of panels do not change the statistics; any thread count gives the same bits.
  const auto z = values_of(500 * 3, 4);
  auto repeated = z;
  for (int i = 0; i < 4; ++i) repeated.insert(repeated.end(), z.begin(), z.end());
  BOOST_CHECK_CLOSE((evaluate_loss<Form::Multivariate, 3>(repeated).loss), (evaluate_loss<Form::Multivariate, 3>(z).loss), 1e-8);
  const auto one = evaluate_loss<Form::Multivariate, 3, Float32>(repeated),
             three = evaluate_loss<Form::Multivariate, 3, Float32>(repeated, {}, {}, 2, 3);
  check_same_bits(three.gradient, one.gradient, "gradient with threads");
}

#if defined(PLEAT_CONTRACT_DEVICE)
struct SingularCase {
  constexpr explicit SingularCase(Layout) {}
  using Inputs = Signature<In<9>>;
  template <class Run> auto operator()(Run& run, const SequenceBatch& batch, const Rows<Run, 9>& z) const {
    return loss_of<Form::Multivariate>(run, z, batch.tokens, {.delta = 0});
  }
};
// What the CPU throws at, another device makes NaN.
BOOST_AUTO_TEST_CASE(not_positive_definite_on_another_device) {
  const auto got = evaluate<SingularCase, Float64, true, PLEAT_CONTRACT_DEVICE>(SingularCase::Inputs{}, TestBatch({2}),
                                                                                {std::vector<double>(18, 0.0)}, {}, 1);
  BOOST_CHECK(std::isnan(got.output[0]));
  for (double g : got.input_gradients[0]) BOOST_CHECK(std::isnan(g));
}
#endif

BOOST_AUTO_TEST_SUITE_END()
