#include "support/loss_run.hpp"

#include <pleat/ops/normalisation_loss.hpp>
#include <pleat/ops/token_norm.hpp>

using namespace pleat;
using namespace contract;

namespace {

template <Index Width> struct TokenNormModel {
  Matrix<20, Width> mean, variance;
  constexpr explicit TokenNormModel(Layout at)
      : mean(at.state<20, Width>("mean", init::zero)), variance(at.state<20, Width>("variance", init::one)) {}
};

template <class Precision, Index Width, class Device = Cpu> struct Setting {
  using Model = TokenNormModel<Width>;
  ThreadPool pool{1};
  Parameters<Model, Device, Precision> parameters{device_for_tests<Device>(pool)};
  Model model = make_case<Model>();
  Setting() { parameters.initialise(1); }
  void set(const Matrix<20, Width>& where, const std::vector<double>& values) {
    for (Index g = 0; g < 20; ++g)
      for (Index c = 0; c < Width; ++c)
        parameters.store(Store::State)[where.offset + g * stride_of(Width) + c] =
            static_cast<typename Precision::Parameter>(values[static_cast<std::size_t>(g * Width + c)]);
    parameters.changed();
  }
  std::vector<double> get(const Matrix<20, Width>& where) {
    std::vector<double> values;
    for (Index g = 0; g < 20; ++g)
      for (Index c = 0; c < Width; ++c)
        values.push_back(double(parameters.store(Store::State)[where.offset + g * stride_of(Width) + c]));
    return values;
  }
};

struct Outcome {
  std::vector<double> output, gradient;
};

// One pass in training (batch statistics, committed) or with the layer untaped (running statistics).
template <class Precision, Index Width, class Device>
Outcome apply(Setting<Precision, Width, Device>& setting, const std::vector<double>& z, const std::vector<std::uint8_t>& tokens,
              const TokenNormOptions& options, bool training, const std::vector<double>& grad_output = {}, int threads = 1) {
  LossRun<Precision, Device> test(threads, setting.parameters);
  auto& run = test.run;
  auto rows = test.template input<Width>(z);
  Outcome out;
  if (training) {
    auto y = token_norm(run, rows, tokens, setting.model.mean, setting.model.variance, options);
    out.output = dense_of(y);
    if (!grad_output.empty()) {
      seed(run, y, grad_output);
      run.backward();
      out.gradient = dense_of(run.gradient_of(rows));
    }
  } else {
    typename LossRun<Precision, Device>::Run::Untaped untaped(run);
    out.output = dense_of(token_norm(run, rows, tokens, setting.model.mean, setting.model.variance, options));
  }
  run.commit([&](Index offset, Index size, const auto* data) {
    const auto numbers = host_copy(run, data, size);
    std::copy(numbers.begin(), numbers.end(), setting.parameters.store(Store::State) + offset);
  });
  setting.parameters.changed();
  return out;
}

std::vector<std::uint8_t> tokens_of(const std::vector<double>& types) {
  std::vector<std::uint8_t> tokens;
  for (double type : types) tokens.push_back(static_cast<std::uint8_t>(type < 0 ? 24 : type + 4));
  return tokens;
}

template <class Precision> void check_golden() {
  const auto file = Safetensors::open(golden_path("token_norm"));
  const auto z = file.read<double>("layer.z"), dy = file.read<double>("layer.grad_output");
  const auto tokens = tokens_of(file.read<double>("layer.type"));
  for (double kappa : {0.0, 4.0}) {
    const std::string name = kappa == 0 ? "layer.kappa0" : "layer.kappa4";
    Setting<Precision, 6, Tested> setting;
    setting.set(setting.model.mean, file.read<double>("layer.running_mean"));
    setting.set(setting.model.variance, file.read<double>("layer.running_var"));
    const auto eval = apply(setting, z, tokens, {}, false);
    check_close(eval.output, file.read<double>("layer.eval.output"), value_tolerance<Precision>, "eval");
    const auto out = apply(setting, z, tokens, {.kappa = kappa}, true, dy);
    check_close(out.output, file.read<double>(name + ".output"), value_tolerance<Precision>, name);
    check_close(out.gradient, file.read<double>(name + ".grad_input"), gradient_tolerance<Precision>, name + " gradient");
    check_close(setting.get(setting.model.mean), file.read<double>("layer.updated_running_mean"), value_tolerance<Precision>,
                "mean");
    check_close(setting.get(setting.model.variance), file.read<double>("layer.updated_running_var_biased"),
                value_tolerance<Precision>, "variance");
  }
}

// The contract's state store is zero; with kappa the running statistics still take part. Without recording (inference) the layer
// uses running statistics, so finite differences of this case are taken of the training form only, below.
template <Index Width> double training_loss(const std::vector<double>& z, const std::vector<std::uint8_t>& tokens, double kappa) {
  Setting<Float64, Width> setting;
  return dot(apply(setting, z, tokens, {.kappa = kappa}, true).output, values_of(static_cast<Index>(z.size()), 555));
}

} // namespace

