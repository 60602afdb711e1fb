// Geometric vector perceptrons against the published ones: outputs and every gradient.

#include "support/published_gvp.hpp"
#include "support/test_graph.hpp"

#include <pleat/nn/gvp_conv.hpp>

using namespace pleat;
using namespace contract;

namespace {

constexpr Channels in{6, 3}, out{5, 4}, node{12, 4}, edge{7, 2};

// Fields of a pass from the published arrays, and gradients seeded by the weights of the loss.
template <Channels C, class Space, class Run>
Field<Run, C, Space> field_of(Run& run, const std::vector<double>& scalars, const std::vector<double>& vectors) {
  auto s = fill<Run, C.scalars, Space>(run, scalars);
  run.want(s);
  if constexpr (C.vectors > 0) {
    auto v = fill<Run, C.vectors, Equivariant<Space>>(run, vector_rows(vectors, C.vectors));
    run.want(v);
    return {s, v};
  } else {
    return {s};
  }
}

template <class Params>
void check_parameter_gradients(Params& parameters, const Safetensors& file, const std::string& at, double tolerance) {
  for (const TensorPlace& place : parameters.tensors()) {
    const PublishedPart part = published_part_in(file, at, place);
    check_close(gradient_of(parameters, place),
                part_of(file.template read<double>(at + "grad." + part.name), place.rows, place.columns, part.column), tolerance,
                place.name);
  }
}

template <Channels In, Channels Out, class Model, class Precision> void check_case(const std::string& name) {
  BOOST_TEST_CONTEXT(name << " in " << Precision::name) {
    const Safetensors file = gvp_golden("gvp_layers");
    const std::string at = name + ".";
    ThreadPool pool(2);
    Parameters<Model, Tested, Precision> parameters(device_for_tests<Tested>(pool));
    load_published(parameters, file, at);
    LossRun<Precision> test(2, parameters);
    auto& run = test.run;
    const auto read = [&](const std::string& tensor) { return file.read<double>(at + tensor); };
    {
      const auto x = field_of<In, Residue>(run, read("in_s"), In.vectors > 0 ? read("in_v") : std::vector<double>{});
      const auto y = detail::place_model<Model>()(run, x);
      check_close(dense_of(y.scalars), read("out_s"), gvp_value_tolerance<Precision>, "scalars");
      seed(run, y.scalars, read("loss_weight_s"));
      double loss = dot(dense_of(y.scalars), read("loss_weight_s"));
      if constexpr (Out.vectors > 0) {
        loss += dot(dense_of(y.vectors), vector_rows(read("loss_weight_v"), Out.vectors));
        check_close(dense_of(y.vectors), vector_rows(read("out_v"), Out.vectors), gvp_value_tolerance<Precision>, "vectors");
        seed(run, y.vectors, vector_rows(read("loss_weight_v"), Out.vectors));
      }
      check_close({loss}, read("loss"), gvp_value_tolerance<Precision>, "loss");
      run.backward();
      check_close(dense_of(run.gradient_of(x.scalars)), read("grad.in_s"), gvp_gradient_tolerance<Precision>, "in_s");
      if constexpr (In.vectors > 0)
        check_close(dense_of(run.gradient_of(x.vectors)), vector_rows(read("grad.in_v"), In.vectors),
                    gvp_gradient_tolerance<Precision>, "in_v");
    }
    check_parameter_gradients(parameters, file, at, gvp_gradient_tolerance<Precision>);
  }
}

template <Channels In, Channels Out, class Model> void check_both(const std::string& name) {
  check_case<In, Out, Model, Float64>(name);
  check_case<In, Out, Model, Float32>(name);
}

template <class Model, class Precision> void check_conv(const std::string& name) {
  BOOST_TEST_CONTEXT(name << " in " << Precision::name) {
    const Safetensors file = gvp_golden("gvp_layers");
    const std::string at = name + ".";
    const auto read = [&](const std::string& tensor) { return file.read<double>(at + tensor); };
    const Index nodes = file.shape(at + "in_s")[0];
    const TestGraph graph({nodes}, file.read<std::int32_t>("graph.edge_src"), file.read<std::int32_t>("graph.edge_dst"));
    const GraphBatch batch = graph.view();
    ThreadPool pool(2);
    Parameters<Model, Tested, Precision> parameters(device_for_tests<Tested>(pool));
    load_published(parameters, file, at);
    LossRun<Precision> test(2, parameters);
    auto& run = test.run;
    {
      const auto x = field_of<node, Atom>(run, read("in_s"), read("in_v"));
      const auto e = field_of<edge, Edge>(run, graph.sorted(read("edge_s")), graph.sorted(read("edge_v")));
      constexpr Model model = detail::place_model<Model>();
      Field<typename LossRun<Precision>::Run, node, Atom> y;
      if constexpr (std::is_invocable_v<Model, decltype(run), const GraphBatch&, decltype(x), decltype(e)>)
        y = model(run, batch, x, e);
      else
        y = model(run, batch.topology, x, e);
      check_close(dense_of(y.scalars), read("out_s"), gvp_value_tolerance<Precision>, "scalars");
      check_close(dense_of(y.vectors), vector_rows(read("out_v"), node.vectors), gvp_value_tolerance<Precision>, "vectors");
      const double loss = dot(dense_of(y.scalars), read("loss_weight_s")) +
                          dot(dense_of(y.vectors), vector_rows(read("loss_weight_v"), node.vectors));
      check_close({loss}, read("loss"), gvp_value_tolerance<Precision>, "loss");
      seed(run, y.scalars, read("loss_weight_s"));
      seed(run, y.vectors, vector_rows(read("loss_weight_v"), node.vectors));
      run.backward();
      const double tolerance = gvp_gradient_tolerance<Precision>;
      check_close(dense_of(run.gradient_of(x.scalars)), read("grad.in_s"), tolerance, "in_s");
      check_close(dense_of(run.gradient_of(x.vectors)), vector_rows(read("grad.in_v"), node.vectors), tolerance, "in_v");
      check_close(dense_of(run.gradient_of(e.scalars)), graph.sorted(read("grad.edge_s")), tolerance, "edge_s");
      check_close(dense_of(run.gradient_of(e.vectors)), vector_rows(graph.sorted(read("grad.edge_v")), edge.vectors), tolerance,
                  "edge_v");
    }
    check_parameter_gradients(parameters, file, at, gvp_gradient_tolerance<Precision>);
  }
}

template <class Model> void check_both_convs(const std::string& name) {
  check_conv<Model, Float64>(name);
  check_conv<Model, Float32>(name);
}

using enum VectorActivation;
template <VectorActivation V, Activation S = Activation::Relu, Index Hidden = 0>
using Published = VectorPerceptron<in, out, PerceptronOptions{S, V, Hidden}>;

} // namespace

