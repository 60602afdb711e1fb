// What GearNet-Edge promises beside its numbers: symmetry, batch mates, groups, gradients, plans, threads, bad input.

#include "support/model_contract.hpp"
#include "support/motions.hpp"
#include "support/structures.hpp"

#include <pleat/data/graph_batch.hpp>
#include <pleat/encoders/gearnet.hpp>

using namespace pleat;
using namespace contract;

namespace {

template <class Graphs> using Small = GearNetEdge<Graphs, Shape{.layers = 3, .width = 10}, Readout::sum>;
using ResidueModel = Small<ResidueGraph>;

// Values of parameters and statistics that leave nothing at zero or one, the same in every precision.
template <class Model, class Precision> struct Made {
  ThreadPool pool;
  Parameters<Model, Cpu, Precision> parameters{Cpu{&pool}};
  explicit Made(int threads = 2) : pool(threads) { shake(parameters); }
};

// Rows of the nodes at given positions, in exactly the planned memory.
template <class Model, class Precision, bool Records = false>
std::vector<double> encode(Made<Model, Precision>& made, const GraphBatch& batch, const std::vector<double>& positions) {
  using Node = typename Model::Node;
  std::vector<double> result;
  const auto walk = [&](auto& run) {
    using Run = std::remove_reference_t<decltype(run)>;
    const auto y = model_of<Model>(run, batch, fill<Run, 1, Coordinates<Node>>(run, positions));
    const auto g = read_out(run, batch.topology, y, Model::readout);
    if constexpr (Run::computes) {
      result = dense_of(y);
      const auto graphs = dense_of(g);
      result.insert(result.end(), graphs.begin(), graphs.end());
    }
  };
  Arena paper;
  Pass<Paper, Precision, Records> plan(Paper{made.pool.size()}, paper, Values<Precision>{});
  walk(plan);
  HostMemory memory(paper.high_water());
  Arena arena(memory.data(), memory.size());
  arena.poison(true);
  Pass<Cpu, Precision, Records> run(Cpu{&made.pool}, arena, made.parameters.values(Records));
  walk(run);
  BOOST_CHECK_EQUAL(arena.high_water(), paper.high_water());
  if (!Records) BOOST_CHECK_EQUAL(arena.used(), 0);
  return result;
}

template <class Graphs> OwnedGraphs<Graphs> packed(const std::vector<structures::Arrays>& of) {
  OwnedGraphs<Graphs> graphs;
  for (const auto& arrays : of) graphs.add(arrays.source());
  return graphs;
}
std::vector<double> positions_of(const GraphBatch& batch) { return {batch.positions.begin(), batch.positions.end()}; }

// Loss = sum(weights * nodes) in training; gradients of the positions and of the parameters.
template <class Model, class Precision> struct Trained {
  double loss = 0;
  std::vector<double> rows, dx, dparameters, state;
};
template <class Model, class Precision>
Trained<Model, Precision> train(Made<Model, Precision>& made, const std::vector<GraphBatch>& calls,
                                const std::vector<std::vector<double>>& positions, bool backward = true) {
  using Node = typename Model::Node;
  Trained<Model, Precision> result;
  made.parameters.gradients();
  made.parameters.zero_gradients();
  const auto walk = [&](auto& run) {
    using Run = std::remove_reference_t<decltype(run)>;
    std::vector<Rows<Run, 1, Coordinates<Node>>> inputs;
    Index first = 0;
    for (std::size_t c = 0; c < calls.size(); ++c) {
      inputs.push_back(fill<Run, 1, Coordinates<Node>>(run, positions[c]));
      run.want(inputs.back());
      const auto y = model_of<Model>(run, calls[c], inputs.back());
      const auto weights = values_of((first + y.count()) * Model::width, 555);
      auto to = run.template contribute<Model::width>(y.value(), y.count());
      if constexpr (Run::computes) {
        for (Index i = 0; i < y.count(); ++i)
          for (Index k = 0; k < y.stride; ++k) {
            const double w = k < Model::width ? weights[std::size_t((first + i) * Model::width + k)] : 0;
            to.data[i * y.stride + k] = static_cast<typename Run::Stream>(w);
            if (k < Model::width) result.loss += w * double(y.row(i)[k]);
          }
        const auto dense = dense_of(y);
        result.rows.insert(result.rows.end(), dense.begin(), dense.end());
      }
      first += y.count();
    }
    if (backward) {
      run.backward();
      for (auto& x : inputs) {
        const auto dx = run.gradient_of(x);
        if constexpr (Run::computes) {
          const auto dense = dense_of(dx);
          result.dx.insert(result.dx.end(), dense.begin(), dense.end());
        }
      }
    }
    inputs.clear();
    run.commit([&]([[maybe_unused]] Index offset, Index size, const auto* data) {
      if constexpr (Run::computes) result.state.insert(result.state.end(), data, data + size);
    });
    if (backward) BOOST_CHECK_EQUAL(run.arena().used(), 0);
  };
  Arena paper;
  Pass<Paper, Precision, true> plan(Paper{made.pool.size()}, paper, Values<Precision>{});
  walk(plan);
  HostMemory memory(paper.high_water());
  Arena arena(memory.data(), memory.size());
  arena.poison(true);
  Pass<Cpu, Precision, true> run(Cpu{&made.pool}, arena, made.parameters.values(true));
  walk(run);
  BOOST_CHECK_EQUAL(arena.high_water(), paper.high_water());
  const auto* gradients = made.parameters.gradients();
  result.dparameters.assign(gradients, gradients + made.parameters.size(Store::Trained));
  return result;
}

// Backward against central differences of a sample of parameters. Where the one step crosses a corner of a ReLU (there are
// thousands) a smaller one is asked.
template <class Model, class Loss>
void check_gradients(Made<Model, Float64>& made, const std::vector<double>& gradients, Index each, const Loss& loss_at) {
  Philox draws(77, 1);
  for (const TensorPlace& place : made.parameters.tensors()) {
    if (place.store != Store::Trained) continue;
    const auto all = [&] {
      std::vector<double> values;
      for (Index r = 0; r < place.rows; ++r)
        for (Index c = 0; c < place.columns; ++c)
          values.push_back(gradients[std::size_t(place.offset + r * stride_of(place.columns) + c)]);
      return values;
    }();
    double largest = 0;
    for (double g : all) largest = std::max(largest, std::abs(g));
    for (Index k = 0; k < each; ++k) {
      const Index e = draws.index(Index(all.size()));
      double& value = made.parameters.data(place)[e / place.columns * stride_of(place.columns) + e % place.columns];
      const double kept = value, analytic = all[std::size_t(e)];
      double error = INFINITY;
      for (double h : {1e-5, 1e-6, 1e-7}) {
        const auto loss_with = [&](double x) {
          value = x;
          made.parameters.changed();
          return loss_at();
        };
        error = std::min(error, std::abs((loss_with(kept + h) - loss_with(kept - h)) / (2 * h) - analytic));
        value = kept;
        made.parameters.changed();
        if (error <= 2e-6 * largest + 1e-8) break;
      }
      BOOST_CHECK_MESSAGE(error <= 2e-6 * largest + 1e-8, place.name << "[" << e << "]: backward " << analytic << ", off by "
                                                                     << error << ", largest " << largest);
    }
  }
}

} // namespace

