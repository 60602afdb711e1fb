/// \file  Bodies of TrainSession, out of class so that `extern template` works.

namespace pleat::inline v0_1 {

template <class O, class D, class P>
TrainSession<O, D, P>::TrainSession(D device, O objective, AdamWOptions options)
    : device_(device), objective_(std::move(objective)), parameters_(device),
      optimiser_(parameters_.size(Store::Trained), decay_ranges(), options), plan_(Paper{device.threads()}, paper_, Values<P>{}),
      pass_(device, arena_, parameters_.values(true)), inference_plan_(Paper{device.threads()}, paper_, Values<P>{}),
      inference_(device, arena_, parameters_.values()) {}

template <class O, class D, class P> void TrainSession<O, D, P>::start_average(EmaOptions options) {
  average_ = std::make_unique<Ema<Real>>(trained(), options);
}

template <class O, class D, class P> Index TrainSession<O, D, P>::planned_memory(const Batch& batch) {
  objective_.draw(NoiseKey{}, batch.view());
  return plan_drawn(batch);
}

template <class O, class D, class P> Index TrainSession<O, D, P>::plan_drawn(const Batch& batch) {
  paper_.rebase();
  plan_.restart({});
  {
    const auto loss = objective_.loss(plan_, batch.view());
    plan_.backward(loss.loss);
  }
  plan_.commit([](Index, Index, const Real*) {});
  return paper_.high_water();
}

template <class O, class D, class P>
StepResult TrainSession<O, D, P>::step(std::span<const Batch> batches, std::uint64_t seed, std::uint64_t step, double rate) {
  StepResult result;
  parameters_.zero_gradients();
  std::size_t proposed = 0;
  for (std::size_t b = 0; b < batches.size(); ++b) {
    const NoiseKey key{seed, step};
    const auto batch = batches[b].view();
    objective_.draw(key, batch, b);
    reserve(plan_drawn(batches[b]));
    pass_.restart(key);
    {
      const auto loss = objective_.loss(pass_, batch);
      objective_.observe(pass_, loss, batch, result.metrics);
      pass_.backward(loss.loss, 1.0 / static_cast<double>(batches.size()));
    }
    // Each micro-batch proposes from the same old state: what is committed is the mean of their proposals.
    pass_.commit([&](Index offset, Index size, const Real* values) {
      std::size_t p = 0;
      while (p < proposed && pending_[p].offset != offset) ++p;
      if (p == pending_.size()) pending_.emplace_back();
      Pending& pending = pending_[p];
      if (p == proposed) {
        ++proposed;
        pending.offset = offset, pending.count = 1;
        pending.values.assign(values, values + size);
        return;
      }
      const Real share = Real(1) / static_cast<Real>(++pending.count);
      for (Index i = 0; i < size; ++i)
        pending.values[static_cast<std::size_t>(i)] += share * (values[i] - pending.values[static_cast<std::size_t>(i)]);
    });
  }
  result.gradient_norm =
      optimiser_.step(device_, trained(), std::span<const Real>(parameters_.gradients(), trained().size()), rate);
  result.finite = std::isfinite(result.gradient_norm);
  if (result.finite) {
    for (std::size_t i = 0; i < proposed; ++i)
      std::copy(pending_[i].values.begin(), pending_[i].values.end(), parameters_.store(Store::State) + pending_[i].offset);
    parameters_.changed();
    if (average_) average_->update(device_, trained());
  }
  return result;
}

template <class O, class D, class P>
template <class Body>
void TrainSession<O, D, P>::infer(const Batch& batch, NoiseKey key, Body&& body) {
  paper_.rebase();
  inference_plan_.restart(key);
  body(inference_plan_, batch.view());
  reserve(paper_.high_water());
  inference_.restart(key);
  body(inference_, batch.view());
}

template <class O, class D, class P> void TrainSession<O, D, P>::validate(const Batch& batch, NoiseKey key, Metrics& to) {
  if constexpr (requires { objective_.draw_for_validation(key, batch.view()); })
    objective_.draw_for_validation(key, batch.view());
  else
    objective_.draw(key, batch.view());
  infer(batch, key, [&](auto& run, const auto& view) {
    const auto loss = objective_.loss(run, view);
    if constexpr (std::remove_reference_t<decltype(run)>::computes) objective_.observe(run, loss, view, to);
  });
}

} // namespace pleat::inline v0_1
