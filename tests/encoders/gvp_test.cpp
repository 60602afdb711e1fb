// The Gvp encoder against the published one, and its symmetry.

#include "support/published_gvp.hpp"
#include "support/test_graph.hpp"
#include "support/turned.hpp"

#include <pleat/encoders/published_gvp.hpp>

using namespace pleat;
using namespace contract;

namespace {

// `embedding.weight` is the published table of elements (element, channel), transposed, beside the map of residue types.
inline std::vector<double> embedding_of(const std::vector<double>& elements, const std::vector<double>& residues) {
  std::vector<double> whole;
  for (std::size_t o = 0; o < 18; ++o) {
    for (std::size_t e = 0; e < 18; ++e) whole.push_back(elements[e * 18 + o]);
    for (std::size_t r = 0; r < 21; ++r) whole.push_back(residues[o * 21 + r]);
  }
  return whole;
}

struct GoldenEncoder {
  Safetensors file;
  std::vector<std::int32_t> source, target;
  Index nodes;
  TestGraph graph;

  explicit GoldenEncoder(const std::string& name)
      : file(gvp_golden(name)), source(file.read<std::int32_t>("edge_src")), target(file.read<std::int32_t>("edge_dst")),
        nodes(file.shape("node_position")[0]), graph({nodes}, source, target) {
    const auto elements = file.read<std::int32_t>("atom_type"), residues = file.read<std::int32_t>("residue_type");
    const auto of_residue = file.read<std::int32_t>("atom2residue");
    for (std::size_t i = 0; i < elements.size(); ++i) {
      graph.node_columns.push_back(elements[i]);
      graph.node_columns.push_back(18 + residues[static_cast<std::size_t>(of_residue[i])]);
    }
    graph.positions = file.read<float>("node_position");
  }

