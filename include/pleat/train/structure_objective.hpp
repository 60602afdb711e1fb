#pragma once
/// \file  What an encoder of structures is pre-trained for: SiamDiff, DiffPreT and their rivals as objectives of a session.

#include <pleat/data/structure_batch.hpp>
#include <pleat/models/siamdiff.hpp>
#include <pleat/models/structure_rivals.hpp>
#include <pleat/train/metrics.hpp>

namespace pleat::inline v0_1 {

/// `TrainSession<StructureObjective<SiamDiff<ResidueGearNetEdge, Gaussian>>, Cpu>` trains on batches of whole structures. A model
/// of your own gives Options, Conformer, Draw, Batch, make_batch, draw, corrupt and loss, as in models/siamdiff.hpp.
template <class ModelType> class StructureObjective {
public:
  using Model = ModelType;
  using Batch = OwnedStructures; ///< what a session trains on
  typename Model::Options options;
  typename Model::Conformer conformer; ///< how second conformers are made

  StructureObjective() = default;
  explicit StructureObjective(typename Model::Options numbers, typename Model::Conformer policy = {})
      : options(numbers), conformer(std::move(policy)) {}

  /// What is random: a record has its own draws in a step, in any micro-batch. It has nothing to keep between steps, so `save` is
  /// empty and a resumed run draws the same.
  void draw(NoiseKey key, const StructureBatch& batch, std::size_t = 0) {
    Model::draw(key, batch, options, conformer, draws_);
    take(batch);
  }
  /// Draws that were made elsewhere: on another machine, or in a file.
  void use(const StructureBatch& batch, std::vector<typename Model::Draw> draws) {
    draws_ = std::move(draws);
    take(batch);
  }
  const std::vector<typename Model::Draw>& draws() const { return draws_; }
  const typename Model::Batch& batch() const { return batch_; }

  template <class Context> auto loss(Context& run, const StructureBatch&) const {
    return model_of<Model>.loss(run, batch_, options);
  }

  /// Adds the numbers of one finished batch: the loss and, where the model has them, its parts, accuracy (of masked residues,
  /// each with its weight), and the structure loss by noise level.
  template <class Context, class Loss>
  void observe([[maybe_unused]] Context& run, const Loss& loss, const StructureBatch& batch, Metrics& to) {
    const auto structures = static_cast<double>(batch.structures());
    to.add("loss", structures * run.read_number(loss.loss), structures);
    if constexpr (requires { loss.structure; }) {
      to.add("structure", structures * run.read_number(loss.structure), structures);
      to.add("sequence", structures * run.read_number(loss.sequence), structures);
    }
    if constexpr (requires { loss.row_hit; }) {
      if (loss.row_hit) {
        double hits = 0, weights = 0;
        const auto hit = run.read(loss.row_hit);
        for (std::size_t m = 0; m < batch_.masked_weight.size(); ++m)
          weights += batch_.masked_weight[m], hits += batch_.masked_weight[m] * static_cast<double>(hit[static_cast<Index>(m)]);
        to.add("accuracy", hits, weights);
      }
    }
    if constexpr (requires { loss.graph_error; }) {
      if (loss.graph_error) {
        const auto error = run.read(loss.graph_error);
        for (std::size_t g = 0; g < batch_.sigma.size(); ++g)
          bins_.add((static_cast<double>(draws_[g % draws_.size()].t) + 0.5) / static_cast<double>(options.noise.steps),
                    1.5 * static_cast<double>(error[static_cast<Index>(g)]));
      }
    }
  }

  TimeBins* bins() { return &bins_; }
  std::vector<double> save() const { return {}; }
  void load(std::span<const double>) {}

private:
  void take(const StructureBatch& batch) { Model::corrupt(batch, draws_, options, conformer, batch_); }

  std::vector<typename Model::Draw> draws_;
  typename Model::Batch batch_ = Model::make_batch();
  TimeBins bins_;
};

} // namespace pleat::inline v0_1
