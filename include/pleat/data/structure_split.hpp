#pragma once
/// \file  The one split of all structure tasks, as a table: which cluster, component and part each chain of a collection has.

#include <algorithm>
#include <map>
#include <pleat/core/error.hpp>
#include <pleat/core/index.hpp>
#include <pleat/data/tasks.hpp>
#include <pleat/io/csv.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pleat::inline v0_1 {

/// A chain of a file and where it stands. Clusters hold similar sequences; components are clusters that meet in a complex.
struct SplitChain {
  std::string file, chain;
  Index cluster = 0, component = 0; ///< numbers of `StructureSplit::clusters` and `components`
  Split split = Split::Train;
};

/// The chains of a collection, in the order of the table.
class StructureSplit {
public:
  std::vector<SplitChain> chains;
  std::vector<std::string> clusters, components; ///< names, in the order in which the table has them first

  /// Row of a chain; -1 where the table does not have it.
  Index find(std::string_view file, std::string_view chain) const {
    const auto at = rows_.find({std::string(file), std::string(chain)});
    return at == rows_.end() ? -1 : at->second;
  }
  /// \throws Error that names the chains of the file, or says that the table does not know it.
  const SplitChain& of(std::string_view file, std::string_view chain) const {
    const Index row = find(file, chain);
    if (row >= 0) return chains[static_cast<std::size_t>(row)];
    std::string known;
    for (const SplitChain& c : chains)
      if (c.file == file) (known += known.empty() ? "" : ", ") += "\"" + c.chain + "\"";
    require(!known.empty(), name_, ": has no file \"", file,
            "\"; the split is drawn for the files it lists, and no other has a part.");
    fail(name_, ": has no chain \"", chain, "\" of \"", file, "\", only ", known, ".");
  }
  /// Rows of the chains of a file, in the order of the table.
  std::vector<Index> of_file(std::string_view file) const {
    std::vector<Index> rows;
    for (auto at = rows_.lower_bound({std::string(file), std::string()}); at != rows_.end() && at->first.first == file; ++at)
      rows.push_back(at->second);
    std::sort(rows.begin(), rows.end());
    return rows;
  }
  /// Files in alphabetical order.
  std::vector<std::string> files() const {
    std::vector<std::string> all;
    for (const auto& [key, row] : rows_)
      if (all.empty() || all.back() != key.first) all.push_back(key.first);
    return all;
  }
  const std::string& name() const { return name_; }

private:
  friend StructureSplit read_structure_split(ByteSource& source);
  std::string name_;
  std::map<std::pair<std::string, std::string>, Index> rows_;
};

/// Reads a table with the columns file, chain, cluster, component and split, divided by tabs. \throws Error with file and line: a
/// missing column, an unknown split, a chain that comes twice, a cluster in two components, a component in two parts.
inline StructureSplit read_structure_split(ByteSource& source) {
  StructureSplit split;
  CsvReader table(source, '\t');
  split.name_ = table.name();
  const Index file = table.column("file"), chain = table.column("chain"), cluster = table.column("cluster"),
              component = table.column("component"), part = table.column("split");
  std::map<std::string, Index> known_clusters, known_components;
  std::vector<Index> component_of;                 // of each cluster
  std::vector<Split> part_of;                      // of each component
  std::vector<Index> cluster_line, component_line; // where each came first
  const auto where = [&table] { return table.name() + ":" + std::to_string(table.line()); };
  while (table.next()) {
    SplitChain row{std::string(table.field(file)), std::string(table.field(chain)), 0, 0, Split::Train};
    require(!row.file.empty(), where(), ": the name of the file is empty.");
    const std::string_view text = table.field(part);
    const auto found = std::find_if(all_splits.begin(), all_splits.end(), [text](Split s) { return split_name(s) == text; });
    require(found != all_splits.end(), where(), ": the split \"", text, "\" is unknown: train, valid or test was expected.");
    row.split = *found;
    const auto [k, fresh_component] =
        known_components.try_emplace(std::string(table.field(component)), static_cast<Index>(split.components.size()));
    row.component = k->second;
    if (fresh_component)
      split.components.push_back(k->first), part_of.push_back(row.split), component_line.push_back(table.line());
    const auto kept = static_cast<std::size_t>(row.component);
    require(part_of[kept] == row.split, where(), ": the component \"", k->first, "\" is in ", split_name(row.split),
            " here and in ", split_name(part_of[kept]), " in line ", component_line[kept], "; a component lies in one part.");
    const auto [c, fresh_cluster] =
        known_clusters.try_emplace(std::string(table.field(cluster)), static_cast<Index>(split.clusters.size()));
    row.cluster = c->second;
    if (fresh_cluster)
      split.clusters.push_back(c->first), component_of.push_back(row.component), cluster_line.push_back(table.line());
    const auto like = static_cast<std::size_t>(row.cluster);
    require(component_of[like] == row.component, where(), ": the cluster \"", c->first, "\" is in the component \"", k->first,
            "\" here and in another in line ", cluster_line[like], "; a cluster lies in one component.");
    const bool fresh = split.rows_.emplace(std::pair{row.file, row.chain}, static_cast<Index>(split.chains.size())).second;
    require(fresh, where(), ": the chain \"", row.chain, "\" of \"", row.file, "\" comes twice.");
    split.chains.push_back(std::move(row));
  }
  require(!split.chains.empty(), table.name(), ": lists no chain.");
  return split;
}

/// How much of a table lies in a part.
struct SplitCounts {
  Index chains = 0, clusters = 0, components = 0;
};
inline SplitCounts count_split(const StructureSplit& split, Split part) {
  std::vector<char> cluster(split.clusters.size()), component(split.components.size());
  SplitCounts counts;
  for (const SplitChain& row : split.chains) {
    if (row.split != part) continue;
    ++counts.chains;
    counts.clusters += !std::exchange(cluster[static_cast<std::size_t>(row.cluster)], 1);
    counts.components += !std::exchange(component[static_cast<std::size_t>(row.component)], 1);
  }
  return counts;
}

} // namespace pleat::inline v0_1