BOOST_AUTO_TEST_SUITE(token_norms)

BOOST_AUTO_TEST_CASE(golden) {
  check_golden<Float64>();
  check_golden<Float32>();
}

BOOST_AUTO_TEST_CASE(one_type_is_batch_norm) {
  const auto file = Safetensors::open(golden_path("token_norm"));
  Setting<Float64, 6> setting;
  const auto out = apply(setting, file.read<double>("batchnorm1d.x"), std::vector<std::uint8_t>(17, 9), {.kappa = 0}, true,
                         file.read<double>("batchnorm1d.grad_output"));
  check_close(out.output, file.read<double>("batchnorm1d.output"), 1e-10, "output");
  check_close(out.gradient, file.read<double>("batchnorm1d.grad_input"), 1e-10, "gradient");
  const auto mean = setting.get(setting.model.mean), variance = setting.get(setting.model.variance);
  const auto expected = file.read<double>("batchnorm1d.running_mean"), unbiased = file.read<double>("batchnorm1d.running_var");
  for (std::size_t c = 0; c < 6; ++c) {
    BOOST_CHECK_CLOSE(mean[5 * 6 + c], expected[c], 1e-9);
    BOOST_CHECK_CLOSE(variance[5 * 6 + c] - 0.9, (unbiased[c] - 0.9) * 16 / 17, 1e-9);
    BOOST_CHECK_EQUAL(variance[6 * 6 + c], 1.0); // a type that does not occur is left alone
  }
}

BOOST_AUTO_TEST_CASE(gradient_goes_through_the_statistics) {
  const TestBatch batch({23});
  auto tokens = batch.tokens;
  tokens[3] = 24, tokens[4] = 0; // no type
  for (double kappa : {0.0, 4.0}) {
    const auto z = values_of(23 * 3, 8);
    Setting<Float64, 3> setting;
    const auto gradient = apply(setting, z, tokens, {.kappa = kappa}, true, values_of(23 * 3, 555)).gradient;
    std::vector<double> numeric(z.size());
    for (std::size_t i = 0; i < z.size(); ++i) {
      auto up = z, down = z;
      up[i] += 1e-5, down[i] -= 1e-5;
      numeric[i] = (training_loss<3>(up, tokens, kappa) - training_loss<3>(down, tokens, kappa)) / 2e-5;
    }
    check_close(gradient, numeric, 1e-6, "gradient");
  }
}

