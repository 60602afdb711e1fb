#include <boost/test/unit_test.hpp>

#include "support/loss_run.hpp"

#include <pleat/nn/batch_norm.hpp>

using namespace pleat;
using namespace contract;

namespace {

// While training the statistics are those of the batch, so inference gives other numbers: this case uses batch statistics in
// neither way by being checked on its own below, and the running ones here.
template <Index Width> struct OneNorm {
  BatchNorm<Width> norm;
  constexpr explicit OneNorm(Layout at) : norm(at) {}
};

const std::vector<Index> offsets{0, 300, 301, 301, 340};

// A batch norm with given values (gain and bias, running statistics) and a training pass on a device.
template <Index Width, class Precision, class Device> class NormRun {
public:
  using Run = Training<Device, Precision>;
  using Real = typename Precision::Parameter;
  explicit NormRun(int threads, const std::vector<double>& flat, const std::vector<double>& state = {})
      : pool_(threads), device_(device_for_tests<Device>(pool_)), parameters(device_), memory_(memory_of(device_)),
        arena_(grown(memory_), memory_bytes), run(device_, arena_, values(flat, state), NoiseKey{1, 2}) {
    arena_.poison(!has_own_memory<Device>);
  }

  const BatchNormTensors<Width> tensors = model_of<OneNorm<Width>>.norm.tensors;

private:
  static constexpr Index memory_bytes = Index(1) << 26;
  static std::byte* grown(DeviceBlock<MemoryOf<Device>>& memory) {
    memory.grow(memory_bytes);
    return memory.data();
  }
  Values<Precision> values(const std::vector<double>& flat, const std::vector<double>& state) {
    parameters.initialise(1);
    set_parameters<OneNorm<Width>, Precision>(parameters, flat);
    for (std::size_t c = 0; c < state.size() / 2; ++c) {
      Real* const store = parameters.store(Store::State);
      store[tensors.running_mean.offset + Index(c)] = Real(state[c]);
      store[tensors.running_var.offset + Index(c)] = Real(state[state.size() / 2 + c]);
    }
    parameters.changed();
    parameters.gradients();
    parameters.zero_gradients();
    return parameters.values(true);
  }
  ThreadPool pool_;
  Device device_;

public:
  Parameters<OneNorm<Width>, Device, Precision> parameters;

private:
  DeviceBlock<MemoryOf<Device>> memory_;
  Arena arena_;

public:
  Run run;
  Rows<Run, Width> input(const std::vector<double>& dense) {
    auto rows = fill<Run, Width, Token>(run, dense);
    run.want(rows);
    return rows;
  }
  // The running statistics that the pass proposed.
  std::vector<double> committed() {
    Real* const store = parameters.store(Store::State);
    run.commit([&](Index offset, Index size, const Real* data) {
      if constexpr (has_own_memory<Device>)
        kernel<memory_op, Device>::to_host(device_, store + offset, data, size * Index(sizeof(Real)));
      else
        std::copy(data, data + size, store + offset);
    });
    std::vector<double> state;
    for (const auto& place : parameters.tensors())
      if (place.store == Store::State)
        for (Index c = 0; c < place.columns; ++c) state.push_back(double(parameters.data(place)[c]));
    return state;
  }
};

// Loss = sum(weights * batch_norm(x)) in a training pass; with gradients.
template <Index Width, class Precision> struct Evaluated { std::vector<double> y, dx, dresidual, dparameters, state; };

template <Index Width, class Precision, class Device = Tested>
Evaluated<Width, Precision> evaluate(const std::vector<double>& x, const std::vector<double>& residual, const Segments& groups,
                                     bool relu, const std::vector<double>& flat, int threads = 2) {
  Evaluated<Width, Precision> result;
  NormRun<Width, Precision, Device> bench(threads, flat);
  auto& run = bench.run;
  const auto rows = bench.input(x), added = bench.input(residual);
  const auto weights = values_of(Index(x.size()), 555);
  {
    auto y = batch_norm(run, bench.tensors, rows, groups, relu, residual.empty() ? nullptr : &added);
    auto seed = run.template contribute<Width>(y.value(), y.count());
    put<Width>(run, seed.data, weights);
    result.y = dense_of(y);
  }
  run.backward();
  result.dx = dense_of(run.gradient_of(rows));
  result.dresidual = dense_of(run.gradient_of(added));
  const auto* const gradients = bench.parameters.gradients();
  for (const auto& place : bench.parameters.tensors())
    if (place.store == Store::Trained)
      for (Index c = 0; c < place.columns; ++c) result.dparameters.push_back(double(gradients[place.offset + c]));
  result.state = bench.committed();
  return result;
}

// The definition in plain double: statistics of each group, running ones moved by one after the other.
struct Plain {
  std::vector<double> y, mean, variance;
  double batches = 0;
};
Plain plain(const std::vector<double>& x, const std::vector<double>& residual, const std::vector<Index>& groups, bool relu,
            const std::vector<double>& flat, std::size_t width) {
  Plain p{std::vector<double>(x.size()), std::vector<double>(width, 0), std::vector<double>(width, 1)};
  for (std::size_t g = 0; g + 1 < groups.size(); ++g) {
    const auto begin = std::size_t(groups[g]), end = std::size_t(groups[g + 1]);
    const double n = double(end - begin);
    for (std::size_t c = 0; c < width; ++c) {
      double mean = 0, variance = 0;
      for (std::size_t r = begin; r < end; ++r) mean += x[r * width + c] / n;
      for (std::size_t r = begin; r < end; ++r) variance += (x[r * width + c] - mean) * (x[r * width + c] - mean) / n;
      for (std::size_t r = begin; r < end; ++r) {
        double y = (x[r * width + c] - mean) / std::sqrt(variance + 1e-5) * flat[c] + flat[width + c];
        if (relu) y = std::max(y, 0.0);
        p.y[r * width + c] = y + (residual.empty() ? 0 : residual[r * width + c]);
      }
      if (n < 2) continue;
      p.mean[c] = 0.9 * p.mean[c] + 0.1 * mean;
      p.variance[c] = 0.9 * p.variance[c] + 0.1 * variance * n / (n - 1);
    }
    p.batches += n >= 2;
  }
  return p;
}

template <Index Width> void check_norm(bool relu, bool with_residual) {
  const auto x = values_of(340 * Width, 1), residual = with_residual ? values_of(340 * Width, 2) : std::vector<double>{};
  const auto flat = values_of(2 * Width, 17, 0.7);
  const Segments groups{offsets};
  const auto got = evaluate<Width, Float64>(x, residual, groups, relu, flat);
  const Plain expected = plain(x, residual, offsets, relu, flat, std::size_t(Width));
  check_close(got.y, expected.y, 1e-12, "output");
  std::vector<double> state = expected.mean;
  state.insert(state.end(), expected.variance.begin(), expected.variance.end());
  state.push_back(expected.batches);
  check_close(got.state, state, 1e-12, "running statistics");

  const auto weights = values_of(Index(x.size()), 555);
  const auto loss = [&](const std::vector<double>& at, const std::vector<double>& parameters) {
    return dot(plain(at, residual, offsets, relu, parameters, std::size_t(Width)).y, weights);
  };
  const double h = 1e-6;
  for (std::size_t i = 0; i < x.size(); i += 53) {
    auto up = x, down = x;
    up[i] += h, down[i] -= h;
    BOOST_CHECK_SMALL(got.dx[i] - (loss(up, flat) - loss(down, flat)) / (2 * h), 1e-6);
  }
  for (std::size_t i = 0; i < flat.size(); ++i) {
    auto up = flat, down = flat;
    up[i] += h, down[i] -= h;
    BOOST_CHECK_SMALL(got.dparameters[i] - (loss(x, up) - loss(x, down)) / (2 * h), 1e-5);
  }
  if (with_residual) check_close(got.dresidual, weights, 1e-15, "gradient of the residual");

  const auto one = evaluate<Width, Float32>(x, residual, groups, relu, flat);
  check_close(one.y, got.y, 2e-6, "float32 output");
  check_close(one.dx, got.dx, 2e-5, "float32 gradient");
  check_close(one.dparameters, got.dparameters, 2e-5, "float32 gradient of parameters");
  check_close(one.state, got.state, 1e-6, "float32 statistics");
  const auto many = evaluate<Width, Float32>(x, residual, groups, relu, flat, 4);
  check_same_bits(many.y, one.y, "output with threads");
  check_same_bits(many.dx, one.dx, "gradient with threads");
  check_same_bits(many.dparameters, one.dparameters, "gradient of parameters with threads");
}

} // namespace

