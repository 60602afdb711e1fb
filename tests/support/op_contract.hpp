#pragma once
// The contract every op is held to, from one small case type. See tests/ops/linear_test.cpp for an example.
//
//   struct MyCase {                                     // a "model" of one op
//     Vector<7> gain;                                   // its parameters, if any
//     constexpr explicit MyCase(Layout at) : gain(at.vector<7>("gain", init::one)) {}
//     using Inputs = Signature<In<7, Token>, In<3, Sequence>>;   // widths and row spaces of its differentiable inputs
//     template <class Run> auto operator()(Run& run, const SequenceBatch& batch, const Rows<Run, 7>& x,
//                                          const Rows<Run, 3, Sequence>& c) const { return my_op(run, gain, x, c); }
//   };
//   check_op_contract<MyCase>();
// An op of graphs takes `const TestBatch& batch` in the place of the SequenceBatch and reads batch.graph.

#include <boost/test/unit_test.hpp>

#include <cmath>
#include <cstring>
#include <string>
#include <tuple>
#include <vector>

#include <pleat/backend/cpu.hpp>
#if defined(PLEAT_CONTRACT_DEVICE)
#include <pleat/backend/cuda.hpp>
#endif
#include <pleat/core/parameters.hpp>
#include <pleat/core/symmetry.hpp>

#include "support/close.hpp"
#include "support/test_graph.hpp"

