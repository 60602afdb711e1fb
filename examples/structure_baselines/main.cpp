// Builds the four structure tasks and scores what needs no learning of structures (docs/structure_tasks.md).
//
//   structure_baselines FOLDER structure_split.tsv [interface_pairs.tsv]    prints a Markdown table
//   structure_baselines --pairs FOLDER structure_split.tsv                  draws the interface pairs, as a table
//
// FOLDER holds the structures that the split lists.
#include <cstdio>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <pleat/backend/cpu/dense_algebra.hpp>
#include <pleat/backend/cpu/device.hpp>
#include <pleat/data/structure_file.hpp>
#include <pleat/data/structure_tasks/displacement.hpp>
#include <pleat/data/structure_tasks/interface_site.hpp>
#include <pleat/data/structure_tasks/pair_interface.hpp>
#include <pleat/data/structure_tasks/residue_site.hpp>
#include <pleat/eval/structure_baselines.hpp>
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
    if (stored_pairs != nullptr) {
      const auto source = open_input(stored_pairs);
      for (StoredPair& row : read_residue_pairs(*source)) stored_[row.complex].push_back(std::move(row));
    }
    for (const StructureComplex& complex : complexes_) {
      const LoadedComplex loaded = load(complex);
      add_sites(loaded);
      if (loaded.bound.size() == 2) add_pairs(loaded, stored_pairs != nullptr);
      if (loaded.unbound.size() == 2) add_unbound(loaded);
    }
    std::puts(
        "| task | baseline | metric | test | interval | chains | clusters | components | examples (train / valid / test) |\n"
        "| --- | --- | --- | ---: | --- | ---: | ---: | ---: | --- |");
    report_sites(), report_pairs(), report_published(), report_interface(), report_displacement();
    std::printf(
        "\nLeft out: %ld residues of unbound forms without a counterpart in the bound form, and %ld forms whose coordinates "
        "are the bound ones.\n",
        static_cast<long>(left_out_), static_cast<long>(same_forms_));
  }

