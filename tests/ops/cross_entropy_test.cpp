#include "support/loss_run.hpp"

#include <pleat/ops/cross_entropy.hpp>
#include <pleat/ops/random.hpp>

using namespace pleat;
using namespace contract;

namespace {

// Loss plus its input, so that the contract sees a tail and several uses; targets of TestBatch are 4 … 23.
template <Index Classes, Reduction How> struct CrossEntropyCase {
  constexpr explicit CrossEntropyCase(Layout) {}
  using Inputs = Signature<In<Classes>>;
  template <class Run> auto operator()(Run& run, const SequenceBatch& batch, const Rows<Run, Classes>& x) const {
    std::vector<double> weights;
    for (Index i = 0; i < x.count(); ++i) weights.push_back(i % 4 == 3 ? 0.0 : 0.25 * double(i % 4 + 1));
    return cross_entropy(run, x, batch.tokens, upload(run, weights), How).loss;
  }
};

template <class Precision> void check_golden(Reduction reduction, const std::string& name) {
  const auto file = Safetensors::open(golden_path("noise_mask"));
  const auto targets = narrowed<std::uint8_t>(file.read<double>("target"));
  LossRun<Precision> test;
  auto logits = test.template input<20>(file.read<double>("logits"));
  auto result = cross_entropy(test.run, logits, targets, test.buffer(file.read<double>("weight")), reduction);
  check_close(dense_of(result.loss), file.read<double>(name + ".loss"), value_tolerance<Precision>, name);
  check_close(test.read(result.row_loss), file.read<double>("cross_entropy"), value_tolerance<Precision>,
              "cross entropy of rows");
  test.run.backward(result.loss);
  check_close(dense_of(test.run.gradient_of(logits)), file.read<double>(name + ".grad_logits"), gradient_tolerance<Precision>,
              name + " gradient");
}

struct Outcome {
  double loss;
  std::vector<double> row_loss, row_hit, gradient;
};
template <Index Classes, class Precision = Float64>
Outcome evaluate_loss(const std::vector<double>& logits, const std::vector<std::uint8_t>& targets,
                      const std::vector<double>& weights, Reduction reduction, int threads = 1) {
  LossRun<Precision> test(threads);
  auto x = test.template input<Classes>(logits);
  auto result = cross_entropy(test.run, x, targets, test.buffer(weights), reduction);
  Outcome out{dense_of(result.loss)[0], test.read(result.row_loss), test.read(result.row_hit), {}};
  test.run.backward(result.loss);
  out.gradient = dense_of(test.run.gradient_of(x));
  return out;
}

} // namespace

BOOST_AUTO_TEST_SUITE(cross_entropies)

BOOST_AUTO_TEST_CASE(contract) {
  check_op_contract<CrossEntropyCase<33, Reduction::WeightedMean>>();
  check_op_contract<CrossEntropyCase<24, Reduction::MeanOfWeighted>>();
  check_op_contract<CrossEntropyCase<16, Reduction::WeightedMean>>(); // some targets are no class
  check_op_contract<CrossEntropyCase<7, Reduction::MeanOfWeighted>>();
}

BOOST_AUTO_TEST_CASE(golden_noise_mask) {
  check_golden<Float64>(Reduction::WeightedMean, "weighted_mean");
  check_golden<Float64>(Reduction::MeanOfWeighted, "plain_mean_of_weighted");
  check_golden<Float32>(Reduction::WeightedMean, "weighted_mean");
  check_golden<Float32>(Reduction::MeanOfWeighted, "plain_mean_of_weighted");
}

BOOST_AUTO_TEST_CASE(limits_of_the_weights) {
  const auto logits = values_of(11 * 6, 3);
  std::vector<std::uint8_t> targets;
  for (int i = 0; i < 11; ++i) targets.push_back(static_cast<std::uint8_t>(i % 6));
  // All t = 0: no loss, no gradient.
  const std::vector<double> none(11, 0.0), all(11, 1.0);
  for (auto reduction : {Reduction::WeightedMean, Reduction::MeanOfWeighted}) {
    const auto zero = evaluate_loss<6>(logits, targets, none, reduction);
    BOOST_CHECK_EQUAL(zero.loss, 0.0);
    for (double g : zero.gradient) BOOST_CHECK_EQUAL(g, 0.0);
  }
  // All t = 1: the plain mean, by both reductions.
  const auto plain = evaluate_loss<6>(logits, targets, all, Reduction::WeightedMean);
  double mean = 0;
  for (double x : plain.row_loss) mean += x / 11;
  BOOST_CHECK_CLOSE(plain.loss, mean, 1e-11);
  BOOST_CHECK_CLOSE(evaluate_loss<6>(logits, targets, all, Reduction::MeanOfWeighted).loss, mean, 1e-11);
  // t in {0, 1}: the mean over the masked rows only.
  std::vector<double> masked(11, 0.0);
  masked[2] = masked[3] = masked[9] = 1;
  const auto some = evaluate_loss<6>(logits, targets, masked, Reduction::WeightedMean);
  BOOST_CHECK_CLOSE(some.loss, (plain.row_loss[2] + plain.row_loss[3] + plain.row_loss[9]) / 3, 1e-11);
  // A common factor of the weights does not change the normalised form.
  std::vector<double> scaled(11, 0.37);
  BOOST_CHECK_CLOSE(evaluate_loss<6>(logits, targets, scaled, Reduction::WeightedMean).loss, mean, 1e-11);
  BOOST_CHECK_CLOSE(evaluate_loss<6>(logits, targets, scaled, Reduction::MeanOfWeighted).loss, 0.37 * mean, 1e-11);
}

BOOST_AUTO_TEST_CASE(hits_and_large_logits) {
  const std::vector<double> logits{1000, 0, -1000, /**/ -5, -5, -5, /**/ -7, -9, -8};
  const auto out = evaluate_loss<3, Float32>(logits, {0, 1, 2}, {1, 1, 1}, Reduction::WeightedMean);
  BOOST_CHECK_SMALL(out.row_loss[0], 1e-6);
  BOOST_CHECK_CLOSE(out.row_loss[1], std::log(3.0), 1e-4); // all logits are negative: the zero tail takes no part
  BOOST_CHECK_CLOSE(out.row_loss[2], 1 + std::log(1 + std::exp(-1.0) + std::exp(-2.0)), 1e-4);
  BOOST_CHECK_EQUAL(out.row_hit[0], 1);
  BOOST_CHECK_EQUAL(out.row_hit[1], 0); // of equal logits the first is the prediction
  BOOST_CHECK_EQUAL(out.row_hit[2], 0);
  BOOST_CHECK(std::isnan(evaluate_loss<3>({NAN, 0, 0}, {1}, {1}, Reduction::WeightedMean).loss));
  BOOST_CHECK_EQUAL(evaluate_loss<3>({NAN, 0, 0, 1, 1, 1}, {1, 1}, {0, 1}, Reduction::WeightedMean).loss, std::log(3.0));
}

BOOST_AUTO_TEST_CASE(shapes_must_agree) {
  LossRun<Float32> test;
  auto x = test.input<3>({1, 2, 3, 4, 5, 6});
  auto weights = test.buffer({1.0, 1.0});
  const std::vector<std::uint8_t> one{0};
  BOOST_CHECK_THROW(cross_entropy(test.run, x, one, weights, Reduction::WeightedMean), Error);
}

BOOST_AUTO_TEST_SUITE_END()
