#include <boost/test/unit_test.hpp>

#include "support/op_contract.hpp"

using namespace pleat;
using namespace contract;

namespace {

template <Index Width> struct AdaptiveCase {
  constexpr explicit AdaptiveCase(Layout) {}
  using Inputs = Signature<In<Width>, In<Width, Sequence>, In<Width, Sequence>>;
  template <class Run>
  auto operator()(Run& run, const SequenceBatch& batch, const Rows<Run, Width>& x, const Rows<Run, Width, Sequence>& shift,
                  const Rows<Run, Width, Sequence>& scale) const {
    return adaptive_norm(run, x, shift, scale, batch.segments);
  }
};

template <Index Width> struct GatedCase {
  constexpr explicit GatedCase(Layout) {}
  using Inputs = Signature<In<Width>, In<Width>, In<Width, Sequence>>;
  template <class Run>
  auto operator()(Run& run, const SequenceBatch& batch, const Rows<Run, Width>& residual, const Rows<Run, Width>& h,
                  const Rows<Run, Width, Sequence>& gate) const {
    return gated_add(run, residual, h, gate, batch.segments);
  }
};

// One block of a DiT: every input is used several times, the conditioning in both ops, once as shift and as scale.
struct BlockCase {
  constexpr explicit BlockCase(Layout) {}
  using Inputs = Signature<In<6>, In<6, Sequence>, In<6, Sequence>>;
  template <class Run>
  auto operator()(Run& run, const SequenceBatch& batch, const Rows<Run, 6>& x, const Rows<Run, 6, Sequence>& c,
                  const Rows<Run, 6, Sequence>& d) const {
    auto h = activate(run, adaptive_norm(run, x, c, d, batch.segments), Activation::Gelu);
    auto y = gated_add(run, x, h, c, batch.segments);
    return gated_add(run, y, adaptive_norm(run, y, d, d, batch.segments), c, batch.segments);
  }
};

} // namespace

BOOST_AUTO_TEST_SUITE(adaptive_normalisation)

BOOST_AUTO_TEST_CASE(contract_of_modulated_norms) {
  ContractOptions options;
  options.lengths = {{5, 2, 9}, {}, {3, 0, 4}, {0, 0, 2, 0}};
  check_op_contract<AdaptiveCase<6>>(options);
  check_op_contract<AdaptiveCase<16>>(options);
  check_op_contract<AdaptiveCase<20>>(options);
}

BOOST_AUTO_TEST_CASE(contract_of_gated_residuals) {
  check_op_contract<GatedCase<7>>();
  check_op_contract<GatedCase<16>>();
  check_op_contract<GatedCase<20>>();
  ContractOptions options;
  options.gradient_tolerance = 1e-6;
  check_op_contract<BlockCase>(options);
}

BOOST_AUTO_TEST_CASE(norm_follows_its_formula) {
  const TestBatch batch({2, 3});
  const auto x = values_of(5 * 7, 1), shift = values_of(2 * 7, 2), scale = values_of(2 * 7, 3);
  const auto y = evaluate<AdaptiveCase<7>, Float64, false>(AdaptiveCase<7>::Inputs{}, batch, {x, shift, scale}, {}, 1).output;
  std::vector<double> expected;
  for (std::size_t i = 0; i < 5; ++i) {
    const std::size_t s = i < 2 ? 0 : 1;
    double mean = 0, variance = 0;
    for (std::size_t c = 0; c < 7; ++c) mean += x[i * 7 + c] / 7;
    for (std::size_t c = 0; c < 7; ++c) variance += (x[i * 7 + c] - mean) * (x[i * 7 + c] - mean) / 7;
    for (std::size_t c = 0; c < 7; ++c)
      expected.push_back((x[i * 7 + c] - mean) / std::sqrt(variance + 1e-5) * (1 + scale[s * 7 + c]) + shift[s * 7 + c]);
  }
  check_close(y, expected, 1e-14, "adaptive_norm");
}

BOOST_AUTO_TEST_CASE(a_closed_gate_leaves_the_residual_as_it_is) {
  const TestBatch batch({2, 3});
  const auto x = values_of(5 * 7, 1), h = values_of(5 * 7, 2);
  const auto y = evaluate<GatedCase<7>, Float32, false>(GatedCase<7>::Inputs{}, batch, {x, h, std::vector<double>(14)}, {}, 1);
  check_same_bits(y.output, x, "gate of zeros");
}

BOOST_AUTO_TEST_CASE(conditioning_of_another_batch_is_an_error) {
  ThreadPool pool(1);
  HostMemory memory(4096);
  Arena arena(memory.data(), memory.size());
  using Run = Inference<Cpu>;
  Run run(Cpu{&pool}, arena, {});
  const std::vector<Index> offsets{0, 1, 2};
  auto x = fill<Run, 3, Token>(run, {1, 2, 3, 4, 5, 6});
  auto c = fill<Run, 3, Sequence>(run, {1, 2, 3});
  BOOST_CHECK_THROW(adaptive_norm(run, x, c, c, Segments{offsets}), Error);
  BOOST_CHECK_THROW(gated_add(run, x, x, c, Segments{offsets}), Error);
}

BOOST_AUTO_TEST_SUITE_END()
