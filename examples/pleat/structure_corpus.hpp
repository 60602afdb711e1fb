#pragma once
/// \file  The structures of a pre-training run: which files, which chains of them, and their other forms.

#include <string>
#include <vector>

#include <pleat/data/chosen_conformer.hpp>
#include <pleat/data/structure_set.hpp>
#include <pleat/data/tasks.hpp>
#include <pleat/io/json.hpp>

#include "structures.hpp"

namespace tool {

struct CorpusArguments : StructureArguments {
  std::string split;                       ///< table of the split; empty: there is none, and `all` must be set
  pleat::Split part = pleat::Split::Train; ///< which is trained on
  double fraction = 1;                     ///< of the components of the part
  bool all = false;                        ///< files and chains that the table does not have are trained on as well
  bool alphas = false;                     ///< residues without a C-alpha are left out: no graph of residues has them
  bool other_forms = false;                ///< the files X_u and X_b are matched
  bool quiet = false;
};

struct Corpus {
  static constexpr std::uint32_t first_valid = 1u << 30; ///< record; those of train count from 0
  pleat::StructureSet train, valid{first_valid};
  pleat::OtherForms forms;
  pleat::Json about = pleat::Json::object(); ///< what a continued run must share: split, part, fraction, structures, data
};

/// Reads all files. \throws Error for a file that cannot be read or has no part, and where nothing is left to train on.
Corpus load_corpus(const CorpusArguments& arguments);

} // namespace tool
