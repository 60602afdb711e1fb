// The layer of docs/symmetry.md: it compiles as written, and turns with its input.

#include "support/published_gvp.hpp"
#include "support/turned.hpp"

using namespace pleat;
using namespace contract;

namespace {

/// Vectors pushed along by what the scalars say, scalars told the lengths.
template <Channels C> struct Exchange {
  ChannelMap<C.vectors, C.vectors> mix;
  ChannelMap<C.vectors, C.scalars> lengths;
  BiasedMap<C.scalars, C.vectors> gate;
  constexpr explicit Exchange(Layout at) : mix(at / "mix"), lengths(at / "lengths"), gate(at / "gate") {}
  template <class Context, class Space>
  constexpr Field<Context, C, Space> operator()(Context& run, const Field<Context, C, Space>& x) const {
    const auto pushed = vector_gate(run, mix(run, x.vectors), gate(run, x.scalars));
    return {lengths.add_to(run, x.scalars, vector_norm(run, x.vectors)), add(run, x.vectors, pushed)};
  }
};

// What each part of nn/gvp.hpp makes of a turned field.
template <class Model, Channels C> void check_turns(const char* name) {
  ThreadPool pool(1);
  Parameters<Model, Cpu, Float64> parameters(Cpu{&pool});
  parameters.initialise(3);
  const auto scalars = values_of(12 * C.scalars, 1), vectors = values_of(36 * C.vectors, 2);
  const auto evaluate = [&](const std::vector<double>& v) {
    LossRun<Float64> test(1, parameters);
    const Field<typename LossRun<Float64>::Run, C, Residue> x{test.input<C.scalars, Residue>(scalars),
                                                              test.input<C.vectors, Equivariant<Residue>>(v)};
    const auto y = detail::place_model<Model>()(test.run, x);
    return std::pair(dense_of(y.scalars), dense_of(y.vectors));
  };
  const auto still = evaluate(vectors);
  std::uint64_t stream = 50;
  for (double sign : {1.0, -1.0}) {
    const auto q = orthogonal(++stream, sign);
    const auto moved = evaluate(turned(vectors, C.vectors, q));
    check_close(moved.first, still.first, 1e-12, std::string(name) + ", scalars");
    check_close(moved.second, turned(still.second, C.vectors, q), 1e-12, std::string(name) + ", vectors");
  }
}

constexpr Channels channels{7, 5};

} // namespace

BOOST_AUTO_TEST_SUITE(layers_of_fields)

BOOST_AUTO_TEST_CASE(fields_turn_with_their_vectors) {
  check_turns<Exchange<channels>, channels>("exchange");
  check_turns<FieldNorm<channels>, channels>("norm");
  check_turns<VectorPerceptron<channels, channels>, channels>("gate");
  check_turns<VectorPerceptron<channels, channels, PerceptronOptions{.vectors = VectorActivation::Length}>, channels>("length");
  check_turns<VectorPerceptron<channels, channels, PerceptronOptions{.vectors = VectorActivation::None}>, channels>("none");
}

BOOST_AUTO_TEST_SUITE_END()