  template <class Params> void load(Params& parameters) const {
    for (const TensorPlace& place : parameters.tensors()) {
      const auto values = expected(place, "param.");
      for (Index r = 0; r < place.rows; ++r)
        for (Index c = 0; c < place.columns; ++c)
          parameters.data(place)[r * stride_of(place.columns) + c] =
              static_cast<typename Params::Parameter>(values[static_cast<std::size_t>(r * place.columns + c)]);
    }
    parameters.changed();
  }
  std::vector<double> expected(const TensorPlace& place, const std::string& what) const {
    if (place.name == "embedding.weight")
      return embedding_of(file.read<double>(what + "embedding.weight"), file.read<double>(what + "residue_embdding.weight"));
    const PublishedPart part = published_part_in(file, "", place);
    return part_of(file.read<double>(what + part.name), place.rows, place.columns, part.column);
  }
};

using Small = Gvp<AtomGraph, GvpShape{.layers = 3, .node = {24, 6}, .edge = {12, 1}, .dropout = 0}>;
using Wide = Gvp<AtomGraph, GvpShape{.layers = 2, .dropout = 0}>;
static_assert(parameter_count<Small> == 38'630 && parameter_count<Wide> == 359'255);

template <class Precision> inline constexpr double encoder_gradient = std::is_same_v<Precision, Float64> ? 1e-9 : 1e-3;

template <class Model, class Precision> void check_encoder(const std::string& name) {
  BOOST_TEST_CONTEXT(name << " in " << Precision::name) {
    const GoldenEncoder golden(name);
    const auto& file = golden.file;
    ThreadPool pool(2);
    Parameters<Model, Tested, Precision> parameters(device_for_tests<Tested>(pool));
    golden.load(parameters);
    LossRun<Precision> test(2, parameters, Index(1) << 29);
    auto& run = test.run;
    const GraphBatch batch = golden.graph.view();
    // The wide file holds its node features as float32.
    const double values = file.contains("grad_position") && name == "gvp_encoder_wide" ? 1e-6 : gvp_value_tolerance<Precision>;
    const double tolerance = encoder_gradient<Precision>;
    constexpr Model model = detail::place_model<Model>();
    {
      const auto x = coordinates<Atom>(run, batch.positions);
      run.want(x);
      const auto y = model(run, batch, x);
      const auto whole = read_out(run, batch.topology, y, Model::readout);
      check_close(dense_of(y), file.read<double>("node_feature"), std::max(values, gvp_value_tolerance<Precision>), "nodes");
      check_close(dense_of(whole), file.read<double>("graph_feature"), gvp_value_tolerance<Precision>, "graph");
      const double loss =
          dot(dense_of(whole), file.read<double>("loss_weight_graph")) + dot(dense_of(y), file.read<double>("loss_weight_node"));
      check_close({loss}, file.read<double>("loss"), gvp_value_tolerance<Precision>, "loss");
      seed(run, whole, file.read<double>("loss_weight_graph"));
      seed(run, y, file.read<double>("loss_weight_node"));
      run.backward();
      check_close(dense_of(run.gradient_of(x)), file.read<double>("grad_position"), tolerance, "positions");
    }
    if (file.contains("grad.embedding.weight"))
      for (const TensorPlace& place : parameters.tensors())
        check_close(gradient_of(parameters, place), golden.expected(place, "grad."), tolerance, place.name);
    else
      check_norms(golden, parameters, tolerance);
  }
}

// The wide file holds norms of rows and of columns of the published gradients: ours are put together again.
template <class Params> void check_norms(const GoldenEncoder& golden, Params& parameters, double tolerance) {
  const Safetensors& file = golden.file;
  struct Whole {
    std::vector<double> values;
    Index rows = 0, columns = 0;
  };
  std::vector<std::pair<std::string, Whole>> wholes;
  const auto whole_of = [&](const std::string& name) -> Whole& {
    for (auto& [of, whole] : wholes)
      if (of == name) return whole;
    const auto& shape = file.shape("param." + name);
    const Index columns = shape.back(), rows = shape.size() > 1 ? shape[0] : 1;
    wholes.push_back({name, {std::vector<double>(static_cast<std::size_t>(rows * columns)), rows, columns}});
    return wholes.back().second;
  };
  for (const TensorPlace& place : parameters.tensors()) {
    const auto gradient = gradient_of(parameters, place);
    const auto at = [&](Index r, Index c) { return gradient[static_cast<std::size_t>(r * place.columns + c)]; };
    if (place.name == "embedding.weight") {
      for (Index o = 0; o < 18; ++o) {
        for (Index e = 0; e < 18; ++e) whole_of("embedding.weight").values[static_cast<std::size_t>(e * 18 + o)] = at(o, e);
        for (Index r = 0; r < 21; ++r)
          whole_of("residue_embdding.weight").values[static_cast<std::size_t>(o * 21 + r)] = at(o, 18 + r);
      }
      continue;
    }
    const PublishedPart part = published_part_in(file, "", place);
    Whole& whole = whole_of(part.name);
    for (Index r = 0; r < place.rows; ++r)
      for (Index c = 0; c < place.columns; ++c)
        whole.values[static_cast<std::size_t>(r * whole.columns + part.column + c)] = at(r, c);
  }
  for (const auto& [name, whole] : wholes) {
    if (file.contains("grad." + name)) {
      check_close(whole.values, file.template read<double>("grad." + name), tolerance, name);
      continue;
    }
    std::vector<double> rows(static_cast<std::size_t>(whole.rows)), columns(static_cast<std::size_t>(whole.columns));
    double all = 0;
    for (Index r = 0; r < whole.rows; ++r)
      for (Index c = 0; c < whole.columns; ++c) {
        const double g = whole.values[static_cast<std::size_t>(r * whole.columns + c)], square = g * g;
        rows[static_cast<std::size_t>(r)] += square, columns[static_cast<std::size_t>(c)] += square, all += square;
      }
    for (double& x : rows) x = std::sqrt(x);
    for (double& x : columns) x = std::sqrt(x);
    check_close({std::sqrt(all)}, file.template read<double>("gradnorm." + name), tolerance, name + ", norm");
    check_close(rows, file.template read<double>("gradrow." + name), tolerance, name + ", rows");
    check_close(columns, file.template read<double>("gradcol." + name), tolerance, name + ", columns");
  }
}

// The plan of a pass, made by the compiler: two nodes, one edge.
constexpr double planned_flops() {
  const Index offsets[2] = {0, 2}, incoming[3] = {0, 0, 1}, outgoing[3] = {0, 1, 1};
  const std::int32_t source[1] = {0}, target[1] = {1}, leaving[1] = {0}, columns[4] = {6, 20, 7, 21};
  const std::uint32_t records[1] = {0};
  const float positions[6] = {};
  GraphBatch batch;
  batch.topology.nodes = {offsets}, batch.topology.relations = 1;
  batch.topology.source = source, batch.topology.target = target, batch.topology.leaving = leaving;
  batch.topology.incoming = incoming, batch.topology.outgoing = outgoing;
  batch.node_columns = columns, batch.positions = positions, batch.records = records;
  Arena arena;
  Plan<> run(Paper{}, arena, {});
  { const auto rows = detail::place_model<Small>()(run, batch); }
  return run.cost().flops;
}
static_assert(planned_flops() > 2.0 * 38'630 / 2); // most parameters are multiplied once for a node or an edge

// A tiny encoder as one op: finite differences of every parameter and of the positions, exact plans, poisoned memory, threads,
// the same bits in inference.
struct EncoderCase {
  Gvp<AtomGraph, GvpShape{.layers = 1, .node = {4, 2}, .edge = {3, 1}, .input = 3, .centres = 4, .reach = 4, .dropout = 0}>
      encoder;
  constexpr explicit EncoderCase(Layout at) : encoder(at) {}
  using Inputs = Signature<In<1, Coordinates<Atom>>>;
  template <class Run> auto operator()(Run& run, const TestBatch& batch, const Rows<Run, 1, Coordinates<Atom>>& x) const {
    return encoder(run, batch.graph.view(), x);
  }
};

// Made-up structures: positions at a few Angstrom from each other.
TestGraph structures(const std::vector<Index>& nodes, Index degree = 6) {
  TestGraph graph = TestGraph::made_up(nodes, degree);
  Philox draws(8, 1);
  for (Index i = 0; i < graph.nodes(); ++i) {
    graph.node_columns.push_back(static_cast<std::int32_t>(draws.index(18)));
    graph.node_columns.push_back(static_cast<std::int32_t>(18 + draws.index(21)));
    for (int k = 0; k < 3; ++k) graph.positions.push_back(static_cast<float>(4 * draws.normal()));
  }
  return graph;
}

// What the small encoder makes of a batch in double.
struct Encoded {
  std::vector<double> nodes, whole, scalars, vectors;
};

template <class Precision = Float64> Encoded encode(const TestGraph& graph, const std::vector<double>& positions) {
  ThreadPool pool(2);
  Parameters<Small, Cpu, Precision> parameters(Cpu{&pool});
  parameters.initialise(5);
  HostMemory memory(Index(1) << 28);
  Arena arena(memory.data(), memory.size());
  arena.poison(true);
  Inference<Cpu, Precision> run(Cpu{&pool}, arena, parameters.values(), NoiseKey{1, 2});
  constexpr Small model = detail::place_model<Small>();
  const GraphBatch batch = graph.view();
  const auto x = coordinates<Atom>(run, std::span<const double>(positions));
  const auto field = model.fields(run, batch, x);
  const auto rows = model(run, batch, x);
  return {dense_of(rows), dense_of(read_out(run, batch.topology, rows, Small::readout)), dense_of(field.scalars),
          dense_of(field.vectors)};
}
std::vector<double> positions_of(const TestGraph& graph) { return {graph.positions.begin(), graph.positions.end()}; }

} // namespace

BOOST_AUTO_TEST_SUITE(gvp_encoder)

BOOST_AUTO_TEST_CASE(contract) {
  ContractOptions options;
  options.lengths = {{5, 1, 6}, {1}, {}};
  options.step = 1e-6;
  options.gradient_tolerance = 2e-6;
  options.float_tolerance = 1e-4, options.float_gradient_tolerance = 5e-3; // small random widths: norms of a few numbers
  check_op_contract<EncoderCase>(options);
}

BOOST_AUTO_TEST_CASE(rotations_reflections_and_moves) {
  const TestGraph graph = structures({9, 30, 1, 14});
  const auto x = positions_of(graph);
  const Encoded still = encode(graph, x);
  double largest = 0;
  for (double v : still.vectors) largest = std::max(largest, std::abs(v));
  BOOST_TEST(largest > 0.1); // vectors there are
  std::uint64_t stream = 900;
  for (double sign : {1.0, -1.0, 1.0, -1.0}) {
    const auto q = orthogonal(++stream, sign), move = values_of(3, ++stream, 20);
    const Encoded moved = encode(graph, turned(x, 1, q, move));
    check_close(moved.nodes, still.nodes, 1e-10, "nodes");
    check_close(moved.whole, still.whole, 1e-10, "graphs");
    check_close(moved.scalars, still.scalars, 1e-10, "scalars of the field");
    check_close(moved.vectors, turned(still.vectors, 6, q), 1e-10, "vectors of the field");
  }
  auto bent = x;
  bent[4] += 0.1; // and what is no motion is seen
  double change = 0;
  const Encoded other = encode(graph, bent);
  for (std::size_t i = 0; i < other.nodes.size(); ++i) change = std::max(change, std::abs(other.nodes[i] - still.nodes[i]));
  BOOST_TEST(change > 1e-4);
}

BOOST_AUTO_TEST_CASE(permutations_of_the_nodes) {
  const Index n = 25;
  const TestGraph graph = structures({n});
  std::vector<std::int32_t> to(n);
  for (std::size_t i = 0; i < to.size(); ++i) to[i] = static_cast<std::int32_t>(i);
  Philox draws(3, 3);
  draws.shuffle(std::span<std::int32_t>(to));
  std::vector<std::int32_t> source, target;
  for (Index e = 0; e < graph.edges(); ++e) {
    source.push_back(to[static_cast<std::size_t>(graph.source(e))]);
    target.push_back(to[static_cast<std::size_t>(graph.target(e))]);
  }
  TestGraph other({n}, source, target);
  other.node_columns.resize(graph.node_columns.size());
  other.positions.resize(graph.positions.size());
  for (std::size_t i = 0; i < to.size(); ++i) {
    const auto j = static_cast<std::size_t>(to[i]);
    for (std::size_t k = 0; k < 2; ++k) other.node_columns[2 * j + k] = graph.node_columns[2 * i + k];
    for (std::size_t k = 0; k < 3; ++k) other.positions[3 * j + k] = graph.positions[3 * i + k];
  }
  const Encoded first = encode(graph, positions_of(graph)), second = encode(other, positions_of(other));
  std::vector<double> expected(first.nodes.size());
  for (std::size_t i = 0; i < to.size(); ++i)
    for (std::size_t c = 0; c < 24; ++c) expected[24 * static_cast<std::size_t>(to[i]) + c] = first.nodes[24 * i + c];
  check_close(second.nodes, expected, 1e-10, "nodes");
  check_close(second.whole, first.whole, 1e-10, "graph");
}

// The bytes of a structure do not depend on what it is packed with.
BOOST_AUTO_TEST_CASE(batch_mates) {
  const TestGraph all = structures({20, 1, 33});
  const auto x = positions_of(all);
  const Encoded packed = encode<Float32>(all, x);
  std::vector<std::int32_t> source, target;
  for (Index e = 0; e < all.edges(); ++e)
    if (all.target(e) >= 21) source.push_back(all.source(e) - 21), target.push_back(all.target(e) - 21);
  TestGraph alone({33}, source, target);
  alone.node_columns.assign(all.node_columns.begin() + 42, all.node_columns.end());
  const Encoded single = encode<Float32>(alone, {x.begin() + 63, x.end()});
  check_same_bits(single.nodes, {packed.nodes.begin() + 21 * 24, packed.nodes.end()}, "nodes");
  check_same_bits(single.whole, {packed.whole.begin() + 2 * 24, packed.whole.end()}, "graph");
  check_same_bits(single.vectors, {packed.vectors.begin() + 21 * 18, packed.vectors.end()}, "vectors");
}

// Without edges no direction is known: vectors stay zero through every layer.
BOOST_AUTO_TEST_CASE(vectors_come_from_edges) {
  const TestGraph graph = structures({5}, 0);
  BOOST_TEST(graph.edges() == 0);
  for (double v : encode(graph, positions_of(graph)).vectors) BOOST_TEST(v == 0);
}

// Two atoms at one place: finite rows and gradients.
BOOST_AUTO_TEST_CASE(atoms_at_one_place) {
  TestGraph graph = structures({6});
  for (std::size_t k = 0; k < 3; ++k) graph.positions[3 + k] = graph.positions[k];
  ThreadPool pool(1);
  Parameters<Small, Tested, Float32> parameters(device_for_tests<Tested>(pool));
  parameters.initialise(5);
  LossRun<Float32> test(1, parameters, Index(1) << 26);
  const auto x = coordinates<Atom>(test.run, graph.positions);
  test.run.want(x);
  const auto y = detail::place_model<Small>()(test.run, graph.view(), x);
  for (double v : dense_of(y)) BOOST_TEST(std::isfinite(v));
  seed(test.run, y, values_of(6 * 24, 1));
  test.run.backward();
  for (double v : dense_of(test.run.gradient_of(x))) BOOST_TEST(std::isfinite(v));
}

// In training the published dropout acts on scalars and vectors; the plan of a pass is exact.
BOOST_AUTO_TEST_CASE(dropout_in_training_only) {
  using Dropping = Gvp<AtomGraph, GvpShape{.layers = 2, .node = {24, 6}, .edge = {12, 1}}>;
  const TestGraph graph = structures({12, 7});
  ThreadPool pool(1);
  Parameters<Dropping, Cpu, Float32> parameters(Cpu{&pool});
  parameters.initialise(5);
  constexpr Dropping model = detail::place_model<Dropping>();
  const auto once = [&](auto& run) { return dense_of(model(run, graph.view())); };
  LossRun<Float32, Cpu> first(1, parameters, Index(1) << 26), second(1, parameters, Index(1) << 26);
  HostMemory memory(Index(1) << 26);
  Arena arena(memory.data(), memory.size());
  Inference<Cpu> plain(Cpu{&pool}, arena, parameters.values(), NoiseKey{1, 2});
  const auto a = once(first.run), b = once(second.run), still = once(plain);
  check_same_bits(a, b, "the same key, the same noise");
  BOOST_CHECK(a != still);
}

BOOST_AUTO_TEST_CASE(golden_small) {
  check_encoder<Small, Float64>("gvp_encoder_small");
  check_encoder<Small, Float32>("gvp_encoder_small");
}

BOOST_AUTO_TEST_CASE(golden_wide) {
  check_encoder<Wide, Float64>("gvp_encoder_wide");
  check_encoder<Wide, Float32>("gvp_encoder_wide");
}

// The gradient of a training pass with dropout, along one direction in all parameters and positions, in double.
BOOST_AUTO_TEST_CASE(gradient_with_dropout) {
  using Dropping = Gvp<AtomGraph, GvpShape{.layers = 2, .node = {10, 3}, .edge = {6, 1}, .dropout = 0.3}>;
  const TestGraph graph = structures({12, 1, 7});
  ThreadPool pool(1);
  Parameters<Dropping, Cpu, Float64> parameters(Cpu{&pool});
  parameters.initialise(5);
  constexpr Dropping model = detail::place_model<Dropping>();
  const auto weights = values_of(20 * 10, 1);
  auto positions = positions_of(graph);
  std::vector<double> gradient;
  const auto loss = [&](bool backward) {
    LossRun<Float64, Cpu> test(1, parameters, Index(1) << 25);
    const auto x = test.input<1, Coordinates<Atom>>(positions);
    const auto y = model(test.run, graph.view(), x);
    const double value = dot(dense_of(y), weights);
    if (backward) {
      parameters.zero_gradients();
      seed(test.run, y, weights);
      test.run.backward();
      gradient = dense_of(test.run.gradient_of(x));
    }
    return value;
  };
  loss(true);
  double slope = 0;
  std::vector<std::pair<double*, double>> moves; // numbers of the model and how fast they go
  std::uint64_t stream = 70;
  for (const TensorPlace& place : parameters.tensors())
    for (Index r = 0; r < place.rows; ++r)
      for (Index c = 0; c < place.columns; ++c) {
        const Index at = r * stride_of(place.columns) + c;
        moves.push_back({parameters.data(place) + at, values_of(1, ++stream)[0]});
        slope += moves.back().second * parameters.gradients()[place.offset + at];
      }
  for (std::size_t i = 0; i < positions.size(); ++i) {
    moves.push_back({&positions[i], values_of(1, ++stream)[0]});
    slope += moves.back().second * gradient[i];
  }
  const auto step = [&](double h) {
    for (auto& [number, speed] : moves) *number += h * speed;
    parameters.changed();
  };
  const double h = 1e-6;
  step(h);
  const double up = loss(false);
  step(-2 * h);
  const double down = loss(false);
  BOOST_CHECK_SMALL((up - down) / (2 * h) - slope, 1e-5 * std::abs(slope));
}

// Another graph: residues, seven relations, edges from a node to itself.
BOOST_AUTO_TEST_CASE(residue_level) {
  using Residues = Gvp<ResidueGraph, GvpShape{.layers = 1, .node = {8, 3}, .edge = {5, 1}}>;
  TestGraph graph({3}, {0, 1, 1, 2, 2, 0}, {0, 0, 1, 1, 2, 1}, {2, 1, 2, 5, 2, 6}, 7);
  graph.node_columns = {0, 19, 20};
  graph.positions = {0, 0, 0, 1, 2, 3, 4, 4, 4};
  ThreadPool pool(1);
  Parameters<Residues, Cpu> parameters(Cpu{&pool});
  parameters.initialise(5);
  HostMemory memory(Index(1) << 24);
  Arena arena(memory.data(), memory.size());
  Inference<Cpu> run(Cpu{&pool}, arena, parameters.values());
  const auto rows = dense_of(detail::place_model<Residues>()(run, graph.view()));
  BOOST_TEST(rows.size() == 24u);
  for (double v : rows) BOOST_TEST(std::isfinite(v));
  graph.node_columns = {0, 19, 20, 0, 19, 20}; // two a node, as atoms have
  BOOST_CHECK_EXCEPTION(detail::place_model<Residues>()(run, graph.view()), Error, [](const Error& error) {
    return std::string(error.what()).find("this Gvp reads the residue graph") == 0;
  });
}

BOOST_AUTO_TEST_SUITE_END()
