#pragma once
/// \file  Mutations of complexes as a task of `pleat finetune`: one fold is trained on, the other is scored.

#include "structure_tasks.hpp"

namespace tool {

/// Trains on the other fold of the table, tests on `fold` (0 or 1; complexes named in `second` are fold 1); no valid part.
/// `first`: only so many mutations of each complex; 0: all. `budget`: as of `load_structure_task`. \throws pleat::Error with the
/// line of the table.
StructureTaskData load_mutation_task(const std::string& folder, const std::string& table, int fold,
                                     const std::vector<std::string>& second, Index first, Index budget);

/// Writes value (the mean AUROC of complexes with at least 20 mutations and both classes; null without one) and, by complex,
/// mutations, tighter, auroc and spearman to `result`; `outputs` (tested mutations, 2). \return the value, which may be NaN.
double set_mutation_scores(pleat::Json& result, const pleat::MutationTable& tested, const std::vector<double>& outputs);

} // namespace tool
