/// \file  Mutations of complexes as labelled sets, and their scores.

#include "mutation_sets.hpp"

#include <algorithm>
#include <map>

#include <pleat/data/structure_tasks/mutation_pair.hpp>
#include <pleat/eval/mutation_baseline.hpp>
#include <pleat/io/gzip.hpp>

namespace tool {

using namespace pleat;

namespace {

std::shared_ptr<const Structure> join(const MutatedComplex& complex, const std::string& folder) {
  std::vector<Structure> parts;
  for (const std::string& file : complex.files) parts.push_back(read_task_structure(folder, file));
  std::vector<const Structure*> all;
  for (const Structure& part : parts) all.push_back(&part);
  return std::make_shared<const Structure>(join_structures(all, complex.name));
}

} // namespace

StructureTaskData load_mutation_task(const std::string& folder, const std::string& file, int fold,
                                     const std::vector<std::string>& second, Index first, Index budget) {
  const auto source = open_input(file);
  const MutationTable table = read_skempi(*source);
  std::vector<std::shared_ptr<const Structure>> complexes;
  for (const MutatedComplex& complex : table.complexes) complexes.push_back(join(complex, folder));
  const std::vector<std::string_view> names(second.begin(), second.end());
  const std::vector<int> folds = mutation_folds(table, names);
  std::vector<Index> of_fold[2];
  std::map<Index, Index> taken;
  for (std::size_t i = 0; i < folds.size(); ++i)
    if (first == 0 || taken[table.mutations[i].complex]++ < first) of_fold[folds[i] == fold].push_back(static_cast<Index>(i));
  StructureTaskData data;
  add_mutations(data.parts[0], table, of_fold[0], complexes);
  add_mutations(data.parts[2], table, of_fold[1], complexes);
  data.tested = table.only(of_fold[1]);
  data.limit_lengths(budget);
  return data;
}

double set_mutation_scores(Json& result, const MutationTable& tested, const std::vector<double>& outputs) {
  const std::vector<ComplexScore> scores = score_mutations(tested, find_structure_task("msp").scores(outputs));
  const auto number = [](double value) { return std::isnan(value) ? Json() : Json(value); };
  Json complexes = Json::array();
  for (const ComplexScore& score : scores)
    if (score.mutations > 0)
      complexes.push(Json::object()
                         .set("complex", score.complex)
                         .set("mutations", score.mutations)
                         .set("tighter", score.tighter)
                         .set("auroc", number(score.auroc))
                         .set("spearman", number(score.spearman)));
  const double value = mean_auroc(scores);
  result.set("value", number(value)).set("complexes", std::move(complexes));
  return value;
}

} // namespace tool
