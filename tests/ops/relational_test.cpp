// Ops of graph convolutions: sums over neighbours and edges, messages between edges by angle, distances, one-hot features,
// concat.

#include <boost/test/unit_test.hpp>

#include "support/loss_run.hpp"

#include <pleat/nn/relational_conv.hpp>
#include <pleat/ops/concat.hpp>
#include <pleat/ops/distance.hpp>
#include <pleat/ops/one_hot.hpp>

using namespace pleat;
using namespace contract;

namespace {

template <Index Width> struct NeighbourCase {
  constexpr explicit NeighbourCase(Layout) {}
  using Inputs = Signature<In<Width, Residue>>;
  template <class Run> auto operator()(Run& run, const TestBatch& batch, const Rows<Run, Width, Residue>& x) const {
    return sum_of_neighbours<2>(run, batch.graph.topology(), x);
  }
};

template <Index Width> struct EdgeCase {
  constexpr explicit EdgeCase(Layout) {}
  using Inputs = Signature<In<Width, Edge>>;
  template <class Run> auto operator()(Run& run, const TestBatch& batch, const Rows<Run, Width, Edge>& x) const {
    return sum_of_edges<2, Residue>(run, batch.graph.topology(), x);
  }
};

struct DistanceCase {
  constexpr explicit DistanceCase(Layout) {}
  using Inputs = Signature<In<1, Coordinates<Residue>>>;
  template <class Run> auto operator()(Run& run, const TestBatch& batch, const Rows<Run, 1, Coordinates<Residue>>& x) const {
    return distances(run, batch.graph.topology(), x);
  }
};

struct OneHotCase {
  constexpr explicit OneHotCase(Layout) {}
  using Inputs = Signature<In<1, Residue>>;
  template <class Run> auto operator()(Run& run, const TestBatch& batch, const Rows<Run, 1, Residue>& x) const {
    return one_hot_and<39>(run, batch.graph.node_columns, 2, x);
  }
};

template <Index Width> struct ConcatCase {
  constexpr explicit ConcatCase(Layout) {}
  using Inputs = Signature<In<Width, Edge>, In<Width, Edge>>;
  template <class Run>
  auto operator()(Run& run, const TestBatch&, const Rows<Run, Width, Edge>& a, const Rows<Run, Width, Edge>& b) const {
    return concat(run, std::array<Rows<Run, Width, Edge>, 3>{a, b, a});
  }
};

// Made-up bins: equal for parallel edges, as angles are.
std::vector<std::uint8_t> bins_of(const GraphTopology& graph, Index bins) {
  std::vector<std::uint8_t> table;
  for (Index v = 0; v < graph.node_count(); ++v)
    for (Index e = graph.in_begin(v); e < graph.in_end(v); ++e)
      for (Index k = graph.outgoing[std::size_t(v)]; k < graph.outgoing[std::size_t(v) + 1]; ++k) {
        const Index a = graph.source[std::size_t(e)], c = graph.target[std::size_t(graph.leaving[std::size_t(k)])];
        table.push_back(static_cast<std::uint8_t>((a * 5 + v * 3 + c * 7) % bins));
      }
  return table;
}
template <class Run, class T> Rows<Run, 1, T> upload(Run& run, const std::vector<T>& from) {
  auto rows = run.template buffer<T>(Index(from.size()));
  if constexpr (Run::computes && has_own_memory<typename Run::Device>)
    kernel<memory_op, typename Run::Device>::to_device(run.device(), run.data(rows), from.data(), Index(from.size() * sizeof(T)));
  else if constexpr (Run::computes)
    std::copy(from.begin(), from.end(), run.data(rows));
  return rows;
}

template <Index Bins, Index InWidth, Index OutWidth> struct AngleCase {
  AngleConv<Bins, InWidth, OutWidth> conv;
  constexpr explicit AngleCase(Layout at) : conv(at) {}
  using Inputs = Signature<In<InWidth, Edge>>;
  template <class Run> auto operator()(Run& run, const TestBatch& batch, const Rows<Run, InWidth, Edge>& x) const {
    const GraphTopology graph = batch.graph.topology();
    return angle_linear(run, conv.tensors, x, graph, upload(run, bins_of(graph, Bins)));
  }
};

#if defined(PLEAT_CONTRACT_DEVICE)
// A batch norm in the store of both forms, at inference.
template <bool OneHot> struct FoldedCase {
  static constexpr Index width = 21, stride = stride_of(width);
  AngleConv<8, 10, width> conv;
  constexpr explicit FoldedCase(Layout at) : conv(at) {}
  using Inputs = Signature<In<OneHot ? 1 : 10, Edge>>;
  template <class Run> auto operator()(Run& run, const TestBatch& batch, const Rows<Run, OneHot ? 1 : 10, Edge>& x) const {
    const GraphTopology graph = batch.graph.topology();
    const auto bins = upload(run, bins_of(graph, 8));
    std::vector<typename Run::Stream> slope_and_shift(std::size_t(2 * stride));
    for (std::size_t c = 0; c < std::size_t(width); ++c)
      slope_and_shift[c] = typename Run::Stream(0.5 + 0.1 * double(c)), slope_and_shift[std::size_t(stride) + c] = 1;
    const auto folded = upload(run, slope_and_shift);
    if constexpr (OneHot)
      return one_hot_angle_linear(run, conv.tensors, batch.graph.edge_columns, 2, x, graph, bins, folded);
    else
      return angle_linear(run, conv.tensors, x, graph, bins, folded);
  }
};
template <class Case> void check_folded(Index width) {
  const TestBatch batch({30, 1, 0, 60, 9});
  const auto flat = values_of(layout_totals<Case>.count[0] + layout_totals<Case>.count[1], 17, 0.7);
  const std::vector<std::vector<double>> x{values_of(batch.graph.edges() * width, 3)};
  const auto expected = evaluate<Case, Float64, false>(typename Case::Inputs{}, batch, x, flat, 1);
  check_close(evaluate<Case, Float64, false, PLEAT_CONTRACT_DEVICE>(typename Case::Inputs{}, batch, x, flat, 1).output,
              expected.output, 1e-11, "folded");
}
#endif

// One-hot rows of edges (10 wide: two ones, a length) and of nodes, looked up or made and multiplied.
template <Index Bins, Index OutWidth, bool LookUp> struct OneHotAngleCase {
  AngleConv<Bins, 10, OutWidth> conv;
  constexpr explicit OneHotAngleCase(Layout at) : conv(at) {}
  using Inputs = Signature<In<1, Edge>>;
  template <class Run> auto operator()(Run& run, const TestBatch& batch, const Rows<Run, 1, Edge>& length) const {
    const GraphTopology graph = batch.graph.topology();
    const auto bins = upload(run, bins_of(graph, Bins));
    if constexpr (LookUp)
      return one_hot_angle_linear(run, conv.tensors, batch.graph.edge_columns, 2, length, graph, bins);
    else
      return angle_linear(run, conv.tensors, one_hot_and<10>(run, batch.graph.edge_columns, 2, length), graph, bins);
  }
};
template <Index OutWidth, bool LookUp> struct OneHotNodeCase {
  RelationalConv<2, 39, OutWidth> conv;
  constexpr explicit OneHotNodeCase(Layout at) : conv(at) {}
  using Inputs = Signature<>;
  template <class Run> auto operator()(Run& run, const TestBatch& batch) const {
    const GraphTopology graph = batch.graph.topology();
    if constexpr (LookUp) {
      return one_hot_relational<2, Residue>(run, conv.weight, conv.bias, conv.self, conv.self_bias, batch.graph.node_columns, 2,
                                            graph);
    } else {
      const auto h = one_hot<39, Residue>(run, batch.graph.node_columns, 2, graph.node_count());
      return linear_add(run, conv.self, conv.self_bias, h,
                        linear(run, conv.weight, conv.bias, sum_of_neighbours<2>(run, graph, h)));
    }
  }
};
// Values and all gradients of the two forms.
template <class LookedUp, class Multiplied> void check_same_layer(double tolerance) {
  const TestBatch batch({30, 1, 0, 60, 9});
  typename LookedUp::Inputs inputs;
  std::vector<std::vector<double>> values;
  if constexpr (!std::is_same_v<typename LookedUp::Inputs, Signature<>>) values = {values_of(batch.graph.edges(), 3)};
  const auto flat = values_of(layout_totals<LookedUp>.count[0], 17, 0.7);
  const auto a = evaluate<LookedUp, Float64, true>(inputs, batch, values, flat, 2);
  const auto b = evaluate<Multiplied, Float64, true>(inputs, batch, values, flat, 2);
  check_close(a.output, b.output, tolerance, "looked up");
  check_close(a.parameter_gradients, b.parameter_gradients, tolerance, "gradients of tensors");
  for (std::size_t i = 0; i < values.size(); ++i)
    check_close(a.input_gradients[i], b.input_gradients[i], tolerance, "gradient of the length");
}

// The formula, arc by arc.
template <Index Bins, Index InWidth, Index OutWidth> void check_formula() {
  using Case = AngleCase<Bins, InWidth, OutWidth>;
  const TestBatch batch({30, 2, 60});
  const GraphTopology graph = batch.graph.topology();
  const auto bins = bins_of(graph, Bins);
  const auto x = values_of(graph.edge_count() * InWidth, 1);
  ThreadPool pool(2);
  Parameters<Case, Cpu, Float64> parameters(Cpu{&pool});
  parameters.initialise(3);
  LossRun<Float64, Cpu> bench(2, parameters);
  const auto got = dense_of(model_of<Case>(bench.run, batch, bench.template input<InWidth, Edge>(x)));
  const auto tensors = model_of<Case>.conv.tensors;
  const double *w = bench.run.data(tensors.weight), *self = bench.run.data(tensors.self), *b = bench.run.data(tensors.bias),
               *sb = bench.run.data(tensors.self_bias);
  std::vector<double> expected;
  for (Index e = 0; e < graph.edge_count(); ++e) {
    const Index v = graph.source[std::size_t(e)], first = graph.outgoing[std::size_t(v)];
    const Index outs = graph.outgoing[std::size_t(v) + 1] - first;
    Index j = 0;
    while (graph.leaving[std::size_t(first + j)] != e) ++j;
    for (Index o = 0; o < OutWidth; ++o) {
      double y = b[o] + sb[o];
      for (Index i = 0; i < InWidth; ++i) y += self[o * stride_of(InWidth) + i] * x[std::size_t(e * InWidth + i)];
      for (Index a = graph.in_begin(v); a < graph.in_end(v); ++a) {
        const Index bin = bins[std::size_t(graph.arcs[std::size_t(v)] + (a - graph.in_begin(v)) * outs + j)];
        for (Index i = 0; i < InWidth; ++i)
          y += w[o * stride_of(Bins * InWidth) + bin * InWidth + i] * x[std::size_t(a * InWidth + i)];
      }
      expected.push_back(y);
    }
  }
  check_close(got, expected, 1e-12, "angle_linear");
}

} // namespace