BOOST_AUTO_TEST_SUITE(gearnet_properties)

BOOST_AUTO_TEST_CASE(rotations_translations_and_reflections) {
  const auto check = [](auto graphs) {
    using Graphs = typename decltype(graphs)::Graph;
    Made<Small<Graphs>, Float64> made;
    const auto x = positions_of(graphs.view());
    const auto still = encode(made, graphs.view(), x);
    for (std::uint64_t k = 0; k < 4; ++k) {
      const auto turned = moved(x, orthogonal(k, k % 2 == 1), {7.0 * double(k), -20, 3});
      check_close(encode(made, graphs.view(), turned), still, 1e-9, k % 2 == 1 ? "reflected" : "rotated");
    }
    auto bent = x;
    bent[4] += 1.5;
    const auto other = encode(made, graphs.view(), bent);
    double change = 0;
    for (std::size_t i = 0; i < other.size(); ++i) change = std::max(change, std::abs(other[i] - still[i]));
    BOOST_TEST(change > 1e-3); // and what is no motion is seen
  };
  check(packed<ResidueGraph>({structures::cloud(60, 25, 1), structures::helix(20)}));
  check(packed<AtomGraph>({structures::cloud(60, 12, 2)}));
}

BOOST_AUTO_TEST_CASE(permutations_of_the_nodes) {
  const auto graphs = packed<ResidueGraph>({structures::cloud(50, 22, 3)});
  const GraphBatch batch = graphs.view();
  const GraphTopology& t = batch.topology;
  std::vector<std::int32_t> to(50);
  std::iota(to.begin(), to.end(), 0);
  Philox draws(3, 3);
  draws.shuffle(std::span<std::int32_t>(to));
  std::vector<std::int32_t> source, target, relation;
  for (std::size_t e = 0; e < t.source.size(); ++e) {
    source.push_back(to[std::size_t(t.source[e])]), target.push_back(to[std::size_t(t.target[e])]);
    relation.push_back(t.relation[e]);
  }
  TestGraph other({50}, source, target, relation, t.relations);
  other.edge_columns = other.sorted(std::vector<std::int32_t>(batch.edge_columns.begin(), batch.edge_columns.end()));
  other.node_columns.resize(50), other.positions.resize(150);
  for (std::size_t i = 0; i < 50; ++i) {
    const auto j = std::size_t(to[i]);
    other.node_columns[j] = batch.node_columns[i];
    for (std::size_t k = 0; k < 3; ++k) other.positions[3 * j + k] = batch.positions[3 * i + k];
  }
  Made<ResidueModel, Float64> made;
  const auto a = encode(made, batch, positions_of(batch)), b = encode(made, other.view(), positions_of(other.view()));
  constexpr auto width = std::size_t(ResidueModel::width);
  auto expected = a;
  for (std::size_t i = 0; i < 50; ++i)
    for (std::size_t c = 0; c < width; ++c) expected[std::size_t(to[i]) * width + c] = a[i * width + c];
  check_close(b, expected, 1e-10, "nodes and graph");
}

