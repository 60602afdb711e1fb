#pragma once
/// \file  Mean and deviation of latents per channel, and the standardiser of a latent diffusion fitted with them.

#include <cmath>
#include <vector>

#include <pleat/core/layout.hpp>
#include <pleat/data/batches.hpp>
#include <pleat/ops/standardise.hpp>
#include <pleat/session/model_passes.hpp>
#include <pleat/session/owned_batch.hpp>

namespace pleat::inline v0_1 {

/// Moments per channel, in double; batches are merged in the order in which they come (Chan, Golub and LeVeque 1983), so a large
/// mean costs no digits.
class LatentStatistics {
public:
  explicit LatentStatistics(Index width) : mean_(static_cast<std::size_t>(width)), squares_(static_cast<std::size_t>(width)) {}

  /// Rows `stride` elements apart.
  template <class Real> void add(const Real* rows, Index count, Index stride) {
    if (count <= 0) return;
    const double n = count_, m = static_cast<double>(count);
    for (std::size_t c = 0; c < mean_.size(); ++c) {
      const Real* column = rows + c;
      double mean = 0, squares = 0;
      for (Index r = 0; r < count; ++r) mean += static_cast<double>(column[r * stride]);
      mean /= m;
      for (Index r = 0; r < count; ++r) {
        const double d = static_cast<double>(column[r * stride]) - mean;
        squares += d * d;
      }
      const double apart = mean - mean_[c];
      mean_[c] += apart * m / (n + m);
      squares_[c] += squares + apart * apart * n * m / (n + m);
    }
    count_ += m;
  }

  double count() const { return count_; }
  const std::vector<double>& mean() const { return mean_; }
  /// Of the population (divided by the count). A channel that does not vary gets 1, as in `standardise`.
  std::vector<double> deviation() const {
    std::vector<double> result(mean_.size(), 1.0);
    for (std::size_t c = 0; c < mean_.size() && count_ > 0; ++c) {
      const double d = std::sqrt(squares_[c] / count_);
      if (d >= least_deviation) result[c] = d;
    }
    return result;
  }

private:
  double count_ = 0;
  std::vector<double> mean_, squares_;
};

/// Sets the standardiser of a LatentDiffusion in `session` (a TrainSession) from the latents of about `residues` residues of
/// `set` (sequences, or a GraphSet), in batches of `options`. \returns the residues used.
template <class Session, class Set>
Index fit_standardiser(Session& session, const Set& set, const BatchOptions& options, Index residues) {
  using Model = typename Session::Model;
  using Real = typename Session::Real;
  LatentStatistics statistics(Model::width);
  const BatchPlan plan(set.lengths(), options);
  Index used = 0;
  for (Index step = 0; step < plan.batches_per_epoch() && used < residues; ++step) {
    const typename Session::Batch batch = owned_batch(set, plan.batch(step));
    used += noise_rows(batch.view()).rows();
    ModelPasses<Session>::latents(session, batch,
                                  [&](const Real* rows, Index count) { statistics.add(rows, count, stride_of(Model::width)); });
  }
  const std::vector<double> deviation = statistics.deviation();
  Real* state = session.parameters().store(Store::State);
  for (std::size_t c = 0; c < deviation.size(); ++c) {
    require(std::isfinite(statistics.mean()[c]) && std::isfinite(deviation[c]),
            "the latents of the encoder are not finite; train it again with a lower learning rate.");
    state[model_of<Model>.mean.offset + static_cast<Index>(c)] = static_cast<Real>(statistics.mean()[c]);
    state[model_of<Model>.deviation.offset + static_cast<Index>(c)] = static_cast<Real>(deviation[c]);
  }
  session.parameters().changed();
  return used;
}

} // namespace pleat::inline v0_1