BOOST_AUTO_TEST_CASE(types_have_mean_zero_and_variance_one) {
  const TestBatch batch({150, 150});
  auto z = values_of(300 * 5, 2);
  for (std::size_t r = 0; r < 300; ++r)
    for (std::size_t c = 0; c < 5; ++c) z[5 * r + c] = 3 * z[5 * r + c] + batch.tokens[r]; // the type is easy to read off
  Setting<Float64, 5> setting;
  const auto y = apply(setting, z, batch.tokens, {.kappa = 0}, true).output;
  std::vector<double> mean(20 * 5), square(20 * 5), count(20);
  for (std::size_t r = 0; r < 300; ++r) {
    const auto g = static_cast<std::size_t>(residue_type(batch.tokens[r]));
    count[g] += 1;
    for (std::size_t c = 0; c < 5; ++c) mean[5 * g + c] += y[5 * r + c], square[5 * g + c] += y[5 * r + c] * y[5 * r + c];
  }
  for (std::size_t g = 0; g < 20; ++g)
    for (std::size_t c = 0; c < 5; ++c) {
      BOOST_REQUIRE_GT(count[g], 2);
      BOOST_CHECK_SMALL(mean[5 * g + c] / count[g], 1e-12); // no scatter between types: a linear probe of the type is at chance
      BOOST_CHECK_CLOSE(square[5 * g + c] / count[g], 1.0, 0.02);
    }
  // So the typed normalisation loss of the output is 0 up to epsilon.
  LossRun<Float64> test;
  BOOST_CHECK_SMALL(dense_of(typed_univariate_kl(test.run, test.input<5>(y), batch.tokens, {.minimum_count = 2}))[0], 1e-9);
}

BOOST_AUTO_TEST_CASE(rare_types) {
  Setting<Float64, 2> setting;
  const std::vector<double> z{4, -4};
  const auto alone = apply(setting, z, {10}, {.kappa = 0}, true).output;
  BOOST_CHECK_EQUAL(alone[0], 0.0); // why kappa is not 0
  const auto guarded = apply(setting, z, {10}, {.kappa = 4}, true).output;
  BOOST_CHECK_GT(guarded[0], 0.5);
  BOOST_CHECK_EQUAL(guarded[1], -guarded[0]);
  for (double m : setting.get(setting.model.mean)) BOOST_CHECK_EQUAL(m, 0.0); // one member: not learnt from
}

BOOST_AUTO_TEST_CASE(evaluation_depends_on_the_row_alone) {
  Setting<Float32, 7> setting;
  setting.set(setting.model.mean, values_of(140, 5));
  auto variance = values_of(140, 6);
  for (double& v : variance) v = 0.2 + v * v;
  setting.set(setting.model.variance, variance);
  const TestBatch batch({19});
  auto tokens = batch.tokens;
  tokens[4] = 24;
  const auto z = values_of(19 * 7, 3);
  const auto together = apply(setting, z, tokens, {}, false, {}, 3).output;
  for (std::size_t r = 0; r < 19; ++r) {
    const auto one =
        apply(setting, std::vector<double>(z.begin() + Index(7 * r), z.begin() + Index(7 * r + 7)), {tokens[r]}, {}, false)
            .output;
    check_same_bits(one, std::vector<double>(together.begin() + Index(7 * r), together.begin() + Index(7 * r + 7)), "row");
  }
  // Any thread count gives the same bits in training too.
  const TestBatch large({700});
  const auto x = values_of(700 * 7, 4), dy = values_of(700 * 7, 9);
  Setting<Float32, 7> a, b;
  const auto one = apply(a, x, large.tokens, {}, true, dy, 1), three = apply(b, x, large.tokens, {}, true, dy, 3);
  check_same_bits(one.output, three.output, "output");
  check_same_bits(one.gradient, three.gradient, "gradient");
}

// The contract cannot hold this op, whose forms in training and inference differ by design; so its plan is checked here.
BOOST_AUTO_TEST_CASE(the_plan_is_exact) {
  const TestBatch batch({31, 0, 9});
  const auto use = [&](auto& run) {
    {
      auto z = fill<std::remove_reference_t<decltype(run)>, 7, Token>(run, values_of(40 * 7, 1));
      run.want(z);
      const auto model = make_case<TokenNormModel<7>>();
      auto y = token_norm(run, z, batch.tokens, model.mean, model.variance);
      auto seed = run.template contribute<7>(y.value(), y.count());
      if (seed.data != nullptr)
        std::fill(seed.data, seed.data + y.count() * y.stride, typename std::remove_reference_t<decltype(run)>::Stream(0));
      y = {};
      run.backward();
      run.gradient_of(z);
    }
    run.commit([](Index, Index, const auto*) {});
    BOOST_CHECK_EQUAL(run.arena().used(), 0);
    return run.arena().high_water();
  };
  Arena paper;
  Values<Float32> nothing;
  TrainingPlan<Float32> plan(Paper{}, paper, nothing, NoiseKey{1, 2});
  Setting<Float32, 7> setting;
  LossRun<Float32, Cpu> test(1, setting.parameters);
  BOOST_CHECK_EQUAL(use(test.run), use(plan));
}

