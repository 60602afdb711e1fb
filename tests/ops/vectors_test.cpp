// Ops of vector channels: norm, gate, layer norm, dropout, maps of channels.

#include <boost/test/unit_test.hpp>

#include "support/loss_run.hpp"

#include <pleat/ops/linear.hpp>

using namespace pleat;
using namespace contract;

namespace {

using V = Equivariant<Residue>;

template <Index Width> struct NormCase {
  constexpr explicit NormCase(Layout) {}
  using Inputs = Signature<In<Width, V>>;
  template <class Run> auto operator()(Run& run, const SequenceBatch&, const Rows<Run, Width, V>& v) const {
    return vector_norm(run, v);
  }
};

template <Index Width> struct GateCase {
  constexpr explicit GateCase(Layout) {}
  using Inputs = Signature<In<Width, V>, In<Width, Residue>>;
  template <class Run>
  auto operator()(Run& run, const SequenceBatch&, const Rows<Run, Width, V>& v, const Rows<Run, Width, Residue>& gate) const {
    return vector_gate(run, v, gate);
  }
};

template <Index Width> struct LayerNormCase {
  constexpr explicit LayerNormCase(Layout) {}
  using Inputs = Signature<In<Width, V>>;
  template <class Run> auto operator()(Run& run, const SequenceBatch&, const Rows<Run, Width, V>& v) const {
    return vector_layer_norm(run, v);
  }
};

// A gate by the vectors' own length, then the norm: the vectors are used twice.
struct TwiceCase {
  constexpr explicit TwiceCase(Layout) {}
  using Inputs = Signature<In<7, V>>;
  template <class Run> auto operator()(Run& run, const SequenceBatch&, const Rows<Run, 7, V>& v) const {
    return vector_layer_norm(run, add(run, v, vector_gate(run, v, vector_norm(run, v))));
  }
};

template <Index In_, Index Out> struct MapCase {
  Matrix<Out, In_> weight, second;
  constexpr explicit MapCase(Layout at)
      : weight(at.matrix<Out, In_>("weight", init::lecun)), second(at.matrix<Out, In_>("second", init::lecun)) {}
  using Inputs = Signature<In<In_, V>>;
  template <class Run> auto operator()(Run& run, const SequenceBatch&, const Rows<Run, In_, V>& v) const {
    return linear_add(run, second, v, linear(run, weight, v));
  }
};

struct DropoutCase {
  constexpr explicit DropoutCase(Layout) {}
  using Inputs = Signature<In<20, V>>;
  template <class Run> auto operator()(Run& run, const SequenceBatch& batch, const Rows<Run, 20, V>& v) const {
    return vector_dropout(run, v, 0.3, batch);
  }
};

template <Index Width> struct SigmoidCase {
  constexpr explicit SigmoidCase(Layout) {}
  using Inputs = Signature<In<Width, Residue>>;
  template <class Run> auto operator()(Run& run, const SequenceBatch&, const Rows<Run, Width, Residue>& x) const {
    return sigmoid(run, x);
  }
};

// The first four: the zero vector, one below the clamp, one above, one along an axis.
const std::vector<double> few{0, 3e-5, 3, 0, 0, 4e-5, 0, -2, 0, 0, 4, 0};

} // namespace

BOOST_AUTO_TEST_SUITE(vectors)

BOOST_AUTO_TEST_CASE(contract_of_norms) {
  check_op_contract<NormCase<6>>();
  check_op_contract<NormCase<16>>();
  check_op_contract<NormCase<20>>();
}
BOOST_AUTO_TEST_CASE(contract_of_gates) {
  check_op_contract<GateCase<7>>();
  check_op_contract<GateCase<16>>();
}
BOOST_AUTO_TEST_CASE(contract_of_layer_norms) {
  check_op_contract<LayerNormCase<1>>();
  check_op_contract<LayerNormCase<9>>();
  check_op_contract<LayerNormCase<20>>();
  check_op_contract<TwiceCase>();
}
BOOST_AUTO_TEST_CASE(contract_of_maps_and_logistic) {
  check_op_contract<MapCase<3, 7>>();
  check_op_contract<SigmoidCase<7>>();
  check_op_contract<SigmoidCase<20>>();
}

