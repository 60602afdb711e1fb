#pragma once
/// \file  The task with several labels a protein that `pleat evaluate` knows: EC numbers, as a table of the report.

#include <optional>
#include <string>
#include <vector>

#include <pleat/backend/cpu/device.hpp>
#include <pleat/data/label_sets.hpp>
#include <pleat/eval/model_evaluation.hpp>

namespace tool {

using pleat::Index;

class LabelSetEvaluation {
public:
  /// Reads ec.csv.gz or ec.csv in `folder` where `tasks` names ec, or all and the file is there. \throws pleat::Error with file
  /// and line.
  LabelSetEvaluation(const std::vector<std::string>& tasks, const std::string& folder, Index per_split, std::uint64_t seed);

  bool empty() const { return !task_; }
  const pleat::SequenceSet& sequences() const { return task_->sequences; }

  /// Rows of a model: its encoder, and its diffusion at every t.
  void score(const pleat::Cpu& device, const pleat::EvaluatedModel& model, const pleat::ModelEvaluationOptions& options,
             bool learned = true);
  void score_composition(const pleat::Cpu& device, const pleat::ModelEvaluationOptions& options);
  void add_to(pleat::Report& report) const;

private:
  std::optional<pleat::LabelSetTask> task_;
  pleat::ReportLabelSets table_;
};

} // namespace tool
