#pragma once
/// \file  Fine-tuning of an encoder of structures on labelled sites as the objective of a session.

#include <pleat/models/structure_task.hpp>
#include <pleat/session/model_passes.hpp>
#include <pleat/train/metrics.hpp>

namespace pleat::inline v0_1 {

/// `TrainSession<TaskObjective<StructureTask<Encoder, 1, 20>>, Cpu>` trains on LabelledStructures. Nothing is random but what the
/// encoder itself draws.
template <class ModelType> class TaskObjective {
public:
  using Model = ModelType;
  using Batch = LabelledGraphs<typename Model::Graphs>;
  using View = LabelledGraphBatch<typename Model::Graphs>;

  void draw(NoiseKey, const View&, std::size_t = 0) {}
  template <class Context> auto loss(Context& run, const View& batch) const { return model_of<Model>.loss(run, batch); }
  template <class Context, class Loss>
  void observe([[maybe_unused]] Context& run, const Loss& loss, const View& batch, Metrics& to) {
    const auto items = static_cast<double>(batch.items);
    to.add("loss", items * run.read_number(loss.loss), items);
    if (loss.row_hit) {
      double hits = 0;
      const auto hit = run.read(loss.row_hit);
      for (Index i = 0; i < batch.items; ++i) hits += static_cast<double>(hit[i]);
      to.add("accuracy", hits, items);
    }
  }
  TimeBins* bins() { return nullptr; }
  std::vector<double> save() const { return {}; }
  void load(std::span<const double>) {}
};

/// What a Trainer asks for a batch of a session on labelled structures.
template <class Graph> class LabelledSet {
public:
  explicit LabelledSet(LabelledStructures units) : units_(std::move(units)) {}
  const LabelledStructures& units() const { return units_; }
  const std::vector<Index>& lengths() const { return units_.lengths(); }
  Index residues() const { return units_.residues(); }

private:
  LabelledStructures units_;
};
template <class Graph> LabelledGraphs<Graph> owned_batch(const LabelledSet<Graph>& set, const BatchPieces& pieces) {
  return labelled_graphs<Graph>(set.units(), pieces);
}

/// Outputs of a session's model for all items of a set, in their order: (items, Model::outputs). `budget`: length of the units
/// that are run together.
template <class Session, class Graph>
std::vector<double> task_outputs(Session& session, const LabelledSet<Graph>& set, Index budget = 4096) {
  static_assert(detail::HasOutputs<typename Session::Model>,
                "pleat: task_outputs reads models of labelled items (StructureTask).");
  std::vector<double> outputs;
  const LabelledStructures& units = set.units();
  for (Index begin = 0; begin < units.size();) {
    BatchPieces pieces;
    for (Index sum = 0, u = begin; u < units.size() && (u == begin || sum + units[u].length <= budget); ++u)
      pieces.records.push_back(u), sum += units[u].length;
    begin += static_cast<Index>(pieces.records.size());
    ModelPasses<Session>::outputs(session, owned_batch(set, pieces), outputs);
  }
  return outputs;
}

} // namespace pleat::inline v0_1
