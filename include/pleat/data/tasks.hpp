#pragma once
/// \file  Property tasks from CSV tables: `id,sequence,label,split`, or `id,sequence_a,sequence_b,label,split` for pairs.

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <pleat/core/error.hpp>
#include <pleat/core/index.hpp>
#include <pleat/data/sequences.hpp>
#include <pleat/data/shuffle.hpp>
#include <pleat/io/csv.hpp>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace pleat::inline v0_1 {

enum class TaskKind : std::uint8_t { Regression, Binary, Multiclass };
enum class Split : std::uint8_t { Train, Valid, Test };
inline constexpr std::array<Split, 3> all_splits = {Split::Train, Split::Valid, Split::Test};

constexpr std::string_view split_name(Split split) {
  constexpr std::string_view names[] = {"train", "valid", "test"};
  return names[static_cast<int>(split)];
}

/// What a task is, before its table is read.
struct TaskSpec {
  std::string_view name;
  TaskKind kind = TaskKind::Regression;
  Index classes = 0; // labels 0 .. classes - 1; 0 for regression
  bool paired = false;
};

inline constexpr std::array<TaskSpec, 5> task_specs = {{{"thermostability", TaskKind::Regression, 0, false},
                                                        {"human_ppi", TaskKind::Binary, 2, true},
                                                        {"metal_ion_binding", TaskKind::Binary, 2, false},
                                                        {"deeploc_binary", TaskKind::Binary, 2, false},
                                                        {"deeploc_subcellular", TaskKind::Multiclass, 10, false}}};

/// \throws Error that lists the tasks there are.
inline const TaskSpec& task_spec(std::string_view name) {
  for (const TaskSpec& spec : task_specs)
    if (spec.name == name) return spec;
  std::string known;
  for (const TaskSpec& spec : task_specs) (known += known.empty() ? "" : ", ") += spec.name;
  fail("There is no task \"", name, "\"; the tasks are: ", known, ".");
}

struct TaskExample {
  Index first = 0;   // record of Task::sequences
  Index second = -1; // the partner of a pair, else -1
  double label = 0;  // a class number, or a value
  Split split = Split::Train;
};

struct Task {
  std::string name;
  TaskKind kind = TaskKind::Regression;
  Index classes = 0;
  bool paired = false;
  SequenceSet sequences;             // every distinct sequence once, so that each is embedded once
  std::vector<TaskExample> examples; // in the order of the table
  std::vector<std::string> ids;      // of the examples

  Index count(Split split) const {
    Index sum = 0;
    for (const TaskExample& example : examples) sum += example.split == split;
    return sum;
  }
  /// Numbers of the examples of a split, in the order of the table.
  std::vector<Index> of(Split split) const {
    std::vector<Index> chosen;
    for (Index i = 0; i < static_cast<Index>(examples.size()); ++i)
      if (examples[static_cast<std::size_t>(i)].split == split) chosen.push_back(i);
    return chosen;
  }
  int class_of(Index example) const { return static_cast<int>(examples[static_cast<std::size_t>(example)].label); }
};

/// Reads the table of a task. \throws Error with file and line: missing column, bad label, unknown split, empty sequence.
inline Task load_task(ByteSource& source, const TaskSpec& spec, AlphabetPolicy policy = {}) {
  Task task{std::string(spec.name), spec.kind, spec.classes, spec.paired, SequenceSet(policy), {}, {}};
  CsvReader table(source);
  const Index id = table.column("id"), label = table.column("label"), split = table.column("split");
  const Index first = table.column(spec.paired ? "sequence_a" : "sequence"),
              second = spec.paired ? table.column("sequence_b") : -1;
  std::unordered_map<std::string, Index> known;
  const auto where = [&table] { return table.name() + ":" + std::to_string(table.line()); };
  const auto sequence = [&](Index column, std::string_view row_id) {
    const auto [at, fresh] = known.try_emplace(std::string(table.field(column)), task.sequences.size());
    if (fresh) task.sequences.add(row_id, table.field(column));
    require(task.sequences.length(at->second) > 0, where(), ": the sequence of \"", row_id, "\" is empty.");
    return at->second;
  };
  while (table.next()) {
    TaskExample example;
    const std::string_view text = table.field(label), part = table.field(split);
    const auto result = std::from_chars(text.data(), text.data() + text.size(), example.label);
    const bool number = result.ec == std::errc() && result.ptr == text.data() + text.size() && std::isfinite(example.label);
    require(number, where(), ": the label \"", text, "\" is not a number.");
    if (spec.classes > 0)
      require(example.label >= 0 && example.label < static_cast<double>(spec.classes) &&
                  example.label == std::floor(example.label),
              where(), ": the label \"", text, "\" is not a class of ", spec.name, " (0 to ", spec.classes - 1, ").");
    const auto found = std::find_if(all_splits.begin(), all_splits.end(), [part](Split s) { return split_name(s) == part; });
    require(found != all_splits.end(), where(), ": the split \"", part, "\" is unknown: train, valid or test was expected.");
    example.split = *found;
    // The members of a pair have the ids "A|B".
    const std::string_view name = table.field(id);
    const std::size_t bar = spec.paired ? name.find('|') : name.npos;
    example.first = sequence(first, name.substr(0, bar));
    if (spec.paired) example.second = sequence(second, bar == name.npos ? name : name.substr(bar + 1));
    task.examples.push_back(example);
    task.ids.emplace_back(name);
  }
  for (const Split s : all_splits) require(task.count(s) > 0, table.name(), ": has no row of the split ", split_name(s), ".");
  return task;
}
inline Task load_task(ByteSource& source, std::string_view name, AlphabetPolicy policy = {}) {
  return load_task(source, task_spec(name), policy);
}