BOOST_AUTO_TEST_SUITE(batch_norms)

BOOST_AUTO_TEST_CASE(statistics_and_gradients_of_groups) {
  check_norm<6>(false, false);
  check_norm<7>(true, false);
  check_norm<16>(false, true);
  check_norm<20>(true, true);
}

// Wide rows, and more chunks of rows than there are warps in a block of a GPU: the tested device against the CPU.
template <Index Width> void check_wide(Index rows) {
  const std::vector<Index> groups{0, rows / 3, rows};
  const auto x = values_of(rows * Width, 1), residual = values_of(rows * Width, 2), flat = values_of(2 * Width, 17, 0.7);
  const auto expected = evaluate<Width, Float64, Cpu>(x, residual, {groups}, true, flat);
  const auto got = evaluate<Width, Float64>(x, residual, {groups}, true, flat);
  check_close(got.y, expected.y, 1e-12, "output");
  check_close(got.dx, expected.dx, 1e-11, "gradient");
  check_close(got.dparameters, expected.dparameters, 1e-11, "gradient of parameters");
  check_close(got.state, expected.state, 1e-12, "running statistics");
}
BOOST_AUTO_TEST_CASE(wide_rows_and_many) {
  check_wide<150>(700);
  check_wide<530>(40);
  check_wide<3>(25600);
}