// At inference the bytes of a structure do not depend on what it is packed with, nor on threads.
BOOST_AUTO_TEST_CASE(batch_mates_and_threads) {
  const std::vector<structures::Arrays> all{structures::cloud(70, 25, 4), structures::helix(1), structures::cloud(90, 25, 5)};
  const auto together = packed<ResidueGraph>(all);
  constexpr auto width = std::size_t(ResidueModel::width);
  Made<ResidueModel, Float32> made;
  const auto rows = encode(made, together.view(), positions_of(together.view()));
  std::size_t node = 0;
  for (std::size_t g = 0; g < all.size(); ++g) {
    const auto alone = packed<ResidueGraph>({all[g]});
    const auto own = encode(made, alone.view(), positions_of(alone.view()));
    const auto n = std::size_t(alone.node_count());
    const auto at = rows.begin() + std::ptrdiff_t(node * width), pooled = rows.end() - std::ptrdiff_t((all.size() - g) * width);
    check_same_bits({own.begin(), own.end() - std::ptrdiff_t(width)}, {at, at + std::ptrdiff_t(n * width)}, "nodes");
    check_same_bits({own.end() - std::ptrdiff_t(width), own.end()}, {pooled, pooled + std::ptrdiff_t(width)}, "graph");
    node += n;
  }
  for (int threads : {1, 3, 4}) {
    Made<ResidueModel, Float32> others(threads);
    check_same_bits(encode(others, together.view(), positions_of(together.view())), rows, "threads");
  }
}

BOOST_AUTO_TEST_CASE(gradients_in_training) {
  const auto check = [](auto graphs, Index samples) {
    using Graphs = typename decltype(graphs)::Graph;
    using Model = Small<Graphs>;
    Made<Model, Float64> made;
    const GraphBatch batch = graphs.view();
    const auto x = positions_of(batch);
    const auto at = train(made, {batch}, {x});
    BOOST_REQUIRE(std::isfinite(at.loss));
    check_gradients(made, at.dparameters, samples, [&] { return train(made, {batch}, {x}, false).loss; });
    double largest = 0;
    for (double g : at.dx) largest = std::max(largest, std::abs(g));
    Philox draws(1, 1);
    for (int k = 0; k < 40; ++k) {
      const auto i = std::size_t(draws.index(Index(x.size())));
      auto up = x, down = x;
      up[i] += 1e-6, down[i] -= 1e-6;
      const double numeric = (train(made, {batch}, {up}, false).loss - train(made, {batch}, {down}, false).loss) / 2e-6;
      BOOST_CHECK_MESSAGE(std::abs(numeric - at.dx[i]) <= 1e-6 * largest,
                          "coordinate " << i << ": backward " << at.dx[i] << ", differences " << numeric);
    }
    // float follows, and its bits do not depend on threads.
    Made<Model, Float32> one(1);
    const auto first = train(one, {batch}, {x});
    check_close(first.rows, at.rows, 1e-4, "float32 rows");
    for (int threads : {2, 3, 4}) {
      Made<Model, Float32> many(threads);
      const auto other = train(many, {batch}, {x});
      check_same_bits(other.rows, first.rows, "rows with threads");
      check_same_bits(other.dx, first.dx, "gradient of positions with threads");
      check_same_bits(other.dparameters, first.dparameters, "gradient of parameters with threads");
      check_same_bits(other.state, first.state, "statistics with threads");
    }
  };
  check(packed<ResidueGraph>({structures::cloud(40, 18, 6), structures::helix(15)}), 3);
  check(packed<AtomGraph>({structures::cloud(50, 11, 7)}), 2);
}