BOOST_AUTO_TEST_SUITE(relational)

BOOST_AUTO_TEST_CASE(sums_of_neighbours_and_edges) {
  check_op_contract<NeighbourCase<7>>();
  check_op_contract<NeighbourCase<16>>();
  check_op_contract<EdgeCase<20>>({.lengths = {{5, 1, 4}, {}, {3, 0, 4}}});
  check_op_contract<EdgeCase<6>>();
}

BOOST_AUTO_TEST_CASE(lengths_of_edges) { check_op_contract<DistanceCase>(); }
BOOST_AUTO_TEST_CASE(one_hot_rows) { check_op_contract<OneHotCase>(); }
BOOST_AUTO_TEST_CASE(blocks_side_by_side) {
  check_op_contract<ConcatCase<7>>();
  check_op_contract<ConcatCase<16>>({.lengths = {{5, 1, 4}}});
}

BOOST_AUTO_TEST_CASE(messages_between_edges) {
  check_formula<8, 20, 9>();
  check_formula<8, 9, 48>();
  check_formula<3, 40, 33>();
  const ContractOptions small{.lengths = {{5, 1, 4}, {1}, {}, {3, 0, 4}}};
  check_op_contract<AngleCase<8, 3, 7>>(small);
  check_op_contract<AngleCase<8, 9, 16>>({.lengths = {{4, 1, 3}, {}}});
  check_op_contract<AngleCase<2, 6, 17>>(small);
}