// Two conformers in one call, in two calls of one pass, and in two passes with a commit between them.
BOOST_AUTO_TEST_CASE(two_groups_equal_two_calls) {
  constexpr Index width = 7, rows = 290;
  const auto a = values_of(rows * width, 1), b = values_of(rows * width, 2, 3.0);
  auto both = a;
  both.insert(both.end(), b.begin(), b.end());
  const auto flat = values_of(2 * width, 17, 0.7);
  const std::vector<Index> halves{0, rows, 2 * rows};
  const auto packed = evaluate<width, Float32, Cpu>(both, {}, {halves}, true, flat);

  ThreadPool pool(1);
  Parameters<OneNorm<width>, Cpu, Float32> parameters(Cpu{&pool});
  parameters.initialise(1);
  set_parameters<OneNorm<width>, Float32>(parameters, flat);
  const auto tensors = model_of<OneNorm<width>>.norm.tensors;
  std::vector<double> y;
  for (bool one_pass : {true, false}) {
    for (const auto& place : parameters.tensors())
      if (place.store == Store::State) std::fill_n(parameters.data(place), place.columns, float(place.init.constant));
    y.clear();
    const auto commit = [&](auto& run) {
      run.commit([&](Index offset, Index size, const float* data) {
        std::copy(data, data + size, parameters.store(Store::State) + offset);
      });
    };
    LossRun<Float32, Cpu> bench(1, parameters);
    for (const auto* x : {&a, &b}) {
      const auto dense = dense_of(batch_norm(bench.run, tensors, bench.input<width>(*x), {}, true));
      y.insert(y.end(), dense.begin(), dense.end());
      if (!one_pass) commit(bench.run);
    }
    commit(bench.run);
    check_same_bits(y, packed.y, "rows");
    std::vector<double> state;
    for (const auto& place : parameters.tensors())
      if (place.store == Store::State)
        for (Index c = 0; c < place.columns; ++c) state.push_back(double(parameters.data(place)[c]));
    check_same_bits(state, packed.state, "running statistics");
  }
}

// At inference, and where a frozen part runs untaped in training, a row is an affine map of itself.
BOOST_AUTO_TEST_CASE(running_statistics_where_nothing_is_recorded) {
  constexpr Index width = 9;
  const auto flat = values_of(2 * width, 17, 0.7);
  auto state = values_of(2 * width, 18);
  for (std::size_t c = width; c < state.size(); ++c) state[c] = std::abs(state[c]) + 0.1;
  const auto x = values_of(5 * width, 3);
  NormRun<width, Float64, Tested> bench(2, flat, state);
  auto& run = bench.run;
  const auto rows = bench.input(x);
  const NormRun<width, Float64, Tested>::Run::Untaped untaped(run);
  const auto y = dense_of(batch_norm(run, bench.tensors, rows));
  const auto buffer = fold_batch_norm(run, bench.tensors);
  const auto folded = run.read(buffer);
  for (std::size_t i = 0; i < y.size(); ++i) {
    const std::size_t c = i % width;
    const double expected = (x[i] - state[c]) / std::sqrt(state[width + c] + 1e-5) * flat[c] + flat[width + c];
    BOOST_CHECK_SMALL(y[i] - expected, 1e-12);
    BOOST_CHECK_SMALL(folded[Index(c)] * x[i] + folded[stride_of(width) + Index(c)] - expected, 1e-12);
  }
  for (Index c = width; c < stride_of(width); ++c) BOOST_TEST((folded[c] == 0 && folded[stride_of(width) + c] == 0));
  run.commit([](Index, Index, const double*) { BOOST_ERROR("nothing may be proposed"); });
}

BOOST_AUTO_TEST_CASE(bad_input) {
  ThreadPool pool(1);
  Parameters<OneNorm<7>, Cpu, Float64> parameters(Cpu{&pool});
  LossRun<Float64, Cpu> bench(1, parameters);
  const auto tensors = model_of<OneNorm<7>>.norm.tensors;
  const auto x = bench.input<7>(values_of(14, 1)), longer = bench.input<7>(values_of(21, 1));
  const std::vector<Index> wrong{0, 1};
  BOOST_CHECK_THROW(batch_norm(bench.run, tensors, x, {wrong}), Error);
  BOOST_CHECK_THROW(batch_norm(bench.run, tensors, x, {}, false, &longer), Error);
  const auto none = batch_norm(bench.run, tensors, bench.input<7>({}));
  BOOST_CHECK_EQUAL(none.count(), 0);
}

BOOST_AUTO_TEST_SUITE_END()
