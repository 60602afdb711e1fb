#include "support/loss_run.hpp"

#include <pleat/ops/squared_error.hpp>

using namespace pleat;
using namespace contract;

namespace {

const double case_weights[4] = {0.5, 2, 0, 1.25};

template <Index Width, ErrorReduction How, bool Weighted> struct ErrorCase {
  constexpr explicit ErrorCase(Layout) {}
  using Inputs = Signature<In<Width>, In<Width>>;
  template <class Run>
  auto operator()(Run& run, const SequenceBatch& batch, const Rows<Run, Width>& x, const Rows<Run, Width>& y) const {
    const std::span<const double> weights(case_weights, Weighted ? static_cast<std::size_t>(batch.sequences()) : 0);
    return squared_error(run, x, y, batch.segments, weights, How).loss;
  }
};

struct SelfCase { // prediction and target are the same value: no loss, and the gradients cancel
  constexpr explicit SelfCase(Layout) {}
  using Inputs = Signature<In<5>>;
  template <class Run> auto operator()(Run& run, const SequenceBatch& batch, const Rows<Run, 5>& x) const {
    return squared_error(run, x, x, batch.segments, {}, ErrorReduction::Positions).loss;
  }
};

// The golden batch is padded: 6 sequences of 5 positions of 7 channels. `lengths` says how many positions are read.
template <class Precision>
void check_golden(const std::vector<Index>& lengths, const std::string& name, ErrorReduction reduction,
                  const std::vector<double>& weights) {
  const auto file = Safetensors::open(golden_path("diffusion"));
  const auto packed = [&](const std::string& tensor) {
    const auto all = file.read<double>(tensor);
    std::vector<double> rows;
    for (std::size_t s = 0; s < 6; ++s)
      for (std::size_t i = 0; i < static_cast<std::size_t>(lengths[s]) * 7; ++i) rows.push_back(all[s * 35 + i]);
    return rows;
  };
  const TestBatch batch(lengths);
  LossRun<Precision> test;
  auto vhat = test.template input<7>(packed("vhat"));
  auto v = test.template input<7>(packed("v"));
  auto result = squared_error(test.run, vhat, v, batch.view().segments, weights, reduction);
  check_close(dense_of(result.loss), file.read<double>(name), value_tolerance<Precision>, name);
  if (lengths[0] != 5 || lengths[1] != 5)
    check_close(test.read(result.sequence_loss), file.read<double>("loss.per_sequence"), value_tolerance<Precision>,
                "per sequence");
  test.run.backward(result.loss);
  auto expected = packed(name + ".grad_vhat");
  check_close(dense_of(test.run.gradient_of(vhat)), expected, gradient_tolerance<Precision>, name + " gradient");
  for (double& x : expected) x = -x;
  check_close(dense_of(test.run.gradient_of(v)), expected, gradient_tolerance<Precision>, name + " gradient of the target");
}

} // namespace

BOOST_AUTO_TEST_SUITE(squared_errors)

BOOST_AUTO_TEST_CASE(contract) {
  check_op_contract<ErrorCase<6, ErrorReduction::Positions, false>>();
  check_op_contract<ErrorCase<16, ErrorReduction::Positions, true>>();
  check_op_contract<ErrorCase<20, ErrorReduction::Sequences, true>>();
  check_op_contract<ErrorCase<9, ErrorReduction::Sequences, false>>();
  check_op_contract<SelfCase>();
}

BOOST_AUTO_TEST_CASE(golden_diffusion) {
  const auto file = Safetensors::open(golden_path("diffusion"));
  std::vector<Index> lengths;
  for (double n : file.read<double>("lengths")) lengths.push_back(static_cast<Index>(n));
  const auto weights = file.read<double>("importance_weight");
  const std::vector<Index> full(6, 5);
  check_golden<Float64>(full, "loss.mean_all_positions", ErrorReduction::Positions, {});
  check_golden<Float32>(full, "loss.mean_all_positions", ErrorReduction::Positions, {});
  check_golden<Float64>(lengths, "loss.mean_valid_positions", ErrorReduction::Positions, {});
  check_golden<Float32>(lengths, "loss.mean_valid_positions", ErrorReduction::Positions, {});
  check_golden<Float64>(lengths, "loss.weighted_mean_of_sequence_means", ErrorReduction::Sequences, weights);
  check_golden<Float32>(lengths, "loss.weighted_mean_of_sequence_means", ErrorReduction::Sequences, weights);
}

BOOST_AUTO_TEST_CASE(a_sequence_does_not_see_its_batch_mates) {
  const auto x = values_of(12 * 9, 1), y = values_of(12 * 9, 2);
  const auto alone = [&](Index begin, Index rows) {
    LossRun<Float32> test;
    const TestBatch batch({rows});
    const auto part = [&](const std::vector<double>& all) {
      return std::vector<double>(all.begin() + begin * 9, all.begin() + (begin + rows) * 9);
    };
    return test.read(squared_error(test.run, test.input<9>(part(x)), test.input<9>(part(y)), batch.view().segments, {},
                                   ErrorReduction::Sequences)
                         .sequence_loss)[0];
  };
  LossRun<Float32> test(3);
  const TestBatch batch({5, 0, 7});
  auto result = squared_error(test.run, test.input<9>(x), test.input<9>(y), batch.view().segments, {}, ErrorReduction::Sequences);
  const auto together = test.read(result.sequence_loss);
  BOOST_CHECK_EQUAL(together[0], alone(0, 5));
  BOOST_CHECK_EQUAL(together[1], 0.0);
  BOOST_CHECK_EQUAL(together[2], alone(5, 7));
  BOOST_CHECK_CLOSE(dense_of(result.loss)[0], (together[0] + together[2]) / 2, 1e-5); // the empty one does not count
}

BOOST_AUTO_TEST_CASE(shapes_must_agree) {
  LossRun<Float32> test;
  auto x = test.input<2>({1, 2, 3, 4}), y = test.input<2>({1, 2});
  const TestBatch batch({2});
  const std::vector<double> two{1, 1};
  BOOST_CHECK_THROW(squared_error(test.run, x, y, batch.view().segments, {}, ErrorReduction::Positions), Error);
  BOOST_CHECK_THROW(squared_error(test.run, x, x, batch.view().segments, two, ErrorReduction::Positions), Error);
}

BOOST_AUTO_TEST_SUITE_END()