BOOST_AUTO_TEST_CASE(messages_between_one_hot_edges) {
  check_same_layer<OneHotAngleCase<8, 21, true>, OneHotAngleCase<8, 21, false>>(1e-12);
  check_same_layer<OneHotAngleCase<3, 90, true>, OneHotAngleCase<3, 90, false>>(1e-12);
  check_op_contract<OneHotAngleCase<3, 7, true>>({.lengths = {{5, 1, 4}, {1}, {}, {3, 0, 4}}});
}

BOOST_AUTO_TEST_CASE(sums_of_one_hot_neighbours) {
  check_same_layer<OneHotNodeCase<9, true>, OneHotNodeCase<9, false>>(1e-12);
  check_same_layer<OneHotNodeCase<90, true>, OneHotNodeCase<90, false>>(1e-12);
  check_op_contract<OneHotNodeCase<7, true>>({.lengths = {{5, 1, 4}, {}, {3, 0, 4}}});
}

#if defined(PLEAT_CONTRACT_DEVICE)
BOOST_AUTO_TEST_CASE(rounded_operands) {
  check_rounded_operands<AngleCase<8, 9, 16>>({.lengths = {{5, 1, 4}, {}}});
  check_rounded_operands<AngleCase<2, 6, 17>>({.lengths = {{5, 1, 4}}});
  check_rounded_operands<OneHotAngleCase<3, 7, true>>({.lengths = {{5, 1, 4}, {}}});
  check_rounded_operands<OneHotNodeCase<7, true>>({.lengths = {{5, 1, 4}, {}}});
}

