// A pass on warm memory allocates nothing: not in ops, not in kernels, not on the tape.

#include <boost/test/unit_test.hpp>

#include "support/allocations.hpp"
#include "support/op_contract.hpp"

#include <pleat/nn/gvp_conv.hpp>
#include <pleat/ops/edge_vectors.hpp>

#if PLEAT_TEST_COUNTS_MALLOC

using namespace pleat;
using namespace contract;

namespace {

// A chain of most ops: embedding, noise, mixture, modulated block, dropout, product with activation and residual.
struct Chain {
  static constexpr Index width = 20;
  Matrix<33, width> table;
  Matrix<width, width> weight;
  Vector<width> bias, gain, offset;
  Matrix<1, width> mean, deviation;
  constexpr explicit Chain(Layout at)
      : table(at.table<33, width>("table", init::normal(1))), weight(at.matrix<width, width>("weight", init::lecun)),
        bias(at.vector<width>("bias", init::zero)), gain(at.vector<width>("gain", init::one)),
        offset(at.vector<width>("offset", init::zero)), mean(at.state<1, width>("mean", init::zero)),
        deviation(at.state<1, width>("deviation", init::one)) {}

  template <class Run>
  constexpr auto operator()(Run& run, const SequenceBatch& batch, std::span<const double> a, std::span<const double> b,
                            std::span<const double> t) const {
    auto z = standardise(run, embedding(run, table, batch.tokens), mean, deviation);
    auto x = mix(run, z, upload(run, a), normal_rows<width>(run, batch), upload(run, b));
    auto time = activate(run, time_embedding<width>(run, t), Activation::Silu);
    auto condition = linear(run, weight, bias, time);
    auto h = adaptive_norm(run, x, condition, time, batch.segments);
    h = dropout(run, linear(run, weight, bias, h, Activation::Gelu), 0.1, batch);
    auto y = gated_add(run, x, h, condition, batch.segments);
    y = linear_add(run, weight, bias, layer_norm(run, gain, offset, y), y);
    return unstandardise(run, add(run, y, x), mean, deviation);
  }
};

// The plan of the chain's forward pass, made by the compiler.
constexpr Cost plan_of_chain() {
  const std::uint8_t tokens[5] = {4, 5, 6, 7, 8};
  const Index offsets[3] = {0, 2, 5}, starts[2] = {0, 0};
  const std::uint32_t records[2] = {0, 1};
  const double numbers[5] = {};
  const SequenceBatch batch{tokens, {offsets}, records, starts};
  Arena arena;
  Plan<> run(Paper{}, arena, {});
  auto y = pleat::detail::place_model<Chain>()(run, batch, numbers, numbers, std::span<const double>(numbers).first(2));
  return run.cost();
}
static_assert(plan_of_chain().flops > 2.0 * 12 * 20 * 20 && plan_of_chain().bytes > 0);

template <class Precision> long allocations_of_second_pass(int threads) {
  ThreadPool pool(threads);
  Parameters<Chain, Cpu, Precision> parameters(Cpu{&pool});
  parameters.initialise(3);
  HostMemory memory(8 << 20);
  Arena arena(memory.data(), memory.size());
  const TestBatch batch({300, 7, 0, 350});
  const auto view = batch.view();
  const auto a = values_of(view.rows(), 1), b = values_of(view.rows(), 2), t = values_of(view.sequences(), 3);
  const auto model = make_case<Chain>();
  Training<Cpu, Precision> run(Cpu{&pool}, arena, parameters.values(true));
  long before = 0;
  for (std::uint64_t step = 0; step < 2; ++step) {
    parameters.changed(); // as after an optimiser step
    before = allocations;
    run.restart({1, step});
    auto y = model(run, view, a, b, t);
    auto seed = run.template contribute<Chain::width>(y.value(), y.count());
    for (Index i = 0; i < y.count() * stride_of(Chain::width); ++i) seed.data[i] = i % stride_of(Chain::width) < Chain::width;
    y = {};
    run.backward();
  }
  return allocations - before;
}

// Vectors and graphs: positions to vectors of edges, a layer of perceptrons with dropout, one row per graph.
struct VectorChain {
  static constexpr Channels node{20, 5}, edge{9, 1};
  GvpConvLayer<node, edge> layer;
  VectorPerceptron<Channels{9, 1}, edge> edges;
  VectorPerceptron<Channels{1, 0}, node> nodes;
  constexpr explicit VectorChain(Layout at) : layer(at / "layer"), edges(at / "edges"), nodes(at / "nodes") {}

  template <class Run>
  constexpr auto operator()(Run& run, const GraphBatch& batch, const Rows<Run, 1, Coordinates<Atom>>& x,
                            const Rows<Run, 1, Atom>& start) const {
    const auto vectors = edge_vectors(run, batch.topology, x);
    const auto e = edges(run, Field<Run, Channels{9, 1}, Edge>{rbf<9>(run, vector_norm(run, vectors), 0.0, 20.0),
                                                               vector_layer_norm(run, vectors)});
    const auto y = layer(run, batch, nodes(run, Field<Run, Channels{1, 0}, Atom>{start}), e, 0.1);
    return graph_mean(run, batch.topology, y.scalars);
  }
};

long allocations_of_second_vector_pass(int threads) {
  ThreadPool pool(threads);
  Parameters<VectorChain, Cpu> parameters(Cpu{&pool});
  parameters.initialise(3);
  HostMemory memory(32 << 20);
  Arena arena(memory.data(), memory.size());
  const TestBatch batch({300, 7, 0, 350});
  const auto x = values_of(3 * 657, 1), start = values_of(657, 2);
  const auto model = make_case<VectorChain>();
  using Run = Training<Cpu>;
  Run run(Cpu{&pool}, arena, parameters.values(true));
  long before = 0;
  for (std::uint64_t step = 0; step < 2; ++step) {
    parameters.changed();
    before = allocations;
    run.restart({1, step});
    const auto positions = fill<Run, 1, Coordinates<Atom>>(run, x);
    run.want(positions);
    auto y = model(run, batch.graph.view(), positions, fill<Run, 1, Atom>(run, start));
    auto seed = run.contribute<20>(y.value(), y.count());
    for (Index i = 0; i < y.count() * y.stride; ++i) seed.data[i] = i % y.stride < 20;
    y = {};
    run.backward();
  }
  return allocations - before;
}

} // namespace

BOOST_AUTO_TEST_SUITE(no_allocation)

BOOST_AUTO_TEST_CASE(counting_works) {
  const long before = allocations;
  std::vector<int> some(100);
  asm volatile("" : : "r"(some.data()) : "memory"); // or the compiler leaves it out
  BOOST_TEST(allocations > before);
  HostMemory memory(4096);
  BOOST_TEST(allocations > before + 1);
}

BOOST_AUTO_TEST_CASE(a_second_training_pass_allocates_nothing) {
  BOOST_TEST(allocations_of_second_pass<Float32>(1) == 0);
  BOOST_TEST(allocations_of_second_pass<Float32>(3) == 0);
  BOOST_TEST(allocations_of_second_pass<Float64>(1) == 0);
  BOOST_TEST(allocations_of_second_vector_pass(1) == 0);
  BOOST_TEST(allocations_of_second_vector_pass(3) == 0);
}

BOOST_AUTO_TEST_SUITE_END()

#endif