// Two conformers as groups of one call are two calls: rows, gradients and running statistics.
BOOST_AUTO_TEST_CASE(groups_are_calls) {
  const auto first = structures::cloud(40, 18, 8);
  auto second = first;
  for (std::size_t i = 0; i < second.positions.size(); ++i) second.positions[i] += i % 3 == 0 ? 0.2f : -0.1f;
  const auto a = packed<ResidueGraph>({first}), b = packed<ResidueGraph>({second}), both = packed<ResidueGraph>({first, second});
  GraphBatch batch = both.view();
  const std::vector<Index> nodes{0, a.node_count(), both.node_count()}, edges{0, a.edge_count(), both.edge_count()};
  batch.topology.node_groups = {nodes}, batch.topology.edge_groups = {edges};
  Made<ResidueModel, Float64> made;
  const auto one = train(made, {batch}, {positions_of(batch)});
  const auto two = train(made, {a.view(), b.view()}, {positions_of(a.view()), positions_of(b.view())});
  check_same_bits(one.rows, two.rows, "rows");
  check_close(one.dx, two.dx, 1e-12, "gradient of positions");
  check_close(one.dparameters, two.dparameters, 1e-12, "gradient of parameters");
  const auto half = std::ptrdiff_t(one.state.size());
  BOOST_REQUIRE_EQUAL(two.state.size(), 2 * one.state.size());
  check_same_bits({two.state.begin() + half, two.state.end()}, one.state, "running statistics"); // the last call decides
  const auto whole = train(made, {both.view()}, {positions_of(batch)});
  BOOST_CHECK(whole.rows != one.rows); // without groups they are one batch
}

// A frozen encoder in a training pass is the encoder of inference.
BOOST_AUTO_TEST_CASE(untaped_is_inference) {
  const auto graphs = packed<ResidueGraph>({structures::cloud(40, 18, 9)});
  const GraphBatch batch = graphs.view();
  Made<ResidueModel, Float32> made;
  const auto expected = encode(made, batch, positions_of(batch));
  HostMemory memory(Index(1) << 26);
  Arena arena(memory.data(), memory.size());
  Training<Cpu> run(Cpu{&made.pool}, arena, made.parameters.values(true));
  const Training<Cpu>::Untaped untaped(run);
  const auto y = dense_of(model_of<ResidueModel>(run, batch));
  check_same_bits(y, {expected.begin(), expected.begin() + std::ptrdiff_t(y.size())}, "rows");
}

// No edge at all, one node, two atoms at one place: finite numbers in both modes.
BOOST_AUTO_TEST_CASE(small_graphs) {
  auto close = structures::cloud(5, 100, 1);
  for (std::size_t k = 0; k < 3; ++k) close.positions[3 + k] = close.positions[k];
  Made<Small<AtomGraph>, Float32> made;
  for (const auto& arrays : {structures::cloud(1, 5, 1), structures::cloud(4, 1000, 1), close}) {
    const auto graphs = packed<AtomGraph>({arrays});
    const auto x = positions_of(graphs.view());
    for (double v : encode(made, graphs.view(), x)) BOOST_CHECK(std::isfinite(v));
    const auto trained = train(made, {graphs.view()}, {x});
    for (const auto& all : {trained.rows, trained.dx, trained.dparameters, trained.state})
      for (double v : all) BOOST_CHECK(std::isfinite(v));
  }
}

BOOST_AUTO_TEST_CASE(graphs_of_another_level) {
  const auto atoms = packed<AtomGraph>({structures::cloud(20, 10, 1)});
  HostMemory memory(Index(1) << 24);
  Arena arena(memory.data(), memory.size());
  Made<ResidueModel, Float32> made;
  Inference<Cpu> run(Cpu{&made.pool}, arena, made.parameters.values());
  BOOST_CHECK_EXCEPTION(model_of<ResidueModel>(run, atoms.view()), Error,
                        [](const Error& error) { return std::string(error.what()).find("residue graph") != std::string::npos; });
}

// Without messages between edges: depends on the edges, not on the coordinates.
BOOST_AUTO_TEST_CASE(gearnet_without_edges) {
  using Plain = GearNet<ResidueGraph, Shape{.layers = 2, .width = 9}>;
  const auto graphs = packed<ResidueGraph>({structures::cloud(30, 16, 2)});
  const GraphBatch batch = graphs.view();
  Made<Plain, Float64> made;
  const auto x = positions_of(batch);
  const auto y = encode(made, batch, x);
  auto shifted = x;
  shifted[0] += 1;
  check_same_bits(encode(made, batch, shifted), y, "rows");
  const auto trained = train(made, {batch}, {x});
  check_gradients(made, trained.dparameters, 3, [&] { return train(made, {batch}, {x}, false).loss; });
}

BOOST_AUTO_TEST_SUITE_END()