BOOST_AUTO_TEST_CASE(batch_norms_in_the_store_of_messages_on_another_device) {
  check_folded<FoldedCase<false>>(10);
  check_folded<FoldedCase<true>>(1);
}
#endif

// What follows a product at inference: both affine maps, and all that is added between them.
BOOST_AUTO_TEST_CASE(batch_norms_in_the_store_of_a_product) {
  using Layer = RelationalConv<1, 7, 40>;
  ThreadPool pool(1);
  Parameters<Layer, Cpu, Float64> parameters(Cpu{&pool});
  parameters.initialise(5);
  for (const TensorPlace& place : parameters.tensors()) // statistics that no batch norm starts with
    if (place.name.find("running") != place.name.npos)
      for (Index c = 0; c < place.columns; ++c) parameters.data(place)[c] = 0.25 + 0.1 * double(c % 7);
  LossRun<Float64, Cpu> bench(1, parameters);
  auto& training = bench.run;
  Arena paper;
  HostMemory memory(1 << 20);
  Arena arena(memory.data(), memory.size());
  Inference<Cpu, Float64> run(Cpu{&pool}, arena, parameters.values(false));
  const auto x = fill<decltype(run), 7, Residue>(run, values_of(91, 1));
  const auto before = fill<decltype(run), 40, Residue>(run, values_of(520, 2)),
             after = fill<decltype(run), 40, Residue>(run, values_of(520, 3));
  const auto& layer = model_of<Layer>;
  const auto folded = fold_batch_norm(run, layer.norm.tensors);
  const auto got = linear_folded(run, layer.self, layer.self_bias, x, {&before, &folded, &after, &folded});
  const auto plain = linear_add(run, layer.self, layer.self_bias, x, before);
  const auto expected = batch_norm(run, layer.norm.tensors, batch_norm(run, layer.norm.tensors, plain, {}, true, &after));
  check_close(dense_of(got), dense_of(expected), 1e-13, "folded");
  check_close(dense_of(linear_folded(run, layer.self, layer.self_bias, x, {nullptr, nullptr, &after, nullptr})),
              dense_of(add(run, activate(run, linear(run, layer.self, layer.self_bias, x), Activation::Relu), after)), 1e-13,
              "without");
  const auto few = fill<decltype(run), 40, Residue>(run, values_of(40, 2));
  BOOST_CHECK_THROW(linear_folded(run, layer.self, layer.self_bias, x, {&few, nullptr, nullptr, nullptr}), Error);
  const auto y = bench.input<7, Residue>(values_of(91, 1));
  BOOST_CHECK_THROW(linear_folded(training, layer.self, layer.self_bias, y, {}), Error);
}