BOOST_AUTO_TEST_CASE(norms_are_clamped) {
  LossRun<Float64> test;
  const auto v = test.input<4, V>(few);
  const auto n = dense_of(vector_norm(test.run, v));
  check_close(n, {1e-4, 1e-4, 5, 2}, 1e-12, "norms");
  const auto y = vector_norm(test.run, v);
  seed(test.run, y, std::vector<double>(4, 1.0));
  test.run.backward();
  const auto d = dense_of(test.run.gradient_of(v));
  check_close(d, {0, 0, 0.6, 0, 0, 0, 0, -1, 0, 0, 0.8, 0}, 1e-12, "gradient, none where the clamp acts");
}

BOOST_AUTO_TEST_CASE(layer_norm_of_one_channel_gives_unit_vectors_and_keeps_zero) {
  LossRun<Float32> test;
  const auto v = test.input<1, V>({3, 0, 4, 0, 0, 0, 1e-3, 0, 0});
  check_close(dense_of(vector_layer_norm(test.run, v)), {0.6, 0, 0.8, 0, 0, 0, 1, 0, 0}, 1e-6, "unit vectors");
  const auto two = test.input<2, V>({3, 0, 0, 0, 4, 0});
  const double scale = 1 / std::sqrt((25 + 1e-8) / 2);
  check_close(dense_of(vector_layer_norm(test.run, two)), {3 * scale, 0, 0, 0, 4 * scale, 0}, 1e-6, "mean of clamped squares");
}

// In training only, so the contract, which compares training with inference, does not fit.
BOOST_AUTO_TEST_CASE(dropout_keeps_or_drops_whole_vectors) {
  const TestBatch batch({40, 0, 60});
  const Index rows = 100;
  const auto values = values_of(rows * 60, 4);
  const auto one = [&](int threads) {
    return evaluate<DropoutCase, Float64, true>(DropoutCase::Inputs{}, batch, {values}, {}, threads);
  };
  const Evaluation result = one(1);
  const auto weights = values_of(rows * 60, 555);
  Index dropped = 0;
  for (Index i = 0; i < rows; ++i)
    for (Index c = 0; c < 20; ++c) {
      Index zeros = 0;
      for (Index k = 0; k < 3; ++k) {
        const auto at = static_cast<std::size_t>((3 * i + k) * 20 + c);
        const double y = result.output[at], factor = y == 0 ? 0 : 1 / 0.7;
        zeros += y == 0;
        BOOST_CHECK_CLOSE(y + 1, values[at] * factor + 1, 1e-10);
        BOOST_CHECK_CLOSE(result.input_gradients[0][at] + 10, weights[at] * factor + 10, 1e-10);
      }
      BOOST_CHECK(zeros == 0 || zeros == 3);
      dropped += zeros == 3;
    }
  BOOST_CHECK_LE(std::abs(static_cast<double>(dropped) / 2000 - 0.3), 0.05);
  check_same_bits(one(3).output, result.output, "threads");
  const auto still = evaluate<DropoutCase, Float64, false>(DropoutCase::Inputs{}, batch, {values}, {}, 1);
  BOOST_CHECK(still.output == values);
  // The mask of a record does not depend on its batch mates: the last 60 rows alone, under their own record number.
  LossRun<Float64> test;
  TestBatch alone({60});
  alone.records[0] = batch.records[2], alone.starts[0] = batch.starts[2];
  const auto part = test.input<20, V>({values.begin() + 40 * 60, values.end()});
  check_same_bits(dense_of(vector_dropout(test.run, part, 0.3, alone.view())),
                  {result.output.begin() + 40 * 60, result.output.end()}, "alone");
}

BOOST_AUTO_TEST_CASE(rows_that_do_not_fit_are_errors) {
  LossRun<Float64> test;
  const auto v = test.input<4, V>(few);
  const auto gates = test.input<4, Residue>(std::vector<double>(8));
  BOOST_CHECK_THROW(vector_gate(test.run, v, gates), Error);
  const TestBatch batch({2});
  BOOST_CHECK_THROW(vector_dropout(test.run, v, 0.1, batch.view()), Error);
  const TestBatch fits({1});
  BOOST_CHECK_THROW(vector_dropout(test.run, v, 1.0, fits.view()), Error);
}

BOOST_AUTO_TEST_SUITE_END()
