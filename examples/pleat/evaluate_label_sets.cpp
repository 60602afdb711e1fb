/// \file  EC numbers of proteins from frozen features, for `pleat evaluate`.

#include "evaluate_label_sets.hpp"

#include <algorithm>
#include <cmath>
#include <filesystem>

#include <pleat/backend/cpu/dense_algebra.hpp>
#include <pleat/eval/composition.hpp>
#include <pleat/io/gzip.hpp>

namespace tool {

LabelSetEvaluation::LabelSetEvaluation(const std::vector<std::string>& tasks, const std::string& folder, Index per_split,
                                       std::uint64_t seed) {
  const auto asked = [&](const char* name) { return std::find(tasks.begin(), tasks.end(), name) != tasks.end(); };
  std::string path = folder + "/ec.csv.gz";
  if (!std::filesystem::exists(path) && std::filesystem::exists(folder + "/ec.csv")) path.resize(path.size() - 3);
  if (!asked("ec") && !(asked("all") && std::filesystem::exists(path))) return;
  const auto source = pleat::open_input(path);
  task_ = pleat::load_label_set_task(*source, "ec");
  if (per_split > 0) task_ = pleat::subsample(*task_, per_split, seed);
  const auto count = [&](pleat::Split split) { return static_cast<Index>(task_->of(split).size()); };
  table_.name = "ec", table_.title = "EC numbers of enzymes", table_.classes = static_cast<Index>(task_->sets.classes.size());
  table_.train = count(pleat::Split::Train), table_.valid = count(pleat::Split::Valid), table_.test = count(pleat::Split::Test);
}

void LabelSetEvaluation::score(const pleat::Cpu& device, const pleat::EvaluatedModel& model,
                               const pleat::ModelEvaluationOptions& options, bool learned) {
  if (empty()) return;
  pleat::FeatureTable features(sequences().size(), model.width, options.pool);
  std::vector<pleat::ReadOptions> readings{{}};
  if (model.diffuses)
    for (const double t : options.times) readings.push_back({options.reading, t, options.input, options.draws});
  std::vector<Index> into, records;
  for (std::size_t k = 0; k < readings.size(); ++k) into.push_back(features.add_reading());
  for (Index i = 0; i < sequences().size(); ++i) records.push_back(i);
  const auto tell = [&](const char* what, Index done, Index all) {
    if (options.progress) options.progress(what, static_cast<double>(done) / static_cast<double>(all));
  };
  features.read(model, sequences(), records, options.crop, readings, into,
                [&](Index done, Index all) { tell("embedding enzymes", done, all); });
  const std::size_t first = table_.rows.size();
  std::size_t best = 0; // of the noise levels
  for (std::size_t k = 0; k < readings.size(); ++k) {
    tell("ridge for EC numbers", static_cast<Index>(k), static_cast<Index>(readings.size()));
    pleat::ReportLabelSets::Row row;
    row.of = {model.key, model.title, k == 0 ? "encoder" : "diffusion", learned};
    if (k > 0) row.t = options.times[k - 1];
    row.score = pleat::evaluate_label_sets(device, features.view(into[k]), *task_, options.probes.ridge_probe.strengths);
    table_.rows.push_back(std::move(row));
    if (k > 0 && (best == 0 || table_.rows[first + k].score.valid_f1_max > table_.rows[first + best].score.valid_f1_max))
      best = k;
  }
  if (best > 0) table_.rows[first + best].chosen = true;
}

void LabelSetEvaluation::score_composition(const pleat::Cpu& device, const pleat::ModelEvaluationOptions& options) {
  if (empty()) return;
  const std::vector<float> features = pleat::composition_matrix(sequences());
  const pleat::FeatureView view{features.data(), sequences().size(), pleat::composition_width};
  pleat::ReportLabelSets::Row row;
  row.of = {"composition", "Composition", "features", false};
  row.score = pleat::evaluate_label_sets(device, view, *task_, options.probes.ridge_probe.strengths);
  table_.rows.push_back(std::move(row));
}

void LabelSetEvaluation::add_to(pleat::Report& report) const {
  if (empty()) return;
  report.label_sets.push_back(table_);
  report.notes.push_back(
      "EC numbers: one ridge regression for all classes on the same pooled features; its strength is the one with the best Fmax "
      "on valid. Fmax is protein-centric, micro AUPR pools all pairs of protein and class; neither has an interval here. Rows of "
      "a "
      "diffusion are one for each t.");
}

} // namespace tool