namespace contract {

using namespace pleat;

// The device whose kernels are tested.
#if defined(PLEAT_CONTRACT_DEVICE)
using Tested = PLEAT_CONTRACT_DEVICE;
#else
using Tested = Cpu;
#endif

template <Index Width, class SpaceType = Token> struct In {
  static constexpr Index width = Width;
  using Space = SpaceType;
};
template <class... Inputs> struct Signature {};

// A ragged batch with made-up residues. Lengths may be zero.
struct TestBatch {
  std::vector<Index> offsets{0}, starts;
  std::vector<std::uint8_t> tokens;
  std::vector<std::uint32_t> records;
  TestGraph graph; // of as many nodes as residues
  explicit TestBatch(const std::vector<Index>& lengths, std::uint64_t seed = 7) : graph(TestGraph::made_up(lengths, 3, 2)) {
    Philox draws(seed, 99);
    for (std::size_t s = 0; s < lengths.size(); ++s) {
      offsets.push_back(offsets.back() + lengths[s]);
      records.push_back(static_cast<std::uint32_t>(10 + s));
      starts.push_back(static_cast<Index>(s));
    }
    for (Index i = 0; i < offsets.back(); ++i) tokens.push_back(static_cast<std::uint8_t>(4 + draws.index(20)));
    for (std::uint8_t token : tokens) // an element and a residue type
      graph.node_columns.push_back(token % 18), graph.node_columns.push_back(18 + token - 4);
    for (Index e = 0; e < graph.edges(); ++e) // the types of both ends, now and then none
      graph.edge_columns.push_back(e % 11 == 5 ? -1 : tokens[std::size_t(graph.source(e))] % 4),
          graph.edge_columns.push_back(4 + tokens[std::size_t(graph.target(e))] % 5);
  }
  SequenceBatch view() const { return {tokens, {offsets}, records, starts}; }
  template <class Space> Index count() const {
    if constexpr (std::is_same_v<Space, Sequence> || std::is_same_v<Space, Graph>)
      return static_cast<Index>(records.size());
    else if constexpr (std::is_same_v<Space, Edge>)
      return graph.edges();
    else if constexpr (std::is_same_v<Space, Pair>)
      return graph.pairs();
    else if constexpr (std::is_same_v<Space, Batch>)
      return 1;
    else
      return offsets.back();
  }
};

// Dense results of one evaluation: the output and all gradients, without strides.
struct Evaluation {
  std::vector<double> output;
  std::vector<std::vector<double>> input_gradients;
  std::vector<double> parameter_gradients;
  Index high_water = 0, left = 0;
};

// Rows of the device from dense numbers.
template <Index W, class Run> void put(Run& run, typename Run::Stream* to, const std::vector<double>& dense) {
  using T = typename Run::Stream;
  const auto write = [&](T* rows) {
    for (Index i = 0; i < static_cast<Index>(dense.size()) / W; ++i)
      for (Index c = 0; c < stride_of(W); ++c)
        rows[i * stride_of(W) + c] = c < W ? static_cast<T>(dense[static_cast<std::size_t>(i * W + c)]) : T(0);
  };
  if constexpr (has_own_memory<typename Run::Device>) {
    std::vector<T> rows(dense.size() / static_cast<std::size_t>(W) * static_cast<std::size_t>(stride_of(W)));
    write(rows.data());
    kernel<memory_op, typename Run::Device>::to_device(run.device(), to, rows.data(),
                                                       static_cast<Index>(rows.size() * sizeof(T)));
  } else {
    write(to);
  }
}
template <class Run, Index W, class Space> Rows<Run, W, Space> fill(Run& run, const std::vector<double>& dense) {
  auto rows = run.template rows<W, Space>(static_cast<Index>(dense.size()) / W);
  if constexpr (Run::computes) put<W>(run, rows.data(), dense);
  return rows;
}

template <class Run, Index W, class Space> std::vector<double> dense_of(const Rows<Run, W, Space>& rows) {
  std::vector<double> dense;
  if (!rows) return dense;
  const auto read = rows.run().read(rows);
  for (Index i = 0; i < rows.count(); ++i) {
    for (Index c = 0; c < W; ++c) dense.push_back(static_cast<double>(read.row(i)[c]));
    for (Index c = W; c < stride_of(W); ++c)
      BOOST_REQUIRE_MESSAGE(read.row(i)[c] == 0, "the tail of row " << i << " is not zero");
  }
  return dense;
}

// Numbers of the device, such as the statistics that a pass proposes.
template <class Run, class T> std::vector<T> host_copy(const Run& run, const T* from, Index count) {
  if constexpr (has_own_memory<typename Run::Device>) {
    std::vector<T> copy(static_cast<std::size_t>(count));
    kernel<memory_op, typename Run::Device>::to_host(run.device(), copy.data(), from, count * static_cast<Index>(sizeof(T)));
    return copy;
  } else {
    return {from, from + count};
  }
}

// Numbers of a tensor, without strides, of a store of the host. (Asking for a store may copy all of it from the device.)
template <class T> std::vector<double> values_at(const T* data, const TensorPlace& place) {
  std::vector<double> values;
  for (Index r = 0; r < place.rows; ++r)
    for (Index c = 0; c < place.columns; ++c) values.push_back(double(data[place.offset + r * stride_of(place.columns) + c]));
  return values;
}

// Weights of a loss as the gradient of rows that have none yet.
template <class Run, Index W, class Space>
void seed(Run& run, const Rows<Run, W, Space>& rows, const std::vector<double>& weights) {
  auto to = run.template contribute<W>(rows.value(), rows.count());
  if constexpr (Run::computes) {
    if (!to) return;
    BOOST_REQUIRE(!to.accumulate);
    put<W>(run, to.data, weights);
  }
}

template <class Space> struct Bare { using type = Space; };
template <class Space> struct Bare<Equivariant<Space>> { using type = Space; };
template <class Space> struct Bare<Coordinates<Space>> { using type = Space; };
// Rows of a space in a batch: three for each vector or position.
template <class Space> Index rows_in(const TestBatch& batch) {
  return rows_each<Space> * batch.template count<typename Bare<Space>::type>();
}

template <class Case> Case make_case() { return detail::place_model<Case>(); }

// Inputs, forward, seeded backward. `Run` decides device, precision and mode.
template <class Case, class Run, class... Ins>
Evaluation evaluate_on(Run& run, Signature<Ins...>, const TestBatch& batch, const std::vector<std::vector<double>>& inputs,
                       Parameters<Case, typename Run::Device, typename Run::Precision>* parameters) {
  const Case model = make_case<Case>();
  Evaluation result;
  {
    const std::vector<double>* next = inputs.data();
    [[maybe_unused]] const auto following = [&next]() -> const std::vector<double>& { return *next++; };
    std::tuple<Rows<Run, Ins::width, typename Ins::Space>...> rows{
        fill<Run, Ins::width, typename Ins::Space>(run, following())...};
    std::apply([&](auto&... x) { (run.want(x), ...); }, rows);
    auto y = std::apply(
        [&](auto&... x) {
          if constexpr (std::is_invocable_v<const Case&, Run&, const TestBatch&, decltype(x)...>)
            return model(run, batch, x...);
          else
            return model(run, batch.view(), x...);
        },
        rows);
    using Y = decltype(y);
    if constexpr (Run::computes) result.output = dense_of(y);
    if constexpr (Run::records) {
      auto seed = run.template contribute<Y::width>(y.value(), y.count());
      if constexpr (Run::computes)
        if (seed) put<Y::width>(run, seed.data, values_of(y.count() * Y::width, 555));
      y = {};
      run.backward();
      std::apply(
          [&](auto&... x) {
            (
                [&] {
                  auto g = run.gradient_of(x);
                  if constexpr (Run::computes) result.input_gradients.push_back(dense_of(g));
                }(),
                ...);
          },
          rows);
    }
  }
  run.commit([](Index, Index, const auto*) {});
  result.left = run.arena().used();
  result.high_water = run.arena().high_water();
  if constexpr (Run::records && Run::computes) {
    const auto* const gradients = parameters->gradients();
    for (const auto& place : parameters->tensors())
      if (place.store == Store::Trained)
        for (Index r = 0; r < place.rows; ++r)
          for (Index c = 0; c < place.columns; ++c)
            result.parameter_gradients.push_back(static_cast<double>(gradients[place.offset + r * stride_of(place.columns) + c]));
  }
  return result;
}

template <class Case, class Precision, bool Records, class... Ins>
Index planned_peak(Signature<Ins...> signature, const TestBatch& batch, const std::vector<std::vector<double>>& inputs,
                   Paper paper) {
  Arena arena;
  Pass<Paper, Precision, Records> run(paper, arena, {}, NoiseKey{1, 2});
  evaluate_on<Case>(run, signature, batch, inputs, nullptr);
  return arena.high_water();
}

template <class Precision> double parameter_scale() { return 0.5; }

template <class Case, class Precision, class Device>
void set_parameters(Parameters<Case, Device, Precision>& parameters, const std::vector<double>& flat) {
  std::size_t next = 0;
  for (const auto& place : parameters.tensors()) {
    if (place.store == Store::State) continue;
    auto* data = parameters.data(place);
    for (Index r = 0; r < place.rows; ++r)
      for (Index c = 0; c < place.columns; ++c)
        data[r * stride_of(place.columns) + c] = static_cast<typename Precision::Parameter>(flat[next++]);
  }
  parameters.changed();
}

template <class Device> Device device_for_tests(ThreadPool& pool) {
  if constexpr (has_own_memory<Device>)
    return open_device(Device{});
  else
    return Device{&pool};
}

// Calls walk on a plan, then on a pass over the values, in poisoned memory of exactly the planned size; returns what is left
// in use.
template <bool Records, class Model, class Device, class Precision, class Walk>
Index in_planned_memory(Parameters<Model, Device, Precision>& parameters, const Walk& walk) {
  Arena paper;
  {
    Pass<Paper, Precision, Records> plan(paper_of(parameters.device()), paper, Values<Precision>{});
    walk(plan);
    plan.commit([](Index, Index, const auto*) {});
  }
  DeviceBlock<MemoryOf<Device>> memory(memory_of(parameters.device()));
  memory.grow(paper.high_water());
  Arena arena(memory.data(), memory.size());
  arena.poison(!has_own_memory<Device>);
  Pass<Device, Precision, Records> run(parameters.device(), arena, parameters.values(Records));
  walk(run);
  BOOST_CHECK_EQUAL(arena.high_water(), paper.high_water());
  return arena.used();
}

template <class Case, class Precision, bool Records, class Device = Cpu, class... Ins>
Evaluation evaluate(Signature<Ins...> signature, const TestBatch& batch, const std::vector<std::vector<double>>& inputs,
                    const std::vector<double>& flat, int threads) {
  ThreadPool pool(threads);
  const Device device = device_for_tests<Device>(pool);
  Parameters<Case, Device, Precision> parameters(device);
  set_parameters<Case, Precision>(parameters, flat);
  const Index peak = planned_peak<Case, Precision, Records>(signature, batch, inputs, paper_of(device));
  DeviceBlock<MemoryOf<Device>> memory(memory_of(device));
  memory.grow(peak);
  Arena arena(memory.data(), memory.size());
  arena.poison(!has_own_memory<Device>);
  Pass<Device, Precision, Records> run(device, arena, parameters.values(Records), NoiseKey{1, 2});
  Evaluation result = evaluate_on<Case>(run, signature, batch, inputs, &parameters);
  BOOST_CHECK_EQUAL(result.high_water, peak); // the plan is exact
  BOOST_CHECK_EQUAL(result.left, 0);          // nothing is held when the handles are gone
  return result;
}

struct ContractOptions {
  std::vector<std::vector<Index>> lengths = {{5, 1, 9}, {1}, {}, {3, 0, 4}};
  double gradient_tolerance = 2e-7; // float64 central differences
  double float_tolerance = 2e-5;    // float32 against float64, values
  double float_gradient_tolerance = 2e-4;
  double input_scale = 1.0;
  double step = 1e-5;
};

template <class Case, class... Ins> void check_contract(Signature<Ins...> signature, const ContractOptions& options) {
  Index parameter_total = layout_totals<Case>.count[0] + layout_totals<Case>.count[1];
  const auto flat = values_of(parameter_total, 17, 0.7);
  for (const auto& lengths : options.lengths) {
    const TestBatch batch(lengths);
    std::uint64_t stream = 100;
    const std::vector<std::vector<double>> inputs{
        values_of(rows_in<typename Ins::Space>(batch) * Ins::width, stream++, options.input_scale)...};

    const auto reference = evaluate<Case, Float64, true>(signature, batch, inputs, flat, 1);
    const auto weights = values_of(static_cast<Index>(reference.output.size()), 555);

    // Backward against central differences of sum(output * weights).
    auto loss_at = [&](const std::vector<std::vector<double>>& x, const std::vector<double>& p) {
      return dot(evaluate<Case, Float64, false>(signature, batch, x, p, 1).output, weights);
    };
    const double h = options.step;
    for (std::size_t k = 0; k < inputs.size(); ++k) {
      std::vector<double> numeric(inputs[k].size());
      for (std::size_t i = 0; i < inputs[k].size(); ++i) {
        auto up = inputs, down = inputs;
        up[k][i] += h, down[k][i] -= h;
        numeric[i] = (loss_at(up, flat) - loss_at(down, flat)) / (2 * h);
      }
      auto analytic = reference.input_gradients[k];
      if (analytic.empty()) analytic.assign(numeric.size(), 0.0);
      check_close(analytic, numeric, options.gradient_tolerance, "gradient of input " + std::to_string(k));
    }
    std::vector<double> numeric;
    std::size_t at = 0;
    for (const auto& place : tensors_of<Case>()) {
      if (place.store == Store::State) continue;
      for (Index e = 0; e < place.rows * place.columns; ++e, ++at) {
        if (place.store != Store::Trained) continue;
        auto up = flat, down = flat;
        up[at] += h, down[at] -= h;
        numeric.push_back((loss_at(inputs, up) - loss_at(inputs, down)) / (2 * h));
      }
    }
    check_close(reference.parameter_gradients, numeric, options.gradient_tolerance, "gradient of parameters");

    // Training and inference give the same bits; float follows double; any thread count gives the same bits.
    check_same_bits(evaluate<Case, Float64, false>(signature, batch, inputs, flat, 1).output, reference.output, "inference");
    const auto one = evaluate<Case, Float32, true>(signature, batch, inputs, flat, 1);
    check_close(one.output, reference.output, options.float_tolerance, "float32 output");
    for (std::size_t k = 0; k < inputs.size(); ++k)
      if (!reference.input_gradients[k].empty())
        check_close(one.input_gradients[k], reference.input_gradients[k], options.float_gradient_tolerance,
                    "float32 input gradient");
    check_close(one.parameter_gradients, reference.parameter_gradients, options.float_gradient_tolerance,
                "float32 parameter gradient");
  }
  // Enough rows for several tasks, so that threads matter.
  const TestBatch batch({300, 1, 411, 77});
  std::uint64_t stream = 100;
  const std::vector<std::vector<double>> inputs{
      values_of(rows_in<typename Ins::Space>(batch) * Ins::width, stream++, options.input_scale)...};
  const auto one = evaluate<Case, Float32, true>(signature, batch, inputs, flat, 1);
  for (int threads : {2, 3, 4}) {
    const auto many = evaluate<Case, Float32, true>(signature, batch, inputs, flat, threads);
    check_same_bits(many.output, one.output, "output with threads");
    for (std::size_t k = 0; k < inputs.size(); ++k)
      check_same_bits(many.input_gradients[k], one.input_gradients[k], "gradient with threads");
    check_same_bits(many.parameter_gradients, one.parameter_gradients, "parameter gradient with threads");
  }
}

// body(batch, inputs, values, what the CPU makes of them in double) for the batches that another device is held to.
template <class Case, class... Ins, class Body>
void beside_the_cpu(Signature<Ins...> signature, const ContractOptions& options, const Body& body) {
  const auto flat = values_of(layout_totals<Case>.count[0] + layout_totals<Case>.count[1], 17, 0.7);
  auto all = options.lengths;
  all.push_back({70, 1, 133});
  for (const auto& lengths : all) {
    const TestBatch batch(lengths);
    std::uint64_t stream = 100;
    const std::vector<std::vector<double>> inputs{
        values_of(rows_in<typename Ins::Space>(batch) * Ins::width, stream++, options.input_scale)...};
    const auto reference = evaluate<Case, Float64, true>(signature, batch, inputs, flat, 1);
    body(batch, inputs, flat, reference);
  }
}

// The kernels of another device against those of the CPU: float64 to rounding, float32 to its tolerance, training and inference
// with the same bits, and every time the same bits.
template <class Device, class Case, class... Ins> void check_device(Signature<Ins...> signature, const ContractOptions& options) {
  beside_the_cpu<Case>(
      signature, options,
      [&](const TestBatch& batch, const std::vector<std::vector<double>>& inputs, const std::vector<double>& flat,
          const Evaluation& reference) {
        const auto compare = [&](const Evaluation& got, double tolerance, double gradient_tolerance, const std::string& what) {
          check_close(got.output, reference.output, tolerance, what + " output");
          BOOST_REQUIRE_EQUAL(got.input_gradients.size(), reference.input_gradients.size());
          for (std::size_t k = 0; k < inputs.size(); ++k)
            check_close(got.input_gradients[k], reference.input_gradients[k], gradient_tolerance,
                        what + " gradient of input " + std::to_string(k));
          check_close(got.parameter_gradients, reference.parameter_gradients, gradient_tolerance,
                      what + " gradient of parameters");
        };
        compare(evaluate<Case, Float64, true, Device>(signature, batch, inputs, flat, 1), 1e-11, 1e-10, "float64");
        const auto one = evaluate<Case, Float32, true, Device>(signature, batch, inputs, flat, 1);
        compare(one, options.float_tolerance, options.float_gradient_tolerance, "float32");
        const auto again = evaluate<Case, Float32, true, Device>(signature, batch, inputs, flat, 1);
        check_same_bits(again.output, one.output, "output, again");
        for (std::size_t k = 0; k < inputs.size(); ++k)
          check_same_bits(again.input_gradients[k], one.input_gradients[k], "gradient, again");
        check_same_bits(again.parameter_gradients, one.parameter_gradients, "parameter gradient, again");
        check_same_bits(evaluate<Case, Float32, false, Device>(signature, batch, inputs, flat, 1).output, one.output,
                        "inference");
      });
}

// The precisions whose products read rounded operands, on devices that have them: bfloat16 has a relative rounding error of 2^-9,
// tf32 of 2^-11, and sums are formed in float.
template <class Device, class Case, class... Ins>
void check_rounded(Signature<Ins...> signature, const ContractOptions& options) {
  beside_the_cpu<Case>(
      signature, options,
      [&](const TestBatch& batch, const std::vector<std::vector<double>>& inputs, const std::vector<double>& flat,
          const Evaluation& reference) {
        const auto compare = [&](auto precision, double tolerance) {
          using Precision = decltype(precision);
          const std::string what = Precision::name;
          const auto got = evaluate<Case, Precision, true, Device>(signature, batch, inputs, flat, 1);
          check_error(got.output, reference.output, tolerance, what + " output");
          for (std::size_t k = 0; k < inputs.size(); ++k)
            check_error(got.input_gradients[k], reference.input_gradients[k], tolerance,
                        what + " gradient of input " + std::to_string(k));
          check_error(got.parameter_gradients, reference.parameter_gradients, tolerance, what + " gradient of parameters");
          check_same_bits(evaluate<Case, Precision, true, Device>(signature, batch, inputs, flat, 1).parameter_gradients,
                          got.parameter_gradients, what + " gradient, again");
          check_same_bits(evaluate<Case, Precision, false, Device>(signature, batch, inputs, flat, 1).output, got.output,
                          what + " inference");
        };
        compare(Bf16{}, 8e-3), compare(Tf32{}, 2e-3);
      });
}

// Programs that define PLEAT_CONTRACT_DEVICE hold its kernels to those of the CPU, the others the CPU's to mathematics.
template <class Case> void check_op_contract(const ContractOptions& options = {}) {
#if defined(PLEAT_CONTRACT_DEVICE)
  check_device<PLEAT_CONTRACT_DEVICE, Case>(typename Case::Inputs{}, options);
#else
  check_contract<Case>(typename Case::Inputs{}, options);
#endif
}

/// For ops with products: does nothing where the device of the tests has no such precision.
template <class Case> void check_rounded_operands([[maybe_unused]] const ContractOptions& options = {}) {
#if defined(PLEAT_CONTRACT_DEVICE)
  check_rounded<PLEAT_CONTRACT_DEVICE, Case>(typename Case::Inputs{}, options);
#endif
}

} // namespace contract
