#pragma once
/// \file  Tasks whose examples carry several labels at once: enzymes and their EC numbers, as tables.

#include <algorithm>
#include <cstdint>
#include <map>
#include <pleat/core/error.hpp>
#include <pleat/core/index.hpp>
#include <pleat/data/sequences.hpp>
#include <pleat/data/shuffle.hpp>
#include <pleat/data/tasks.hpp>
#include <pleat/io/csv.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pleat::inline v0_1 {

/// Which of a set of classes each example has.
struct LabelSets {
  std::vector<std::string> classes;       ///< names, sorted
  std::vector<std::vector<Index>> labels; ///< (examples) class numbers, rising; none: no class

  Index examples() const { return static_cast<Index>(labels.size()); }
  /// (chosen, classes) 0 and 1, as `f1_max` and `micro_auprc` take them.
  std::vector<Index> matrix(std::span<const Index> chosen) const {
    std::vector<Index> rows(chosen.size() * classes.size());
    for (std::size_t i = 0; i < chosen.size(); ++i)
      for (const Index c : labels[static_cast<std::size_t>(chosen[i])])
        rows[i * classes.size() + static_cast<std::size_t>(c)] = 1;
    return rows;
  }
};

/// Collects names of labels example by example, and numbers them in the end.
class LabelSetBuilder {
public:
  /// Labels of the next example, joined by `separator`. \throws Error that starts with `where` for an empty or repeated label.
  void add(std::string_view text, char separator, const std::string& where) {
    std::vector<std::string> names;
    while (!text.empty()) {
      const std::size_t end = (std::min)(text.find(separator), text.size());
      names.emplace_back(text.substr(0, end));
      require(!names.back().empty() && std::count(names.begin(), names.end(), names.back()) == 1, where, ": the label \"",
              names.back(), "\" is empty or stands twice.");
      require(end + 1 != text.size(), where, ": the labels end with a separator.");
      text.remove_prefix((std::min)(end + 1, text.size()));
    }
    for (const std::string& name : names) number_[name] = 0;
    names_.push_back(std::move(names));
  }
  LabelSets finish() {
    LabelSets sets;
    for (auto& [name, number] : number_) number = static_cast<Index>(sets.classes.size()), sets.classes.push_back(name);
    for (const auto& names : names_) {
      std::vector<Index> numbers;
      for (const std::string& name : names) numbers.push_back(number_.at(name));
      std::sort(numbers.begin(), numbers.end());
      sets.labels.push_back(std::move(numbers));
    }
    return sets;
  }

private:
  std::map<std::string, Index> number_;
  std::vector<std::vector<std::string>> names_;
};

/// A sequence table with several labels a row.
struct LabelSetTask {
  std::string name;
  SequenceSet sequences; ///< one a row
  LabelSets sets;
  std::vector<Split> splits;
  std::vector<Index> of(Split split) const {
    std::vector<Index> chosen;
    for (std::size_t i = 0; i < splits.size(); ++i)
      if (splits[i] == split) chosen.push_back(static_cast<Index>(i));
    return chosen;
  }
};

/// Reads a table `id,sequence,label,split` whose labels are joined by ';' (EC numbers: "3.6.4.12;3.6.4.-"). Classes are all names
/// of the table. \throws Error with file and line: missing column, empty sequence or label, unknown split, a split without rows.
inline LabelSetTask load_label_set_task(ByteSource& source, std::string_view name, AlphabetPolicy policy = {}) {
  LabelSetTask task{std::string(name), SequenceSet(policy), {}, {}};
  LabelSetBuilder sets;
  CsvReader table(source);
  const Index id = table.column("id"), sequence = table.column("sequence"), label = table.column("label"),
              split = table.column("split");
  while (table.next()) {
    const std::string where = table.name() + ":" + std::to_string(table.line());
    require(!table.field(sequence).empty(), where, ": the sequence of \"", table.field(id), "\" is empty.");
    require(!table.field(label).empty(), where, ": \"", table.field(id), "\" has no label.");
    const std::string_view part = table.field(split);
    const auto found = std::find_if(all_splits.begin(), all_splits.end(), [part](Split s) { return split_name(s) == part; });
    require(found != all_splits.end(), where, ": the split \"", part, "\" is unknown: train, valid or test was expected.");
    task.sequences.add(table.field(id), table.field(sequence));
    sets.add(table.field(label), ';', where);
    task.splits.push_back(*found);
  }
  for (const Split s : all_splits) require(!task.of(s).empty(), table.name(), ": has no row of the split ", split_name(s), ".");
  task.sets = sets.finish();
  return task;
}

/// At most `most` examples of each split, chosen by `seed` only; the classes stay those of the whole table.
inline LabelSetTask subsample(const LabelSetTask& task, Index most, std::uint64_t seed) {
  std::vector<Index> kept;
  for (const Split split : all_splits) {
    const std::vector<Index> members = task.of(split);
    const auto count = static_cast<Index>(members.size());
    for (Index i = 0; i < (std::min)(most, count); ++i)
      kept.push_back(members[static_cast<std::size_t>(permuted(i, count, hash_of(seed, 5, static_cast<int>(split))))]);
  }
  std::sort(kept.begin(), kept.end());
  LabelSetTask result{task.name, SequenceSet(task.sequences.policy()), {task.sets.classes, {}}, {}};
  for (const Index i : kept) {
    result.sequences.add_tokens(task.sequences.id(i), task.sequences.tokens(i));
    result.sets.labels.push_back(task.sets.labels[static_cast<std::size_t>(i)]);
    result.splits.push_back(task.splits[static_cast<std::size_t>(i)]);
  }
  return result;
}

/// Chains of structure files with their EC numbers.
struct LabelledChains {
  std::vector<std::string> files, chains; ///< files relative to the folder of structures
  LabelSets sets;
};
/// Reads a table with the columns file, chain and ec (joined by ';'), separated by tabs. \throws Error with file and line.
inline LabelledChains read_labelled_chains(ByteSource& source) {
  LabelledChains read;
  LabelSetBuilder sets;
  CsvReader table(source, '\t');
  const Index file = table.column("file"), chain = table.column("chain"), ec = table.column("ec");
  while (table.next()) {
    const std::string where = table.name() + ":" + std::to_string(table.line());
    require(!table.field(ec).empty(), where, ": the chain has no EC number.");
    read.files.emplace_back(table.field(file)), read.chains.emplace_back(table.field(chain));
    sets.add(table.field(ec), ';', where);
  }
  require(!read.files.empty(), table.name(), ": holds no chain.");
  read.sets = sets.finish();
  return read;
}

} // namespace pleat::inline v0_1
