/// \file  Bodies of TrainSession, out of class so that `extern template` works.

namespace pleat::inline v0_1 {

template <class O, class D, class P>
TrainSession<O, D, P>::TrainSession(D device, O objective, AdamWOptions options)
    : device_(open_device(device)), objective_(std::move(objective)), parameters_(device_),
      optimiser_(parameters_.size(Store::Trained), decay_ranges(), options, memory_of(device_)), memory_(memory_of(device_)),
      plan_(paper_of(device_), paper_, Values<P>{}), pass_(device_, arena_, parameters_.values(true)),
      inference_plan_(paper_of(device_), paper_, Values<P>{}), inference_(device_, arena_, parameters_.values()) {}

template <class O, class D, class P> void TrainSession<O, D, P>::start_average(EmaOptions options) {
  average_ = std::make_unique<Ema<Real, MemoryOf<D>>>(std::span<const Real>(parameters_.store(Store::Trained), trained().size()),
                                                      options, memory_of(device_));
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
  require(!batches.empty(), "a step of no batches: give at least one micro-batch");
  StepResult result;
  const NoiseKey key{seed, step};
  proposed_ = 0;
  for (std::size_t b = 0; b < batches.size(); ++b) {
    const auto batch = batches[b].view();
    objective_.draw(key, batch, b);
    reserve(plan_drawn(batches[b]));
    std::optional<decltype(objective_.loss(pass_, batch))> loss;
    const std::size_t proposed = proposed_;
    counts_.clear();
    for (const Pending& pending : pending_) counts_.push_back(pending.count);
    on_device(device_, [&] {
      loss.reset(), proposed_ = proposed;
      for (std::size_t p = 0; p < counts_.size(); ++p) pending_[p].count = counts_[p];
      pass_.restart(key);
      if (b == 0) parameters_.zero_gradients();
      loss.emplace(objective_.loss(pass_, batch));
      pass_.backward(loss->loss, 1.0 / static_cast<double>(batches.size()));
      pass_.commit([this](Index offset, Index size, const Real* values) { propose(offset, size, values); });
      if (b + 1 == batches.size()) enqueue_update(rate);
    });
    objective_.observe(pass_, *loss, batch, result.metrics);
  }
  result.gradient_norm = optimiser_.finish();
  result.finite = std::isfinite(result.gradient_norm);
  if (result.finite) {
    parameters_.changed_on_device();
    if (average_) average_->finish();
  }
  return result;
}

template <class O, class D, class P> void TrainSession<O, D, P>::propose(Index offset, Index size, const Real* values) {
  std::size_t p = 0;
  while (p < proposed_ && pending_[p].offset != offset) ++p;
  if (p == pending_.size()) pending_.push_back({0, 0, 0, DeviceBlock<MemoryOf<D>>(memory_of(device_))});
  Pending& pending = pending_[p];
  if (p == proposed_) {
    ++proposed_, pending.offset = offset, pending.count = 0;
    pending.size = size, pending.block.grow(size * static_cast<Index>(sizeof(Real))); // not cleared: the first one is copied
  }
  ++pending.count;
  ema(device_, size, pending.values(), values, 1.0 / static_cast<double>(pending.count));
}

// What becomes of the gradients and proposals, unless the gradients are not finite.
template <class O, class D, class P> void TrainSession<O, D, P>::enqueue_update(double rate) {
  Followers<Real, typename P::Operand> followers;
  if (average_) followers = average_->template follower<typename P::Operand>();
  followers.rounded = parameters_.rounded(Store::Trained);
  optimiser_.enqueue(device_, trained(), std::span<const Real>(parameters_.gradients_on_device(), trained().size()), rate,
                     followers);
  const double* norm = optimiser_.squared_norm_on_device();
  for (std::size_t p = 0; p < proposed_; ++p)
    ema(device_, pending_[p].size, parameters_.on_device(Store::State) + pending_[p].offset, pending_[p].values(), 1.0, norm);
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
