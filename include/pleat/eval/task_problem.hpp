#pragma once
/// \file  Task tables as probe problems, and their composition features.

#include <vector>

#include <pleat/data/tasks.hpp>
#include <pleat/eval/composition.hpp>
#include <pleat/eval/probe_data.hpp>

namespace pleat::inline v0_1 {

/// The probe problem of a task: feature row i belongs to record i of `task.sequences`.
inline ProbeProblem make_problem(const Task& task) {
  ProbeProblem problem;
  problem.kind = task.kind == TaskKind::Regression ? ProbeKind::Regression
                 : task.kind == TaskKind::Binary   ? ProbeKind::Binary
                                                   : ProbeKind::Multiclass;
  problem.classes = task.kind == TaskKind::Regression ? 1 : task.classes;
  for (const TaskExample& example : task.examples) {
    problem.labels.push_back(example.label);
    problem.sequence.push_back(example.first);
    if (task.paired) problem.partner.push_back(example.second);
  }
  problem.train = task.of(Split::Train), problem.valid = task.of(Split::Valid), problem.test = task.of(Split::Test);
  return problem;
}

/// Composition features (sequences, composition_width) of every record of `sequences`, whole chains: cut nothing before.
inline std::vector<float> composition_matrix(const SequenceSet& sequences) {
  std::vector<float> features(static_cast<std::size_t>(sequences.size() * composition_width));
  for (Index i = 0; i < sequences.size(); ++i)
    composition_features(sequences.letters(i), features.data() + i * composition_width);
  return features;
}

} // namespace pleat::inline v0_1
