// The Transformer block against its golden file: forward, the attention it forms, and every gradient.

#include "support/loss_run.hpp"

#include <pleat/nn/block.hpp>

using namespace pleat;
using namespace contract;

namespace {

constexpr Shape shape{1, 16, 2, 40};
using Golden = Block<shape>;

// The golden file and a block with its parameters.
template <class Precision> struct GoldenBlock {
  Safetensors file = Safetensors::open(golden_path("transformer_block"));
  ThreadPool pool{2};
  Parameters<Golden, Tested, Precision> parameters{device_for_tests<Tested>(pool)};
  std::vector<Index> offsets;

  GoldenBlock() {
    for (const TensorPlace& place : parameters.tensors()) {
      const auto values = file.read<double>("param." + place.name);
      for (Index r = 0; r < place.rows; ++r)
        for (Index c = 0; c < place.columns; ++c)
          parameters.data(place)[r * stride_of(place.columns) + c] =
              static_cast<typename Precision::Parameter>(values[static_cast<std::size_t>(r * place.columns + c)]);
    }
    parameters.changed();
    for (std::int64_t offset : file.read<std::int64_t>("cu_seqlens")) offsets.push_back(static_cast<Index>(offset));
  }
  Segments segments() const { return {offsets}; }
};

template <class Precision> void check_block() {
  GoldenBlock<Precision> golden;
  const auto& file = golden.file;
  const double values = value_tolerance<Precision>, gradients = gradient_tolerance<Precision>;
  BOOST_CHECK_EQUAL(golden.parameters.tensors().size(), 16u);

  LossRun<Precision> bench(2, golden.parameters);
  auto& run = bench.run;
  golden.parameters.zero_gradients();
  const auto x = bench.template input<16>(file.template read<double>("x"));
  check_close(dense_of(model_of<Golden>.attend(run, x, golden.segments())), file.template read<double>("after_attention"), values,
              "after attention");
  auto y = model_of<Golden>(run, x, golden.segments());
  check_close(dense_of(y), file.template read<double>("output"), values, "output");

  seed(run, y, file.template read<double>("grad_output"));
  y = {};
  run.backward();
  check_close(dense_of(run.gradient_of(x)), file.template read<double>("grad_x"), gradients, "gradient of x");
  for (const TensorPlace& place : golden.parameters.tensors())
    check_close(values_at(golden.parameters.gradients(), place), file.template read<double>("grad." + place.name), gradients,
                "gradient of " + place.name);
}

} // namespace

BOOST_AUTO_TEST_SUITE(block)

BOOST_AUTO_TEST_CASE(golden_in_double) { check_block<Float64>(); }
BOOST_AUTO_TEST_CASE(golden_in_float) { check_block<Float32>(); }

// The op keeps no probabilities; they are formed here from the queries and keys that the block makes.
BOOST_AUTO_TEST_CASE(golden_attention_probabilities) {
  GoldenBlock<Float64> golden;
  LossRun<Float64> bench(1, golden.parameters);
  const auto x = bench.input<16>(golden.file.read<double>("x"));
  const auto h = model_of<Golden>.norm1(bench.run, x);
  const auto q = dense_of(model_of<Golden>.attention.query(bench.run, h)),
             k = dense_of(model_of<Golden>.attention.key(bench.run, h));
  const auto frequency = golden.file.read<double>("inv_freq");
  auto rotated = [&](const std::vector<double>& from, Index row, Index head, Index position) {
    std::array<double, 8> to{};
    for (std::size_t i = 0; i < 4; ++i) {
      const double* v = &from[static_cast<std::size_t>(row * 16 + head * 8)];
      const double angle = static_cast<double>(position) * frequency[i], c = std::cos(angle), s = std::sin(angle);
      to[i] = v[i] * c - v[i + 4] * s, to[i + 4] = v[i + 4] * c + v[i] * s;
    }
    return to;
  };
  for (Index s = 0; s < golden.segments().sequences(); ++s) {
    const Index n = golden.segments().length(s), begin = golden.segments().begin(s);
    std::vector<double> probabilities;
    for (Index head = 0; head < 2; ++head)
      for (Index i = 0; i < n; ++i) {
        std::vector<double> row;
        double sum = 0;
        for (Index j = 0; j < n; ++j) {
          const auto a = rotated(q, begin + i, head, i), b = rotated(k, begin + j, head, j);
          double score = 0;
          for (std::size_t c = 0; c < 8; ++c) score += a[c] * b[c];
          row.push_back(std::exp(score / std::sqrt(8.0)));
          sum += row.back();
        }
        for (double p : row) probabilities.push_back(p / sum);
      }
    check_close(probabilities, golden.file.read<double>("attention_probability.seq" + std::to_string(s)), 1e-10,
                "attention of sequence " + std::to_string(s));
  }
}

BOOST_AUTO_TEST_SUITE_END()
