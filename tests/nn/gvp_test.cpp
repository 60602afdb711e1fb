// Geometric vector perceptrons against the published ones: outputs and every gradient.

#include "support/published_gvp.hpp"

#include <pleat/nn/gvp.hpp>

using namespace pleat;
using namespace contract;

namespace {

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

template <class Run, Index W, class Space> void seed(Run& run, const Rows<Run, W, Space>& y, const std::vector<double>& weights) {
  if (auto to = run.template contribute<W>(y.value(), y.count()))
    for (Index i = 0; i < y.count(); ++i)
      for (Index c = 0; c < y.stride; ++c)
        to.data[i * y.stride + c] =
            c < W ? static_cast<typename Run::Stream>(weights[static_cast<std::size_t>(i * W + c)]) : 0;
}

template <Channels In, Channels Out, class Model, class Precision> void check_case(const std::string& name) {
  BOOST_TEST_CONTEXT(name << " in " << Precision::name) {
    const Safetensors file = gvp_golden("gvp_layers");
    const std::string at = name + ".";
    ThreadPool pool(2);
    Parameters<Model, Cpu, Precision> parameters(Cpu{&pool});
    load_published(parameters, file, at);
    LossRun<Precision> test(2, parameters.values(true));
    auto& run = test.run;
    const auto read = [&](const std::string& tensor) { return file.read<double>(at + tensor); };
    {
      const auto x = field_of<In, Residue>(run, read("in_s"), In.vectors > 0 ? read("in_v") : std::vector<double>{});
      const auto y = detail::place_model<Model>()(run, x);
      check_close(dense_of(y.scalars), read("out_s"), gvp_value_tolerance<Precision>, "scalars");
      seed(run, y.scalars, read("loss_weight_s"));
      if constexpr (Out.vectors > 0) {
        check_close(dense_of(y.vectors), vector_rows(read("out_v"), Out.vectors), gvp_value_tolerance<Precision>, "vectors");
        seed(run, y.vectors, vector_rows(read("loss_weight_v"), Out.vectors));
      }
      run.backward();
      check_close(dense_of(run.gradient_of(x.scalars)), read("grad.in_s"), gvp_gradient_tolerance<Precision>, "in_s");
      if constexpr (In.vectors > 0)
        check_close(dense_of(run.gradient_of(x.vectors)), vector_rows(read("grad.in_v"), In.vectors),
                    gvp_gradient_tolerance<Precision>, "in_v");
    }
    for (const TensorPlace& place : parameters.tensors()) {
      const PublishedPart part = published_part_in(file, at, place);
      check_close(gradient_of(parameters, place), part_of(read("grad." + part.name), place.rows, place.columns, part.column),
                  gvp_gradient_tolerance<Precision>, place.name);
    }
  }
}

template <Channels In, Channels Out, class Model> void check_both(const std::string& name) {
  check_case<In, Out, Model, Float64>(name);
  check_case<In, Out, Model, Float32>(name);
}

constexpr Channels in{6, 3}, out{5, 4};
using enum VectorActivation;
template <VectorActivation V, Activation S = Activation::Relu, Index Hidden = 0>
using Published = Perceptron<in, out, PerceptronOptions{S, V, Hidden}>;

} // namespace

BOOST_AUTO_TEST_SUITE(geometric_vector_perceptrons)

BOOST_AUTO_TEST_CASE(golden_perceptrons) {
  check_both<in, out, Published<Gate>>("gvp_gate_relu_none");
  check_both<in, out, Published<SigmoidGate>>("gvp_gate_relu_sigmoid");
  check_both<in, out, Published<Gate, Activation::None>>("gvp_gate_none_none");
  check_both<in, out, Published<Gate, Activation::Relu, 7>>("gvp_hdim_gate");
  check_both<in, out, Published<Length>>("gvp_nogate_relu_sigmoid");
  check_both<in, Channels{5, 0}, Perceptron<in, Channels{5, 0}>>("gvp_scalar_out");
  check_both<Channels{6, 0}, out, Perceptron<Channels{6, 0}, out>>("gvp_scalar_in");
}

BOOST_AUTO_TEST_SUITE_END()
