#pragma once
/// \file  What became of every atom of a structure file: kept, or left out under a stated rule.

#include <pleat/core/index.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pleat::inline v0_1 {

/// How often a residue name came.
class NameCounts {
public:
  void add(std::string_view name, Index count = 1) {
    for (auto& [known, times] : counts_)
      if (known == name) return void(times += count);
    counts_.emplace_back(name, count);
  }
  NameCounts& operator+=(const NameCounts& more) {
    for (const auto& [name, count] : more.counts_) add(name, count);
    return *this;
  }
  Index total() const {
    Index sum = 0;
    for (const auto& [name, count] : counts_) sum += count;
    return sum;
  }
  /// "SEP 2, PTR 1", at most `most` names.
  std::string text(std::size_t most = 8) const {
    std::string text;
    for (std::size_t i = 0; i < counts_.size() && i < most; ++i)
      (text += i == 0 ? "" : ", ") += counts_[i].first + " " + std::to_string(counts_[i].second);
    if (counts_.size() > most) text += ", and " + std::to_string(counts_.size() - most) + " more names";
    return text;
  }
  bool empty() const { return counts_.empty(); }
  const std::vector<std::pair<std::string, Index>>& counts() const { return counts_; }

private:
  std::vector<std::pair<std::string, Index>> counts_; // in the order of the file
};

/// Each atom of the file is counted once: `atoms_read() == atoms_in_file` (docs/structures.md has the rules).
struct StructureReport {
  Index files = 1, models = 0, chains = 0, residues = 0;
  Index atoms_in_file = 0, atoms_kept = 0;
  // atoms left out, in the order in which the rules ask
  Index other_models = 0, other_chains = 0; // not asked for
  Index water = 0, nucleic = 0, ligands = 0;
  Index alternates = 0; // in other alternate locations than the one read
  Index hydrogens = 0;
  Index duplicates = 0;     // a name that its residue has already
  Index other_elements = 0; // unknown, or without a channel in the vocabulary
  Index bad = 0;            // no usable coordinates, only with StructureOptions::drop_bad_atoms
  // residues
  NameCounts nucleotides, ligand_names;    // left out
  NameCounts modified;                     // kept under another type: MSE as methionine, HSD as histidine
  NameCounts unknown;                      // kept with type 20
  Index alternate_residues = 0;            // kept, with more than one location
  Index insertions = 0;                    // kept, with an insertion code
  Index without_alpha = 0;                 // kept, no C-alpha: no node of a residue graph
  Index emptied = 0;                       // left out: no heavy atom is left of them
  Index incomplete = 0, missing_atoms = 0; // standard residues that lack heavy atoms, and these atoms
  Index unknown_names = 0;                 // atoms kept whose name is not in the vocabulary

  Index atoms_read() const {
    return atoms_kept + other_models + other_chains + water + nucleic + ligands + alternates + hydrogens + duplicates +
           other_elements + bad;
  }

  StructureReport& operator+=(const StructureReport& more) {
    for (const auto count : counts()) this->*count += more.*count;
    for (const auto names :
         {&StructureReport::nucleotides, &StructureReport::ligand_names, &StructureReport::modified, &StructureReport::unknown})
      this->*names += more.*names;
    return *this;
  }

  /// One line for each rule that did something: "12 hydrogens left out". Empty where the file was read as it stands.
  std::vector<std::string> lines() const {
    std::vector<std::string> all;
    const auto say = [&all](Index count, const char* one, const char* many, const std::string& detail = {}) {
      if (count > 0)
        all.push_back(std::to_string(count) + " " + (count == 1 ? one : many) + (detail.empty() ? "" : " (" + detail + ")"));
    };
    const auto atoms = [](Index count) { return std::to_string(count) + (count == 1 ? " atom" : " atoms"); };
    say(other_models, "atom of other models left out", "atoms of other models left out");
    say(other_chains, "atom of other chains left out", "atoms of other chains left out");
    say(water, "atom of water left out", "atoms of water left out");
    say(nucleotides.total(), "nucleotide left out", "nucleotides left out", atoms(nucleic) + ": " + nucleotides.text());
    say(ligand_names.total(), "residue that is no part of a protein chain left out",
        "residues that are no part of a protein chain left out", atoms(ligands) + ": " + ligand_names.text());
    say(alternates, "atom in another alternate location left out", "atoms in other alternate locations left out",
        "in " + std::to_string(alternate_residues) + " protein residues");
    say(hydrogens, "hydrogen left out", "hydrogens left out");
    say(duplicates, "atom left out, its residue has one of this name", "atoms left out, their residues have one of that name");
    say(other_elements, "atom of another element left out", "atoms of other elements left out");
    say(bad, "atom without usable coordinates left out", "atoms without usable coordinates left out");
    say(emptied, "residue without heavy atoms left out", "residues without heavy atoms left out");
    say(modified.total(), "residue read as the standard one it stands for", "residues read as the standard ones they stand for",
        modified.text());
    say(unknown.total(), "residue of unknown type kept", "residues of unknown type kept", unknown.text());
    say(insertions, "residue with an insertion code kept", "residues with insertion codes kept");
    say(without_alpha, "residue without C-alpha kept", "residues without C-alpha kept");
    say(incomplete, "residue is incomplete", "residues are incomplete", atoms(missing_atoms) + " missing");
    say(unknown_names, "atom name outside the vocabulary kept as UNK", "atom names outside the vocabulary kept as UNK");
    return all;
  }
  /// All lines in one, joined by "; ".
  std::string summary() const {
    std::string text;
    for (const std::string& line : lines()) (text += text.empty() ? "" : "; ") += line;
    return text;
  }

private:
  using Self = StructureReport;
  static std::vector<Index Self::*> counts() {
    return {&Self::files,
            &Self::models,
            &Self::chains,
            &Self::residues,
            &Self::atoms_in_file,
            &Self::atoms_kept,
            &Self::other_models,
            &Self::other_chains,
            &Self::water,
            &Self::nucleic,
            &Self::ligands,
            &Self::alternates,
            &Self::hydrogens,
            &Self::duplicates,
            &Self::other_elements,
            &Self::bad,
            &Self::alternate_residues,
            &Self::insertions,
            &Self::without_alpha,
            &Self::emptied,
            &Self::incomplete,
            &Self::missing_atoms,
            &Self::unknown_names};
  }
};

} // namespace pleat::inline v0_1