BOOST_AUTO_TEST_CASE(shapes_must_agree) {
  Setting<Float32, 2> setting;
  BOOST_CHECK_THROW(apply(setting, {1, 2}, {4, 5}, {}, true), Error);
}

#if defined(PLEAT_CONTRACT_DEVICE)
// Outputs, gradient and proposed statistics of another device, by the statistics of a batch and by running ones.
template <class Device, class Precision, bool Records>
std::vector<double> all_numbers(const std::vector<double>& z, const std::vector<std::uint8_t>& tokens) {
  constexpr Index width = 6;
  using T = typename Precision::Stream;
  ThreadPool pool(1);
  const Device device = device_for_tests<Device>(pool);
  Parameters<TokenNormModel<width>, Device, Precision> parameters(device);
  const auto state = values_of(parameters.size(Store::State), 8);
  for (std::size_t i = 0; i < state.size(); ++i)
    parameters.store(Store::State)[i] =
        static_cast<T>(static_cast<Index>(i) % stride_of(width) < width ? 0.5 + state[i] * state[i] : 0);
  parameters.changed();
  DeviceBlock<MemoryOf<Device>> memory(memory_of(device));
  memory.grow(Index(1) << 22);
  Arena arena(memory.data(), memory.size());
  Pass<Device, Precision, Records> run(device, arena, parameters.values(Records), NoiseKey{1, 2});
  std::vector<double> numbers;
  const auto append = [&](const std::vector<double>& more) { numbers.insert(numbers.end(), more.begin(), more.end()); };
  {
    auto rows = fill<decltype(run), width, Token>(run, z);
    if constexpr (Records) run.want(rows);
    const auto model = make_case<TokenNormModel<width>>();
    auto y = token_norm(run, rows, tokens, model.mean, model.variance, {.kappa = 3});
    append(dense_of(y));
    if constexpr (Records) {
      auto seed = run.template contribute<width>(y.value(), y.count());
      put<width>(run, seed.data, values_of(y.count() * width, 5));
      y = {};
      run.backward();
      append(dense_of(run.gradient_of(rows)));
    }
  }
  run.commit([&](Index, Index size, const T* fresh) {
    std::vector<T> copy(static_cast<std::size_t>(size));
    if constexpr (has_own_memory<Device>)
      kernel<memory_op, Device>::to_host(device, copy.data(), fresh, size * Index(sizeof(T)));
    else
      std::copy(fresh, fresh + size, copy.begin());
    append({copy.begin(), copy.end()});
  });
  return numbers;
}

BOOST_AUTO_TEST_CASE(another_device) {
  using Device = PLEAT_CONTRACT_DEVICE;
  std::vector<std::uint8_t> tokens;
  for (Index i = 0; i < 150; ++i) tokens.push_back(static_cast<std::uint8_t>(i % 13 == 5 ? 2 : i == 77 ? 23 : 4 + i * i % 17));
  const auto z = values_of(150 * 6, 1);
  const auto batch = all_numbers<Cpu, Float64, true>(z, tokens), running = all_numbers<Cpu, Float64, false>(z, tokens);
  BOOST_CHECK_EQUAL(batch.size(), std::size_t(2 * 150 * 6 + 2 * 20 * 16));
  check_close(all_numbers<Device, Float64, true>(z, tokens), batch, 1e-11, "statistics of the batch");
  check_close(all_numbers<Device, Float32, true>(z, tokens), batch, 1e-4, "statistics of the batch, float32");
  check_close(all_numbers<Device, Float64, false>(z, tokens), running, 1e-11, "running statistics");
  check_close(all_numbers<Device, Float32, false>(z, tokens), running, 2e-5, "running statistics, float32");
}
#endif

BOOST_AUTO_TEST_SUITE_END()
