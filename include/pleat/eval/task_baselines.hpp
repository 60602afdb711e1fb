#pragma once
/// \file  Baselines of the structure tasks, task by task: complexes go in, scores of the test examples come out. Those that are
/// fitted by a probe are left out where there is no valid part.

#include <array>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <pleat/data/structure_tasks/displacement.hpp>
#include <pleat/data/structure_tasks/interface_site.hpp>
#include <pleat/data/structure_tasks/residue_site.hpp>
#include <pleat/eval/component_statistics.hpp>
#include <pleat/eval/structure_baselines.hpp>

namespace pleat::inline v0_1 {

/// What a baseline says of the test examples, as `component_statistic` takes it.
struct BaselineScores {
  std::string name;
  std::vector<double> scores;
};

namespace detail {
inline std::vector<double> test_of(const StructureExamples& examples, const std::vector<double>& values) {
  return chosen_of(values, examples.of(Split::Test));
}
// A residue of a complex becomes an example.
inline void add_example(StructureExamples& to, std::vector<TaskResidue>& at, double label, const TaskResidue& residue,
                        const StructureComplex& complex, Index chain) {
  to.labels.push_back(label), to.component.push_back(complex.component), to.split.push_back(complex.split);
  to.chain.push_back(chain), at.push_back(residue);
}
// What a probe says, which chooses its strength on valid: nothing where there is no such part.
template <class Probe, class Device>
void add_probe(std::vector<BaselineScores>& to, std::string name, const Probe& probe, const Device& device, ProbeKind kind,
               Index classes, const StructureExamples& examples, const std::vector<float>& features) {
  if (!examples.of(Split::Valid).empty())
    to.push_back({std::move(name), probe_test_scores(probe, device, kind, classes, examples, features)});
}
} // namespace detail

/// Residue identity: composition of the neighbourhood, and the most frequent type.
class ResidueSiteBaselines {
public:
  static constexpr StructureMetric metric = StructureMetric::Accuracy;
  StructureExamples examples;
  std::vector<TaskResidue> residues; ///< (examples)

  void add(const LoadedComplex& loaded) {
    const Structure whole = whole_complex(loaded);
    const Backbone backbone = backbone_of(whole);
    for (const ResidueSite& site : residue_sites(loaded)) {
      const Structure seen = site_environment(whole, backbone, site.residue);
      const auto counts = neighbour_composition(seen, site_centre(whole, backbone, site.residue));
      features_.insert(features_.end(), counts.begin(), counts.end());
      detail::add_example(examples, residues, site.at.type, site.at, loaded.complex, 0);
    }
  }
  /// Scores (test examples, 20). Errors: as `probe_test_scores`.
  template <class Device> std::vector<BaselineScores> scores(const Device& device) const {
    std::array<double, 20> counts{};
    for (const Index i : examples.of(Split::Train))
      counts[static_cast<std::size_t>(examples.labels[static_cast<std::size_t>(i)])] += 1;
    std::vector<double> majority;
    for (std::size_t i = 0; i < examples.of(Split::Test).size(); ++i)
      majority.insert(majority.end(), counts.begin(), counts.end());
    std::vector<BaselineScores> all;
    detail::add_probe(all, "neighbour composition, logistic", LogisticProbe{}, device, ProbeKind::Multiclass, 20, examples,
                      features_);
    all.push_back({"most frequent type of train", std::move(majority)});
    return all;
  }

private:
  std::vector<float> features_;
};

/// Interface pairs: product of exposures, and log-odds of pairs of residue types.
class ResiduePairBaselines {
public:
  static constexpr StructureMetric metric = StructureMetric::Auroc;
  StructureExamples examples;
  std::vector<ResiduePair> pairs; ///< (examples)

  /// `pairs_of` complex: those of `residue_pairs`, or stored ones.
  void add(const LoadedComplex& loaded, const std::vector<ResiduePair>& pairs_of) {
    const auto a = exposures(loaded.bound[0]), b = exposures(loaded.bound[1]);
    for (const ResiduePair& pair : pairs_of) {
      pairs.push_back(pair);
      examples.labels.push_back(pair.contact), examples.component.push_back(pair.component), examples.split.push_back(pair.split);
      product_.push_back(a[static_cast<std::size_t>(pair.first.residue)] * b[static_cast<std::size_t>(pair.second.residue)]);
    }
  }
  void add(const LoadedComplex& loaded) { add(loaded, residue_pairs(loaded)); }
  /// Those pairs that `part(pair)` (an optional Split) puts into a part, labelled by C-alphas where `alpha` says so.
  template <class Part> ResiduePairBaselines chosen(const Part& part, bool alpha) const {
    ResiduePairBaselines to;
    for (std::size_t i = 0; i < pairs.size(); ++i) {
      const std::optional<Split> where = part(pairs[i]);
      if (!where) continue;
      to.pairs.push_back(pairs[i]), to.product_.push_back(product_[i]);
      to.examples.labels.push_back(alpha ? pairs[i].alpha_contact : pairs[i].contact);
      to.examples.component.push_back(pairs[i].component), to.examples.split.push_back(*where);
    }
    return to;
  }
  template <class Device> std::vector<BaselineScores> scores(const Device&) const {
    std::size_t next = 0; // pairs are asked for in order
    const ResiduePairLogOdds log_odds(pairs, [&](const ResiduePair&) {
      const std::size_t i = next++;
      return examples.split[i] == Split::Train ? static_cast<int>(examples.labels[i]) : -1;
    });
    std::vector<double> odds;
    for (const ResiduePair& pair : pairs) odds.push_back(log_odds(pair.first.type, pair.second.type));
    return {{"exposure product", detail::test_of(examples, product_)},
            {"residue-pair log-odds", detail::test_of(examples, odds)}};
  }

private:
  std::vector<double> product_;
};

/// Interface from the unbound form: exposure, residue type, and both with contact numbers.
class InterfaceBaselines {
public:
  static constexpr StructureMetric metric = StructureMetric::Auroc;
  StructureExamples examples;
  std::vector<TaskResidue> residues; ///< (examples)
  Index left_out = 0;                ///< residues that the bound form lacks
  Index same_forms = 0;              ///< unbound forms whose coordinates are the bound ones

