#pragma once
/// \file  Several tasks over one list of sequences, so that a protein that stands in many tables is embedded once.

#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include <pleat/data/tasks.hpp>
#include <pleat/eval/report.hpp>
#include <pleat/eval/task_problem.hpp>

namespace pleat::inline v0_1 {

/// What people call a task.
inline std::string task_title(std::string_view name) {
  if (name == "thermostability") return "Thermostability";
  if (name == "human_ppi") return "Human PPI";
  if (name == "metal_ion_binding") return "Metal ion binding";
  if (name == "deeploc_binary") return "DeepLoc, binary";
  if (name == "deeploc_subcellular") return "DeepLoc, 10 classes";
  return std::string(name);
}

/// A task whose feature rows are records of the suite.
struct SuiteTask {
  std::string name, title;
  ProbeProblem problem;
  TaskResult composition; ///< filled by `fit_composition`
};

/// Tasks and the distinct sequences of all of them.
class TaskSuite {
public:
  void add(const Task& task) {
    SuiteTask entry{task.name, task_title(task.name), make_problem(task), {}};
    std::vector<Index> moved;
    for (Index i = 0; i < task.sequences.size(); ++i) {
      const auto tokens = task.sequences.tokens(i);
      const auto [at, fresh] = known_.try_emplace(std::string(tokens.begin(), tokens.end()), sequences_.size());
      if (fresh) sequences_.add_tokens(task.sequences.id(i), tokens);
      moved.push_back(at->second);
    }
    for (auto* rows : {&entry.problem.sequence, &entry.problem.partner})
      for (Index& row : *rows) row = moved[static_cast<std::size_t>(row)];
    early_.resize(static_cast<std::size_t>(sequences_.size()), false);
    for (const auto* split : {&entry.problem.train, &entry.problem.valid})
      for (const Index e : *split)
        for (const auto* rows : {&entry.problem.sequence, &entry.problem.partner})
          if (!rows->empty()) early_[static_cast<std::size_t>((*rows)[static_cast<std::size_t>(e)])] = true;
    tasks_.push_back(std::move(entry));
  }

  const SequenceSet& sequences() const { return sequences_; }
  const std::vector<SuiteTask>& tasks() const { return tasks_; }
  std::vector<SuiteTask>& tasks() { return tasks_; }

  /// Records of train and valid examples of any task (`early`), or those that only test examples have.
  std::vector<Index> records(bool early) const {
    std::vector<Index> chosen;
    for (Index i = 0; i < sequences_.size(); ++i)
      if (early_[static_cast<std::size_t>(i)] == early) chosen.push_back(i);
    return chosen;
  }

  /// Columns for the report.
  std::vector<ReportTask> columns() const {
    std::vector<ReportTask> all;
    for (const SuiteTask& task : tasks_) {
      const ProbeProblem& p = task.problem;
      all.push_back({task.name, task.title, std::string(task_metric_name(p.kind)), static_cast<Index>(p.train.size()),
                     static_cast<Index>(p.valid.size()), static_cast<Index>(p.test.size())});
    }
    return all;
  }

private:
  SequenceSet sequences_;
  std::vector<SuiteTask> tasks_;
  std::vector<bool> early_;
  std::unordered_map<std::string, Index> known_;
};

} // namespace pleat::inline v0_1
