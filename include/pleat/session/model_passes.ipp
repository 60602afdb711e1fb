/// \file  Bodies of ModelPasses.

namespace pleat::inline v0_1 {

template <class S>
void ModelPasses<S>::latents([[maybe_unused]] S& session, [[maybe_unused]] const Batch& batch,
                             [[maybe_unused]] const std::function<void(const Real*, Index)>& consume) {
  if constexpr (detail::Diffuses<Model>)
    session.infer(batch, {0, 0}, [&](auto& run, const auto& view) {
      const auto z = model_of<Model>.encode(run, view);
      if constexpr (std::remove_reference_t<decltype(run)>::computes) consume(run.read(z).data(), z.count());
    });
}

template <class S>
std::vector<double> ModelPasses<S>::sequence_errors([[maybe_unused]] S& session, [[maybe_unused]] const Batch& batch,
                                                    [[maybe_unused]] const detail::DrawsOf<Model>& draws,
                                                    [[maybe_unused]] NoiseKey key) {
  std::vector<double> errors;
  if constexpr (detail::Diffuses<Model>)
    session.infer(batch, key, [&](auto& run, const auto& view) {
      const auto loss = model_of<Model>.loss(run, view, draws);
      if constexpr (std::remove_reference_t<decltype(run)>::computes) {
        const auto each = run.read(loss.sequence_loss);
        for (Index s = 0; s < noise_rows(view).sequences(); ++s) errors.push_back(static_cast<double>(each[s]));
      }
    });
  return errors;
}

template <class S>
void ModelPasses<S>::outputs([[maybe_unused]] S& session, [[maybe_unused]] const Batch& batch,
                             [[maybe_unused]] std::vector<double>& to) {
  if constexpr (detail::HasOutputs<Model>)
    session.infer(batch, {}, [&](auto& run, const auto& view) {
      const auto y = model_of<Model>(run, view);
      if constexpr (std::remove_reference_t<decltype(run)>::computes) {
        const auto read = run.read(y);
        for (Index i = 0; i < read.count; ++i)
          for (Index c = 0; c < Model::outputs; ++c) to.push_back(static_cast<double>(read.row(i)[c]));
      }
    });
}

template <class S>
Index ModelPasses<S>::reproduced([[maybe_unused]] S& session, [[maybe_unused]] const Batch& batch,
                                 [[maybe_unused]] std::vector<float>& to) {
  Index width = 0;
  if constexpr (detail::Reproduces<Model>)
    session.infer(batch, {0, 0}, [&](auto& run, const auto& view) {
      const auto rows = model_of<Model>.reproduce(run, view);
      width = std::remove_reference_t<decltype(rows)>::width;
      if constexpr (std::remove_reference_t<decltype(run)>::computes) {
        const auto read = run.read(rows);
        for (Index r = 0; r < read.count; ++r)
          for (Index c = 0; c < width; ++c) to.push_back(static_cast<float>(read.row(r)[c]));
      }
    });
  return width;
}

} // namespace pleat::inline v0_1