namespace detail {
/// How many of each class to keep so that `total` stay: proportional, remainders to the largest fractions, at least one of each.
inline std::vector<Index> stratified_counts(const std::vector<Index>& sizes, Index total) {
  Index all = 0;
  for (const Index size : sizes) all += size;
  if (total >= all) return sizes;
  std::vector<Index> counts(sizes.size());
  std::vector<std::pair<Index, std::size_t>> fractions;
  Index given = 0;
  for (std::size_t c = 0; c < sizes.size(); ++c) {
    counts[c] = sizes[c] * total / all;
    if (counts[c] == 0 && sizes[c] > 0)
      counts[c] = 1;
    else
      fractions.emplace_back(-(sizes[c] * total % all), c);
    given += counts[c];
  }
  std::sort(fractions.begin(), fractions.end());
  for (std::size_t i = 0; given < total && i < fractions.size(); ++i)
    if (counts[fractions[i].second] < sizes[fractions[i].second]) ++counts[fractions[i].second], ++given;
  while (given > total) { // more classes were raised to one than there was room for: the largest give way
    const auto most = std::max_element(counts.begin(), counts.end());
    --*most, --given;
  }
  return counts;
}
} // namespace detail

/// At most `most[split]` examples of each split, by class in proportion, chosen by `seed` only; the sequences that stay in use.
inline Task subsample(const Task& task, std::array<Index, 3> most, std::uint64_t seed) {
  std::vector<Index> kept;
  for (const Split split : all_splits) {
    const std::vector<Index> members = task.of(split);
    std::vector<std::vector<Index>> groups(static_cast<std::size_t>((std::max)(task.classes, Index{1})));
    for (const Index i : members) groups[task.classes > 0 ? static_cast<std::size_t>(task.class_of(i)) : 0].push_back(i);
    std::vector<Index> sizes;
    for (const auto& group : groups) sizes.push_back(static_cast<Index>(group.size()));
    const std::vector<Index> counts =
        detail::stratified_counts(sizes, (std::max)(most[static_cast<std::size_t>(split)], Index{0}));
    for (std::size_t c = 0; c < groups.size(); ++c) {
      const std::uint64_t key = hash_of(seed, 4, static_cast<int>(split), c);
      for (Index i = 0; i < counts[c]; ++i) kept.push_back(groups[c][static_cast<std::size_t>(permuted(i, sizes[c], key))]);
    }
  }
  std::sort(kept.begin(), kept.end());
  Task result{task.name, task.kind, task.classes, task.paired, SequenceSet(task.sequences.policy()), {}, {}};
  std::vector<Index> moved(static_cast<std::size_t>(task.sequences.size()), -1);
  const auto move = [&](Index record) {
    Index& to = moved[static_cast<std::size_t>(record)];
    if (to < 0) to = result.sequences.add_tokens(task.sequences.id(record), task.sequences.tokens(record));
    return to;
  };
  for (const Index i : kept) {
    TaskExample example = task.examples[static_cast<std::size_t>(i)];
    example.first = move(example.first);
    if (task.paired) example.second = move(example.second);
    result.examples.push_back(example);
    result.ids.push_back(task.ids[static_cast<std::size_t>(i)]);
  }
  return result;
}
inline Task subsample(const Task& task, Index most_per_split, std::uint64_t seed) {
  return subsample(task, std::array<Index, 3>{most_per_split, most_per_split, most_per_split}, seed);
}

} // namespace pleat::inline v0_1