BOOST_AUTO_TEST_SUITE(geometric_vector_perceptrons)

BOOST_AUTO_TEST_CASE(golden_perceptrons) {
  check_both<in, out, Published<Gate>>("gvp_gate_relu_none");
  check_both<in, out, Published<SigmoidGate>>("gvp_gate_relu_sigmoid");
  check_both<in, out, Published<Gate, Activation::None>>("gvp_gate_none_none");
  check_both<in, out, Published<Gate, Activation::Relu, 7>>("gvp_hdim_gate");
  check_both<in, out, Published<Length>>("gvp_nogate_relu_sigmoid");
  check_both<in, Channels{5, 0}, VectorPerceptron<in, Channels{5, 0}>>("gvp_scalar_out");
  check_both<Channels{6, 0}, out, VectorPerceptron<Channels{6, 0}, out>>("gvp_scalar_in");
}

// The norm alone, as a model.
template <Channels C> struct NormModel {
  FieldNorm<C> norm;
  constexpr explicit NormModel(Layout at) : norm(at) {}
  template <class Run, class Space> auto operator()(Run& run, const Field<Run, C, Space>& x) const { return norm(run, x); }
};

BOOST_AUTO_TEST_CASE(golden_norms) {
  check_both<in, in, NormModel<in>>("norm_sv");
  check_both<Channels{6, 1}, Channels{6, 1}, NormModel<Channels{6, 1}>>("norm_single_vector");
  check_both<Channels{6, 0}, Channels{6, 0}, NormModel<Channels{6, 0}>>("norm_scalar_only");
}

BOOST_AUTO_TEST_CASE(golden_convolutions) {
  check_both_convs<GvpConv<node, edge>>("conv_siamdiff");
  check_both_convs<GvpConvLayer<node, edge>>("convlayer_siamdiff");
  check_both_convs<GvpConvLayer<node, edge, PerceptronOptions{.vectors = SigmoidGate}>>("convlayer_gate_sigmoid");
  check_both_convs<GvpConvLayer<node, edge, PerceptronOptions{.vectors = Length}>>("convlayer_nogate");
}

BOOST_AUTO_TEST_SUITE_END()