  /// Errors: as `interface_sites`.
  void add(const LoadedComplex& loaded, std::size_t partner) {
    const InterfaceSites sites = interface_sites(loaded, partner);
    if (sites.same_form) return void(++same_forms);
    left_out += sites.left_out;
    const Structure& s = loaded.unbound[partner];
    const auto exposed = exposures(s);
    const auto at8 = contact_numbers(s, 8), at10 = contact_numbers(s, 10), at13 = contact_numbers(s, 13);
    const auto half = half_sphere_exposure(s, 13);
    for (std::size_t i = 0; i < sites.residues.size(); ++i) {
      const TaskResidue& at = sites.residues[i];
      const auto r = static_cast<std::size_t>(at.residue);
      detail::add_example(examples, residues, static_cast<double>(sites.labels[i]), at, loaded.complex, 0);
      exposure_.push_back(exposed[r]);
      std::array<float, 25> features{};
      features[at.type] = 1;
      types_.insert(types_.end(), features.begin(), features.begin() + 20);
      features[20] = static_cast<float>(at8[r]), features[21] = static_cast<float>(at10[r]),
      features[22] = static_cast<float>(at13[r]), features[23] = static_cast<float>(half[r].up),
      features[24] = static_cast<float>(exposed[r]);
      all_.insert(all_.end(), features.begin(), features.end());
    }
  }
  template <class Device> std::vector<BaselineScores> scores(const Device& device) const {
    std::vector<BaselineScores> all{{"exposure", detail::test_of(examples, exposure_)}};
    detail::add_probe(all, "residue type, logistic", LogisticProbe{}, device, ProbeKind::Binary, 2, examples, types_);
    detail::add_probe(all, "exposure, contact numbers and residue type, logistic", LogisticProbe{}, device, ProbeKind::Binary, 2,
                      examples, all_);
    return all;
  }

private:
  std::vector<double> exposure_;
  std::vector<float> types_, all_;
};

/// Displacement on binding: exposure, B-factor, contact number, and all three. A protein is a chain of the examples.
class DisplacementBaselines {
public:
  static constexpr StructureMetric metric = StructureMetric::ChainSpearman;
  StructureExamples examples;
  std::vector<TaskResidue> residues; ///< (examples)

  /// Errors: as `displacements`.
  void add(const LoadedComplex& loaded, std::size_t partner) {
    const Displacements moves = displacements(loaded, partner);
    if (moves.same_form) return;
    const Structure& s = loaded.unbound[partner];
    const auto exposed = exposures(s);
    const auto at8 = contact_numbers(s, 8), at10 = contact_numbers(s, 10), at13 = contact_numbers(s, 13);
    const std::vector<Index> alphas = s.alpha_carbons();
    for (std::size_t i = 0; i < moves.residues.size(); ++i) {
      const TaskResidue& at = moves.residues[i];
      const auto r = static_cast<std::size_t>(at.residue);
      detail::add_example(examples, residues, moves.values[i], at, loaded.complex, next_chain_);
      const auto b = static_cast<double>(s.b_factor(alphas[r]));
      exposure_.push_back(exposed[r]), b_factor_.push_back(b), contacts_.push_back(-static_cast<double>(at10[r]));
      for (const double x :
           {exposed[r], b, static_cast<double>(at8[r]), static_cast<double>(at10[r]), static_cast<double>(at13[r])})
        all_.push_back(static_cast<float>(x));
    }
    ++next_chain_;
  }
  template <class Device> std::vector<BaselineScores> scores(const Device& device) const {
    std::vector<BaselineScores> all{{"exposure", detail::test_of(examples, exposure_)},
                                    {"B-factor", detail::test_of(examples, b_factor_)},
                                    {"contact number within 10 A, negative", detail::test_of(examples, contacts_)}};
    detail::add_probe(all, "all three, ridge", RidgeProbe{}, device, ProbeKind::Regression, 1, examples, all_);
    return all;
  }

private:
  std::vector<double> exposure_, b_factor_, contacts_;
  std::vector<float> all_;
  Index next_chain_ = 0;
};

} // namespace pleat::inline v0_1
