// The Gvp encoder against the published one, and its symmetry.

#include "support/published_gvp.hpp"
#include "support/test_graph.hpp"

#include <pleat/encoders/gvp.hpp>

using namespace pleat;
using namespace contract;

namespace {

struct Atoms { // what the encoder reads of a graph policy
  using Node = Atom;
  static constexpr Index node_features = 18 + 21, node_columns = 2;
};

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

template <class Run, Index W, class Space> void seed(Run& run, const Rows<Run, W, Space>& y, const std::vector<double>& weights) {
  if (auto to = run.template contribute<W>(y.value(), y.count()))
    for (Index i = 0; i < y.count(); ++i)
      for (Index c = 0; c < y.stride; ++c) {
        const double w = c < W ? weights[static_cast<std::size_t>(i * W + c)] : 0;
        auto& d = to.data[i * y.stride + c];
        d = static_cast<typename Run::Stream>(w + (to.accumulate ? static_cast<double>(d) : 0.0));
      }
}

using Small = Gvp<Atoms, GvpShape{.layers = 3, .node = {24, 6}, .edge = {12, 1}, .dropout = 0}>;
using Wide = Gvp<Atoms, GvpShape{.layers = 2, .dropout = 0}>;
static_assert(parameter_count<Small> == 38'630 && parameter_count<Wide> == 359'255);
static_assert(parameter_count<Gvp<Atoms>> == 874'982);

template <class Precision> inline constexpr double encoder_gradient = std::is_same_v<Precision, Float64> ? 1e-9 : 1e-3;

template <class Model, class Precision> void check_encoder(const std::string& name) {
  BOOST_TEST_CONTEXT(name << " in " << Precision::name) {
    const GoldenEncoder golden(name);
    const auto& file = golden.file;
    ThreadPool pool(2);
    Parameters<Model, Cpu, Precision> parameters(Cpu{&pool});
    golden.load(parameters);
    LossRun<Precision> test(2, parameters.values(true), Index(1) << 29);
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
      const auto whole = model.readout(run, batch, y);
      check_close(dense_of(y), file.read<double>("node_feature"), std::max(values, gvp_value_tolerance<Precision>), "nodes");
      check_close(dense_of(whole), file.read<double>("graph_feature"), gvp_value_tolerance<Precision>, "graph");
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
        for (Index r = 0; r < 21; ++r) whole_of("residue_embdding.weight").values[static_cast<std::size_t>(o * 21 + r)] = at(o, 18 + r);
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

} // namespace

BOOST_AUTO_TEST_SUITE(gvp_encoder)

BOOST_AUTO_TEST_CASE(golden_small) {
  check_encoder<Small, Float64>("gvp_encoder_small");
  check_encoder<Small, Float32>("gvp_encoder_small");
}

BOOST_AUTO_TEST_CASE(golden_wide) {
  check_encoder<Wide, Float64>("gvp_encoder_wide");
  check_encoder<Wide, Float32>("gvp_encoder_wide");
}

BOOST_AUTO_TEST_SUITE_END()
