#pragma once
/// \file  Passes that library functions run on the model of a TrainSession, compiled where its kernels are.

#include <functional>
#include <vector>

#include <pleat/core/layout.hpp>
#include <pleat/core/pass.hpp>
#include <pleat/train/checkpoint.hpp>

namespace pleat::inline v0_1 {

namespace detail {
template <class Model>
concept Diffuses = requires {
  typename Model::Denoiser;
  typename Model::Schedule;
  typename Model::Target;
};
template <class Model> struct NamedDraws { using type = int; };
template <Diffuses Model> struct NamedDraws<Model> { using type = typename Model::Draws; };
template <class Model> using DrawsOf = typename NamedDraws<Model>::type;
template <class Model>
concept HasOutputs = requires {
  Model::outputs;
}
&&!Diffuses<Model>;
template <class Model>
concept Reproduces = requires(Plan<Float32>& run, const typename Model::Input& batch) {
  model_of<Model>.reproduce(run, batch);
};
} // namespace detail

/// Inference passes over one batch by the model of a TrainSession. What `fit_standardiser`, `velocity_loss`, `task_outputs` and
/// `check_pair` need of kernels is here and nowhere else, so that programs whose sessions are compiled elsewhere
/// (`pleat_add_models`) can call these functions: for each such session this is compiled as well. What a model has no use for
/// does nothing.
template <class Session> struct ModelPasses {
  using Model = typename Session::Model;
  using Batch = typename Session::Batch;
  using Real = typename Session::Real;

  /// Latents of the encoder of a diffusion, not standardised: consume(rows, count), rows stride_of(Model::width) apart.
  static void latents(Session& session, const Batch& batch, const std::function<void(const Real*, Index)>& consume);
  /// Mean square error of each sequence (or graph) of a diffusion with the given draws: (sequences).
  static std::vector<double> sequence_errors(Session& session, const Batch& batch, const detail::DrawsOf<Model>& draws,
                                             NoiseKey key);
  /// Appends what a model of labelled items makes of them: (items, Model::outputs).
  static void outputs(Session& session, const Batch& batch, std::vector<double>& to);
  /// Appends what the check pairs of a checkpoint hold: (rows, columns). \return columns.
  static Index reproduced(Session& session, const Batch& batch, std::vector<float>& to);
};

/// The sequence `tokens` and what the model of a TrainSession makes of it, for the check pairs of its checkpoints.
template <class Session> CheckPair check_pair(Session& session, std::vector<std::uint8_t> tokens) {
  static_assert(detail::Reproduces<typename Session::Model>,
                "pleat: this model has no reproduce(run, batch), of which check pairs are made.");
  CheckPair pair;
  typename Session::Batch batch;
  batch.add(tokens, 0);
  pair.width = ModelPasses<Session>::reproduced(session, batch, pair.rows);
  pair.tokens = std::move(tokens);
  return pair;
}

} // namespace pleat::inline v0_1

#include <pleat/session/model_passes.ipp>