private:
  // ---- residue identity
  void add_sites(const LoadedComplex& loaded) {
    const Structure whole = whole_complex(loaded);
    const Backbone backbone = backbone_of(whole);
    for (const ResidueSite& site : residue_sites(loaded)) {
      const Structure seen = site_environment(whole, backbone, site.residue);
      const auto counts = neighbour_composition(seen, site_centre(whole, backbone, site.residue));
      site_features_.insert(site_features_.end(), counts.begin(), counts.end());
      sites_.labels.push_back(site.at.type), sites_.component.push_back(site.component), sites_.split.push_back(site.split);
      if (site.split == Split::Test) site_chains_.add(site.at.file, site.at.chain);
    }
  }
  void report_sites() {
    const auto scores = probe_test_scores(LogisticProbe{}, cpu_, ProbeKind::Multiclass, 20, sites_, site_features_);
    row("RES", "neighbour composition, logistic", "accuracy", accuracy_over_components(sites_, scores, 20), sites_, site_chains_);
    std::array<double, 20> counts{};
    for (const Index i : sites_.of(Split::Train))
      counts[static_cast<std::size_t>(sites_.labels[static_cast<std::size_t>(i)])] += 1;
    std::vector<double> majority;
    for (std::size_t i = 0; i < sites_.of(Split::Test).size(); ++i) majority.insert(majority.end(), counts.begin(), counts.end());
    row("RES", "most frequent type of train", "accuracy", accuracy_over_components(sites_, majority, 20), sites_, site_chains_);
  }

  // ---- interface pairs
  void add_pairs(const LoadedComplex& loaded, bool stored) {
    const auto pairs = stored ? find_pairs(stored_[loaded.complex.name], loaded) : residue_pairs(loaded);
    const auto a = exposures(loaded.bound[0]), b = exposures(loaded.bound[1]);
    for (const ResiduePair& pair : pairs) {
      pairs_.push_back(pair);
      exposure_product_.push_back(a[static_cast<std::size_t>(pair.first.residue)] *
                                  b[static_cast<std::size_t>(pair.second.residue)]);
    }
  }
  // Rows of one layout: `part(pair)` is where a pair goes: 0 train, 1 test, 2 valid, -1 nowhere.
  template <class Part> void report_pair_layout(const std::string& task, const Part& part) {
    for (const bool alpha : {false, true}) {
      StructureExamples examples;
      Chains chains(split_);
      std::vector<double> exposure, odds;
      const ResiduePairLogOdds log_odds(
          pairs_, [&](const ResiduePair& pair) { return part(pair) != 0 ? -1 : int{alpha ? pair.alpha_contact : pair.contact}; });
      for (std::size_t i = 0; i < pairs_.size(); ++i) {
        const ResiduePair& pair = pairs_[i];
        const int where = part(pair);
        if (where < 0) continue;
        examples.labels.push_back(alpha ? pair.alpha_contact : pair.contact);
        examples.component.push_back(pair.component), examples.split.push_back(where == 0   ? Split::Train
                                                                               : where == 1 ? Split::Test
                                                                                            : Split::Valid);
        if (where != 1) continue;
        exposure.push_back(exposure_product_[i]), odds.push_back(log_odds(pair.first.type, pair.second.type));
        chains.add(pair.first.file, pair.first.chain), chains.add(pair.second.file, pair.second.chain);
      }
      const std::string name = task + (alpha ? ", CA within 8 A" : ", heavy atoms within 6 A");
      row(name, "exposure product", "AUROC", auroc_over_components(examples, exposure), examples, chains);
      row(name, "residue-pair log-odds", "AUROC", auroc_over_components(examples, odds), examples, chains);
    }
  }
  void report_pairs() {
    report_pair_layout("PIP", [](const ResiduePair& pair) {
      return pair.split == Split::Train ? 0 : pair.split == Split::Test ? 1 : 2;
    });
  }
  // Train: dips_pairs and bound_pairs without relatives of the docking benchmark. Test: all bound forms of the benchmark.
  void report_published() {
    std::set<Index> benchmark;
    for (const SplitChain& row : split_.chains)
      if (row.file.starts_with("unbound_bound/")) benchmark.insert(row.cluster);
    std::map<std::string, bool> relative;
    for (const StructureComplex& complex : complexes_)
      for (const std::string& file : complex.bound)
        for (const Index row : split_.of_file(file))
          relative[complex.name] =
              relative[complex.name] || benchmark.contains(split_.chains[static_cast<std::size_t>(row)].cluster);
    report_pair_layout("PIP, published layout", [&](const ResiduePair& pair) {
      if (pair.complex.starts_with("unbound_bound/")) return 1;
      return relative[pair.complex] ? -1 : 0;
    });
  }

  // ---- interface and displacement of unbound forms
  void add_unbound(const LoadedComplex& loaded) {
    for (std::size_t p = 0; p < 2; ++p) try {
        const InterfaceSites interfaces = interface_sites(loaded, p);
        const Displacements moves = displacements(loaded, p);
        if (interfaces.same_form) {
          ++same_forms_;
          continue;
        }
        const Structure& s = loaded.unbound[p];
        const auto exposed = exposures(s);
        const std::vector<Index> at8 = contact_numbers(s, 8), at10 = contact_numbers(s, 10), at13 = contact_numbers(s, 13);
        const std::vector<Index> alphas = s.alpha_carbons();
        const auto half = half_sphere_exposure(s, 13);
        left_out_ += interfaces.left_out;
        for (std::size_t i = 0; i < interfaces.residues.size(); ++i) {
          const TaskResidue& at = interfaces.residues[i];
          const auto r = static_cast<std::size_t>(at.residue);
          add(interface_, interface_chains_, interfaces.labels[i], at, loaded.complex, 0);
          interface_exposure_.push_back(exposed[r]);
          std::array<float, 25> features{};
          features[at.type] = 1;
          interface_types_.insert(interface_types_.end(), features.begin(), features.begin() + 20);
          features[20] = static_cast<float>(at8[r]), features[21] = static_cast<float>(at10[r]),
          features[22] = static_cast<float>(at13[r]);
          features[23] = static_cast<float>(half[r].up), features[24] = static_cast<float>(exposed[r]);
          interface_all_.insert(interface_all_.end(), features.begin(), features.end());
        }
        for (std::size_t i = 0; i < moves.residues.size(); ++i) {
          const TaskResidue& at = moves.residues[i];
          const auto r = static_cast<std::size_t>(at.residue);
          add(moved_, moved_chains_, moves.values[i], at, loaded.complex, next_chain_);
          const auto b = static_cast<double>(s.b_factor(alphas[r]));
          moved_exposure_.push_back(exposed[r]), moved_b_.push_back(b), moved_contacts_.push_back(-static_cast<double>(at10[r]));
          for (const double x :
               {exposed[r], b, static_cast<double>(at8[r]), static_cast<double>(at10[r]), static_cast<double>(at13[r])})
            moved_all_.push_back(static_cast<float>(x));
        }
        ++next_chain_;
      } catch (const Error& error) {
        std::fprintf(stderr, "left out: %s\n", error.what());
      }
  }
  void add(StructureExamples& to, Chains& chains, auto label, const TaskResidue& at, const StructureComplex& complex,
           Index chain) {
    to.labels.push_back(static_cast<double>(label)), to.component.push_back(complex.component), to.split.push_back(complex.split);
    to.chain.push_back(chain);
    if (complex.split == Split::Test) chains.add(at.file, at.chain);
  }
  void report_interface() {
    const auto say = [&](const char* name, const std::vector<double>& scores) {
      row("interface from the unbound form", name, "AUROC", auroc_over_components(interface_, scores), interface_,
          interface_chains_);
    };
    say("exposure", test_of(interface_, interface_exposure_));
    say("residue type, logistic", probe_test_scores(LogisticProbe{}, cpu_, ProbeKind::Binary, 2, interface_, interface_types_));
    say("exposure, contact numbers and residue type, logistic",
        probe_test_scores(LogisticProbe{}, cpu_, ProbeKind::Binary, 2, interface_, interface_all_));
  }
  void report_displacement() {
    const auto say = [&](const char* name, const std::vector<double>& scores) {
      row("displacement on binding", name, "Spearman, mean of chains", chain_spearman_over_components(moved_, scores), moved_,
          moved_chains_);
    };
    say("exposure", test_of(moved_, moved_exposure_));
    say("B-factor", test_of(moved_, moved_b_));
    say("contact number within 10 A, negative", test_of(moved_, moved_contacts_));
    say("all three, ridge", probe_test_scores(RidgeProbe{}, cpu_, ProbeKind::Regression, 1, moved_, moved_all_));
  }

  static std::vector<double> test_of(const StructureExamples& examples, const std::vector<double>& values) {
    std::vector<double> out;
    for (const Index i : examples.of(Split::Test)) out.push_back(values[static_cast<std::size_t>(i)]);
    return out;
  }
  static void row(const std::string& task, const char* baseline, const char* metric, const Interval& score,
                  const StructureExamples& examples, const Chains& chains) {
    std::printf("| %s | %s | %s | %.3f | %.3f to %.3f | %s | %zu / %zu / %zu |\n", task.c_str(), baseline, metric, score.value,
                score.low, score.high, chains.text().c_str(), examples.of(Split::Train).size(), examples.of(Split::Valid).size(),
                examples.of(Split::Test).size());
    std::fflush(stdout);
  }

  std::string folder_;
  const StructureSplit& split_;
  std::vector<StructureComplex> complexes_;
  ThreadPool pool_;
  Cpu cpu_{&pool_};

  StructureExamples sites_, interface_, moved_;
  Chains site_chains_{split_}, interface_chains_{split_}, moved_chains_{split_};
  std::vector<float> site_features_, interface_types_, interface_all_, moved_all_;
  std::map<std::string, std::vector<StoredPair>> stored_;
  std::vector<ResiduePair> pairs_;
  std::vector<double> exposure_product_, interface_exposure_, moved_exposure_, moved_b_, moved_contacts_;
  Index next_chain_ = 0, left_out_ = 0, same_forms_ = 0;
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
