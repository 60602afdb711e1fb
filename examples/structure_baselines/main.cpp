// Builds the four structure tasks and scores what needs no learning of structures (docs/structure_tasks.md).
//
//   structure_baselines FOLDER structure_split.tsv [interface_pairs.tsv]    prints a Markdown table
//   structure_baselines --pairs FOLDER structure_split.tsv                  draws the interface pairs, as a table
//
// FOLDER holds the structures that the split lists.
#include <cstdio>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <pleat/backend/cpu/dense_algebra.hpp>
#include <pleat/backend/cpu/device.hpp>
#include <pleat/data/structure_file.hpp>
#include <pleat/eval/task_baselines.hpp>
#include <pleat/io/gzip.hpp>

using namespace pleat;

namespace {

StructureSplit read_split(const std::string& path) {
  const auto source = open_input(path);
  return read_structure_split(*source);
}

// Test chains of a task: what the counts of its row are made of.
class Chains {
public:
  explicit Chains(const StructureSplit& split) : split_(split) {}
  void add(const std::string& file, const std::string& chain) {
    const Index row = split_.find(file, chain);
    require(row >= 0, file, ": chain \"", chain, "\" is not in the split; give the table that was drawn for this folder.");
    rows_.insert(row);
  }
  std::string text() const {
    std::set<Index> clusters, components;
    for (const Index row : rows_) {
      clusters.insert(split_.chains[static_cast<std::size_t>(row)].cluster);
      components.insert(split_.chains[static_cast<std::size_t>(row)].component);
    }
    return std::to_string(rows_.size()) + " | " + std::to_string(clusters.size()) + " | " + std::to_string(components.size());
  }

private:
  const StructureSplit& split_;
  std::set<Index> rows_;
};

class Baselines {
public:
  Baselines(const std::string& folder, const StructureSplit& split) : folder_(folder), split_(split) {
    for (const StructureComplex& complex : structure_complexes(split))
      if (complex.group != "decoys") complexes_.push_back(complex);
  }

  LoadedComplex load(const StructureComplex& complex) const {
    return load_complex(complex, [this](const std::string& file) {
      const auto source = open_input(folder_ + "/" + file);
      return read_structure(*source, {.model = 1, .chains = {}, .atom_records_only = false, .drop_bad_atoms = true}).structure;
    });
  }

  void draw_pairs() const {
    std::vector<ResiduePair> all;
    for (const StructureComplex& complex : complexes_)
      if (complex.bound.size() == 2) {
        const auto pairs = residue_pairs(load(complex));
        all.insert(all.end(), pairs.begin(), pairs.end());
      }
    std::fputs(residue_pair_table(all).c_str(), stdout);
  }

  void run(const char* stored_pairs) {
    std::map<std::string, std::vector<StoredPair>> stored;
    if (stored_pairs != nullptr) {
      const auto source = open_input(stored_pairs);
      for (StoredPair& row : read_residue_pairs(*source)) stored[row.complex].push_back(std::move(row));
    }
    for (const StructureComplex& complex : complexes_) {
      const LoadedComplex loaded = load(complex);
      sites_.add(loaded);
      if (loaded.bound.size() == 2)
        pairs_.add(loaded, stored_pairs != nullptr ? find_pairs(stored[complex.name], loaded) : residue_pairs(loaded));
      for (std::size_t partner = 0; loaded.unbound.size() == 2 && partner < 2; ++partner) try {
          interface_.add(loaded, partner), moved_.add(loaded, partner);
        } catch (const Error& error) {
          std::fprintf(stderr, "left out: %s\n", error.what());
        }
    }
    std::puts(
        "| task | baseline | metric | test | interval | chains | clusters | components | examples (train / valid / test) |\n"
        "| --- | --- | --- | ---: | --- | ---: | ---: | ---: | --- |");
    report("RES", "accuracy", sites_);
    report_pairs("PIP", [](const ResiduePair& pair) { return std::optional(pair.split); });
    report_published();
    report("interface from the unbound form", "AUROC", interface_);
    report("displacement on binding", "Spearman, mean of chains", moved_);
    std::printf(
        "\nLeft out: %ld residues of unbound forms without a counterpart in the bound form, and %ld forms whose coordinates "
        "are the bound ones.\n",
        static_cast<long>(interface_.left_out), static_cast<long>(interface_.same_forms));
  }

private:
  template <class Task> void report(const std::string& name, const char* metric, const Task& task) const {
    Chains chains(split_);
    for (const Index i : task.examples.of(Split::Test)) {
      const TaskResidue& at = task.residues[static_cast<std::size_t>(i)];
      chains.add(at.file, at.chain);
    }
    for (const BaselineScores& baseline : task.scores(cpu_)) row(name, metric, Task::metric, baseline, task.examples, chains);
  }

  // Rows of one layout: `part(pair)` is where a pair goes, if anywhere.
  template <class Part> void report_pairs(const std::string& task, const Part& part) const {
    for (const bool alpha : {false, true}) {
      ResiduePairBaselines chosen = pairs_.chosen([&](const ResiduePair& pair) { return part(pair); }, alpha);
      Chains chains(split_);
      for (const Index i : chosen.examples.of(Split::Test)) {
        const ResiduePair& pair = chosen.pairs[static_cast<std::size_t>(i)];
        chains.add(pair.first.file, pair.first.chain), chains.add(pair.second.file, pair.second.chain);
      }
      const std::string name = task + (alpha ? ", CA within 8 A" : ", heavy atoms within 6 A");
      for (const BaselineScores& baseline : chosen.scores(cpu_))
        row(name, "AUROC", ResiduePairBaselines::metric, baseline, chosen.examples, chains);
    }
  }
  void report_published() const {
    std::map<std::string, Split> part;
    for (const StructureComplex& complex : published_pair_layout(split_)) part[complex.name] = complex.split;
    report_pairs("PIP, published layout", [&](const ResiduePair& pair) {
      const auto found = part.find(pair.complex);
      return found == part.end() ? std::nullopt : std::optional(found->second);
    });
  }

  static void row(const std::string& task, const char* metric_name, StructureMetric metric, const BaselineScores& baseline,
                  const StructureExamples& examples, const Chains& chains) {
    const Interval score = over_components(component_statistic(metric, examples, baseline.scores));
    std::printf("| %s | %s | %s | %.3f | %.3f to %.3f | %s | %zu / %zu / %zu |\n", task.c_str(), baseline.name.c_str(),
                metric_name, score.value, score.low, score.high, chains.text().c_str(), examples.of(Split::Train).size(),
                examples.of(Split::Valid).size(), examples.of(Split::Test).size());
    std::fflush(stdout);
  }

  std::string folder_;
  const StructureSplit& split_;
  std::vector<StructureComplex> complexes_;
  ThreadPool pool_;
  Cpu cpu_{&pool_};
  ResidueSiteBaselines sites_;
  ResiduePairBaselines pairs_;
  InterfaceBaselines interface_;
  DisplacementBaselines moved_;
};

} // namespace

int main(int argc, char** argv) try {
  const bool draw = argc == 4 && std::string(argv[1]) == "--pairs";
  require(draw || argc == 3 || argc == 4,
          "usage: structure_baselines FOLDER structure_split.tsv [interface_pairs.tsv], or --pairs FOLDER structure_split.tsv");
  const StructureSplit split = read_split(argv[draw ? 3 : 2]);
  Baselines baselines(argv[draw ? 2 : 1], split);
  if (draw)
    baselines.draw_pairs();
  else
    baselines.run(argc == 4 ? argv[3] : nullptr);
} catch (const Error& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