BOOST_AUTO_TEST_CASE(bad_input) {
  const TestBatch batch({5, 4});
  const GraphTopology graph = batch.graph.topology();
  ThreadPool pool(1);
  using Case = AngleCase<8, 3, 7>;
  Parameters<Case, Cpu, Float64> parameters(Cpu{&pool});
  LossRun<Float64, Cpu> bench(1, parameters);
  auto& run = bench.run;
  const auto nodes = bench.input<3, Residue>(values_of(27, 1)), few = bench.input<3, Residue>(values_of(24, 1));
  BOOST_CHECK_THROW((sum_of_neighbours<2>(run, graph, few)), Error);
  BOOST_CHECK_THROW((sum_of_neighbours<3>(run, graph, nodes)), Error);
  BOOST_CHECK_THROW((sum_of_edges<2, Residue>(run, graph, bench.input<3, Edge>(values_of(3, 1)))), Error);
  BOOST_CHECK_THROW(distances(run, graph, bench.input<1, Coordinates<Residue>>(values_of(9, 1))), Error);
  const auto edges = bench.input<3, Edge>(values_of(graph.edge_count() * 3, 1));
  const auto bins = upload(run, bins_of(graph, 8));
  const auto short_bins = run.buffer<std::uint8_t>(1);
  const auto& tensors = model_of<Case>.conv.tensors;
  BOOST_CHECK_THROW(angle_linear(run, tensors, edges, graph, short_bins), Error);
  BOOST_CHECK_THROW(angle_linear(run, tensors, bench.input<3, Edge>(values_of(3, 1)), graph, bins), Error);
  const auto lengths = bench.input<1, Edge>(values_of(graph.edge_count(), 1));
  const std::vector<std::int32_t> columns(std::size_t(graph.edge_count()), 1), too_high(columns.size(), 2);
  BOOST_CHECK_NO_THROW(one_hot_angle_linear(run, tensors, columns, 1, lengths, graph, bins));
  BOOST_CHECK_THROW(one_hot_angle_linear(run, tensors, too_high, 1, lengths, graph, bins), Error);
  BOOST_CHECK_THROW(one_hot_angle_linear(run, tensors, columns, 2, lengths, graph, bins), Error);
  BOOST_CHECK_THROW(one_hot_angle_linear(run, tensors, columns, 1, lengths, graph, short_bins), Error);
  const std::vector<std::int32_t> beyond{0, 5}, alone{0};
  BOOST_CHECK_THROW((one_hot<5, Residue>(run, beyond, 1, 2)), Error);
  BOOST_CHECK_THROW((one_hot<5, Residue>(run, alone, 1, 2)), Error);
  const std::vector<std::int32_t> none{-1, 4};
  BOOST_CHECK(dense_of(one_hot<5, Residue>(run, none, 1, 2)) == (std::vector<double>{0, 0, 0, 0, 0, 0, 0, 0, 0, 1}));
  BOOST_CHECK_THROW(concat(run, std::array<Rows<LossRun<Float64, Cpu>::Run, 3, Residue>, 2>{nodes, few}), Error);
}

BOOST_AUTO_TEST_SUITE_END()
