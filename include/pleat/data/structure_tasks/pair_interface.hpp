#pragma once
/// \file  Interface pairs (PIP): does a residue of one partner touch a residue of the other; drawn once, stored as a table.

#include <algorithm>
#include <cstdint>
#include <pleat/core/error.hpp>
#include <pleat/data/structure_tasks/complexes.hpp>
#include <pleat/data/structure_tasks/interface_contacts.hpp>
#include <pleat/io/csv.hpp>
#include <set>
#include <span>
#include <string>
#include <vector>

namespace pleat::inline v0_1 {

struct PairOptions {
  double contact = 6;     ///< any two heavy atoms nearer than this, Angstrom: a positive
  double alpha = 8;       ///< C-alphas nearer than this: the second label
  Index per_complex = 10; ///< positives, and as many negatives
  std::uint64_t seed = 0;
};

struct ResiduePair {
  std::string complex;
  TaskResidue first, second;  ///< of the receptor (or the file that comes first by name), and of its partner
  bool contact = false;       ///< the label: heavy atoms within 6 Angstrom
  bool alpha_contact = false; ///< C-alphas within 8 Angstrom
  Index component = 0;
  Split split = Split::Train;
  friend bool operator==(const ResiduePair&, const ResiduePair&) = default;
};

/// Pairs of a complex of two partners: `per_complex` positives (all, where there are fewer) and as many negatives, drawn without
/// replacement by (seed, name of the complex), each sorted by residue. Negatives are drawn evenly from all pairs without a
/// contact. Only residues of the 20 types with a C-alpha take part. A complex without contact has none. Errors: a complex that is
/// not of two.
inline std::vector<ResiduePair> residue_pairs(const LoadedComplex& loaded, const PairOptions& options = {}) {
  const StructureComplex& complex = loaded.complex;
  require(loaded.bound.size() == 2, complex.name, ": has ", loaded.bound.size(),
          " bound files; pairs across an interface need two partners, each in a file of its own.");
  const Structure &a = loaded.bound[0], &b = loaded.bound[1];
  const auto usable = [](const Structure& s) {
    std::vector<Index> kept;
    const std::vector<Index> alphas = s.alpha_carbons();
    for (std::size_t r = 0; r < alphas.size(); ++r)
      if (alphas[r] >= 0 && s.types[r] < 20) kept.push_back(static_cast<Index>(r));
    return kept;
  };
  const std::vector<Index> of_a = usable(a), of_b = usable(b);
  const auto contacts = heavy_atom_contacts(a, b, options.contact), alphas = alpha_contacts(a, b, options.alpha);
  std::vector<ResidueNumbers> positives;
  for (const ResidueNumbers& pair : contacts)
    if (std::binary_search(of_a.begin(), of_a.end(), pair.first) && std::binary_search(of_b.begin(), of_b.end(), pair.second))
      positives.push_back(pair);
  Philox draws = detail::task_draws(options.seed, "residue pairs " + complex.name);
  draws.shuffle(std::span<ResidueNumbers>(positives));
  const Index all = static_cast<Index>(of_a.size()) * static_cast<Index>(of_b.size());
  const auto most = static_cast<std::size_t>(
      (std::min)({static_cast<Index>(positives.size()), options.per_complex, all - static_cast<Index>(positives.size())}));
  positives.resize(most);
  std::set<ResidueNumbers> negatives;
  while (negatives.size() < most) {
    const auto i = static_cast<std::size_t>(draws.index(static_cast<Index>(of_a.size())));
    const auto j = static_cast<std::size_t>(draws.index(static_cast<Index>(of_b.size())));
    if (!contacts.contains({of_a[i], of_b[j]})) negatives.insert({of_a[i], of_b[j]});
  }
  std::sort(positives.begin(), positives.end());
  std::vector<ResiduePair> pairs;
  const auto add = [&](const ResidueNumbers& pair, bool contact) {
    pairs.push_back({complex.name, task_residue(a, complex.bound[0], pair.first), task_residue(b, complex.bound[1], pair.second),
                     contact, alphas.contains(pair), complex.component, complex.split});
  };
  for (const ResidueNumbers& pair : positives) add(pair, true);
  for (const ResidueNumbers& pair : negatives) add(pair, false);
  return pairs;
}

/// The published layout of the task: complexes of two of `dips_pairs` and `bound_pairs` train, without those that share a cluster
/// with the docking benchmark (`unbound_bound`), all of whose bound forms test. There is no valid part, and components go across.
inline std::vector<StructureComplex> published_pair_layout(const StructureSplit& split) {
  std::set<Index> benchmark;
  for (const SplitChain& row : split.chains)
    if (row.file.starts_with("unbound_bound/")) benchmark.insert(row.cluster);
  const auto relative = [&](const std::string& file) {
    const std::vector<Index> rows = split.of_file(file);
    return std::any_of(rows.begin(), rows.end(),
                       [&](Index row) { return benchmark.contains(split.chains[static_cast<std::size_t>(row)].cluster); });
  };
  std::vector<StructureComplex> chosen;
  for (StructureComplex& complex : structure_complexes(split)) {
    if (complex.bound.size() != 2) continue;
    if (complex.group == "unbound_bound")
      complex.split = Split::Test;
    else if (std::none_of(complex.bound.begin(), complex.bound.end(), relative))
      complex.split = Split::Train;
    else
      continue;
    chosen.push_back(std::move(complex));
  }
  return chosen;
}

namespace detail {
inline std::string residue_text(const TaskResidue& r) {
  std::string text = r.chain + ":" + std::to_string(r.number);
  if (r.insertion != ' ') text += r.insertion;
  return text;
}
} // namespace detail

/// A table of pairs: complex, residue_a, residue_b, contact, alpha_contact; residues as "A:52B" (chain, number, insertion code).
inline std::string residue_pair_table(std::span<const ResiduePair> pairs) {
  std::string text = "complex\tresidue_a\tresidue_b\tcontact\talpha_contact\n";
  for (const ResiduePair& p : pairs)
    text += p.complex + "\t" + detail::residue_text(p.first) + "\t" + detail::residue_text(p.second) + "\t" +
            (p.contact ? "1" : "0") + "\t" + (p.alpha_contact ? "1" : "0") + "\n";
  return text;
}

/// A row of a stored table; `find_pairs` finds its residues.
struct StoredPair {
  std::string complex, first, second;
  bool contact = false, alpha_contact = false;
  Index line = 0;
};

/// \throws Error with file and line: a missing column, a label that is neither 0 nor 1, a residue that is not "chain:number".
inline std::vector<StoredPair> read_residue_pairs(ByteSource& source) {
  CsvReader table(source, '\t');
  const Index complex = table.column("complex"), a = table.column("residue_a"), b = table.column("residue_b"),
              contact = table.column("contact"), alpha = table.column("alpha_contact");
  std::vector<StoredPair> pairs;
  while (table.next()) {
    const auto flag = [&](Index column) {
      const std::string_view text = table.field(column);
      require(text == "0" || text == "1", table.name(), ":", table.line(), ": the label \"", text, "\" is neither 0 nor 1.");
      return text == "1";
    };
    for (const Index column : {a, b}) {
      const std::string_view text = table.field(column);
      require(text.find(':') != text.npos && text.back() != ':', table.name(), ":", table.line(), ": \"", text,
              "\" names no residue; \"A:52\" was expected, chain and number.");
    }
    pairs.push_back({std::string(table.field(complex)), std::string(table.field(a)), std::string(table.field(b)), flag(contact),
                     flag(alpha), table.line()});
  }
  return pairs;
}

/// The residues of stored rows of one complex. \throws Error that names the row: a residue that the structure does not have, a
/// row of another complex.
inline std::vector<ResiduePair> find_pairs(std::span<const StoredPair> stored, const LoadedComplex& loaded) {
  const StructureComplex& complex = loaded.complex;
  require(loaded.bound.size() == 2, complex.name, ": has ", loaded.bound.size(),
          " bound files; pairs across an interface need two partners, each in a file of its own.");
  std::vector<ResiduePair> pairs;
  std::map<std::string, Index> known[2];
  for (std::size_t p = 0; p < 2; ++p)
    for (Index r = loaded.bound[p].residues(); r-- > 0;) // of two with one name the first
      known[p][detail::residue_text(task_residue(loaded.bound[p], complex.bound[p], r))] = r;
  for (const StoredPair& row : stored) {
    require(row.complex == complex.name, "line ", row.line, " of the stored pairs belongs to ", row.complex, ", not to ",
            complex.name, "; give the rows of this complex.");
    const auto find = [&](std::size_t p, const std::string& name) {
      const auto at = known[p].find(name);
      require(at != known[p].end(), complex.bound[p], ": has no residue \"", name, "\", which line ", row.line,
              " of the stored pairs names; the table was drawn from other files.");
      return task_residue(loaded.bound[p], complex.bound[p], at->second);
    };
    pairs.push_back({complex.name, find(0, row.first), find(1, row.second), row.contact, row.alpha_contact, complex.component,
                     complex.split});
  }
  return pairs;
}

} // namespace pleat::inline v0_1
