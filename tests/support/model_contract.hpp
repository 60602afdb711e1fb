#pragma once
// The contract every model is held to, whatever its policies: one generic function over objectives (train/objective.hpp).

#include "support/op_contract.hpp"

#include <pleat/train/objective.hpp>

namespace contract {

// Values that leave nothing at zero or one, so that every path of a gradient is open.
template <class Params> void shake(Params& parameters, double scale = 0.15, std::uint64_t seed = 5) {
  parameters.initialise(seed);
  std::uint64_t stream = 0;
  for (const TensorPlace& place : parameters.tensors()) {
    const bool positive = place.store == Store::State && place.init.constant == 1; // a variance or a deviation
    const auto noise = values_of(place.rows * place.columns, 9000 + stream++, scale);
    auto* data = parameters.data(place);
    for (Index r = 0; r < place.rows; ++r)
      for (Index c = 0; c < place.columns; ++c) {
        const double d = noise[static_cast<std::size_t>(r * place.columns + c)];
        data[r * stride_of(place.columns) + c] += static_cast<typename Params::Parameter>(positive ? std::abs(d) : d);
      }
  }
  parameters.changed();
}

// One objective on the CPU with an arena of exactly the planned size, poisoned.
template <class Objective, class Precision = Float64> class ModelBench {
public:
  using Model = typename Objective::Model;
  using Run = Training<Cpu, Precision>;
  using Real = typename Precision::Parameter;
  NoiseKey key;

  ModelBench(Objective& objective, const TestBatch& batch, int threads = 1, bool poison = true, NoiseKey noise = {11, 3})
      : key(noise), objective_(objective), batch_(batch), pool_(threads), parameters(Cpu{&pool_}), poison_(poison) {
    shake(parameters);
    objective_.draw(key, batch_.view());
    peak_ = planned<TrainingPlan<Precision>>();
    memory_.grow(peak_);
  }

  // Peak of a whole pass on paper, with backward where the pass records.
  template <class Paperwork> Index planned() {
    Arena arena;
    Paperwork run(Paper{pool_.size()}, arena, {}, key);
    {
      const auto loss = objective_.loss(run, batch_.view());
      if constexpr (Paperwork::records) run.backward(loss.loss);
    }
    run.commit([](Index, Index, const Real*) {});
    return arena.high_water();
  }

  // Loss of a training pass; with `gradients` also the gradients, into parameters.gradients().
  double train(bool gradients) {
    Arena arena(memory_.data(), peak_);
    arena.poison(poison_);
    Run run(Cpu{&pool_}, arena, parameters.values(true), key);
    double value = 0;
    {
      const auto loss = objective_.loss(run, batch_.view());
      value = static_cast<double>(*loss.loss.data());
      if (gradients) {
        parameters.zero_gradients();
        run.backward(loss.loss);
      }
    }
    if (gradients) {
      run.commit([](Index, Index, const Real*) {});
      BOOST_CHECK_EQUAL(arena.high_water(), peak_);
      BOOST_CHECK_EQUAL(arena.used(), 0);
    }
    return value;
  }

  // Loss of an inference pass in exactly the planned memory.
  double infer() {
    const Index peak = planned<Plan<Precision>>();
    HostMemory memory(peak);
    Arena arena(memory.data(), peak);
    arena.poison(poison_);
    Inference<Cpu, Precision> run(Cpu{&pool_}, arena, parameters.values(), key);
    double value = 0;
    {
      const auto loss = objective_.loss(run, batch_.view());
      value = static_cast<double>(*loss.loss.data());
    }
    BOOST_CHECK_EQUAL(arena.high_water(), peak);
    BOOST_CHECK_EQUAL(arena.used(), 0);
    BOOST_CHECK_LE(peak, peak_);
    return value;
  }

  std::vector<Real> gradients() {
    train(true);
    return {parameters.gradients(), parameters.gradients() + parameters.size(Store::Trained)};
  }
  Index peak() const { return peak_; }
  Cpu device() { return {&pool_}; }

private:
  Objective& objective_;
  const TestBatch& batch_;
  ThreadPool pool_;
  HostMemory memory_;
  Index peak_ = 0;

public:
  Parameters<Model, Cpu, Precision> parameters;

private:
  bool poison_;
};

struct ModelContract {
  std::vector<Index> lengths{7, 1, 0, 12, 4};
  Index samples = 200;          // parameters whose gradient is checked
  bool same_in_training = true; // false: a layer that behaves differently in training
  double step = 1e-5;           // of differences; smaller where many rectifiers have their kinks
};

/// `loss_at()` must be the loss at the present parameters; compares central differences of a sample with `gradients`.
template <class Params, class Loss>
void check_sampled_gradients(Params& parameters, const std::vector<double>& gradients, Index samples, Loss&& loss_at,
                             double step = 1e-5) {
  Index tensors = 0;
  for (const TensorPlace& place : parameters.tensors()) tensors += place.store == Store::Trained;
  const Index each = std::max<Index>(2, (samples + tensors - 1) / tensors);
  Philox draws(77, 1);
  for (const TensorPlace& place : parameters.tensors()) {
    if (place.store != Store::Trained) continue;
    double largest = 0;
    for (Index r = 0; r < place.rows; ++r)
      for (Index c = 0; c < place.columns; ++c)
        largest =
            std::max(largest, std::abs(gradients[static_cast<std::size_t>(place.offset + r * stride_of(place.columns) + c)]));
    const Index size = place.rows * place.columns;
    for (Index k = 0; k < std::min(each, size); ++k) {
      const Index e = draws.index(size);
      const Index at = e / place.columns * stride_of(place.columns) + e % place.columns;
      double& value = parameters.data(place)[at];
      const double kept = value, h = step;
      auto loss_with = [&](double x) {
        value = x;
        parameters.changed();
        return loss_at();
      };
      const double numeric = (loss_with(kept + h) - loss_with(kept - h)) / (2 * h);
      value = kept;
      parameters.changed();
      const double analytic = gradients[static_cast<std::size_t>(place.offset + at)];
      BOOST_CHECK_MESSAGE(std::abs(analytic - numeric) <= 2e-6 * largest + 2e-9 + 2e-15 / step, // and rounding of the loss
                          place.name << "[" << e << "]: backward " << analytic << ", differences " << numeric << ", largest "
                                     << largest);
    }
  }
}

/// Gradient of the whole loss in double, exact plans of both passes, poisoned memory, threads, and the same loss in inference.
template <class Objective> void check_model(Objective objective, const ModelContract& options = {}) {
  const TestBatch batch(options.lengths);
  ModelBench<Objective> bench(objective, batch);
  const double loss = bench.train(true);
  BOOST_REQUIRE(std::isfinite(loss));
  const std::vector<double> gradients(bench.parameters.gradients(),
                                      bench.parameters.gradients() + bench.parameters.size(Store::Trained));
  for (double g : gradients) BOOST_REQUIRE(std::isfinite(g));
  BOOST_CHECK_EQUAL(bench.train(false), loss);
  const double inferred = bench.infer();
  if (options.same_in_training) BOOST_CHECK_EQUAL(inferred, loss);
  check_sampled_gradients(
      bench.parameters, gradients, options.samples, [&] { return bench.train(false); }, options.step);

  ModelBench<Objective> clean(objective, batch, 3, false);
  check_same_bits(clean.gradients(), gradients, "gradients without poison, on three threads");
}

} // namespace contract
