/// \file  The structures of a pre-training run.

#include "structure_corpus.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>
#include <optional>

#include <pleat/data/structure_split.hpp>
#include <pleat/io/gzip.hpp>

#include "command.hpp"
#include "fingerprint.hpp"

namespace tool {

namespace {

using pleat::Split;

std::string fingerprint_of(const std::string& text) { return fingerprint(std::as_bytes(std::span(text))); }

/// The split and which of its components are read.
class Parts {
public:
  explicit Parts(const CorpusArguments& a) : a_(a) {
    if (a.split.empty()) return;
    const auto source = pleat::open_input(a.split);
    table_ = pleat::read_structure_split(*source);
    chosen_.assign(table_->components.size(), false);
    // In an order that depends on the names only: a smaller fraction is a part of a larger one, and of all seeds the same.
    std::vector<std::pair<std::uint64_t, std::size_t>> order;
    for (std::size_t c = 0; c < table_->components.size(); ++c)
      if (part_of(c) == a.part) order.emplace_back(hash(table_->components[c]), c);
    pleat::require(!order.empty(), a.split, ": no chain has the part ", pleat::split_name(a.part), ".");
    std::sort(order.begin(), order.end());
    const double wanted = std::ceil(a.fraction * static_cast<double>(order.size()));
    for (std::size_t i = 0; i < order.size() && static_cast<double>(i) < wanted; ++i) chosen_[order[i].second] = true;
  }
  /// How the table calls a file: the longest end of the path that it knows; empty: none.
  std::string name_of(const std::string& path) const {
    if (!table_) return {};
    for (std::size_t at = 0; at != path.npos; at = path.find('/', at), at += at != path.npos)
      if (!table_->of_file(std::string_view(path).substr(at)).empty()) return path.substr(at);
    pleat::require(
        a_.all, path, ": ", a_.split,
        " has no such file, so it may be one that a test looks at; leave it out, or train on it all the same with --all.");
    return {};
  }
  /// Where a chain goes; nothing: it is left out.
  std::optional<Split> part(const std::string& file, const std::string& chain) const {
    if (file.empty() || (a_.all && table_->find(file, chain) < 0)) return a_.part;
    const pleat::SplitChain& row = table_->of(file, chain);
    if (row.split == a_.part) return chosen_[static_cast<std::size_t>(row.component)] ? std::optional(row.split) : std::nullopt;
    return row.split == Split::Valid ? std::optional(row.split) : std::nullopt;
  }
  /// Whether any chain of a file can be read.
  bool reads(const std::string& file) const {
    if (file.empty() || a_.all) return true;
    const auto rows = table_->of_file(file);
    return std::any_of(rows.begin(), rows.end(),
                       [&](Index row) { return part(file, table_->chains[static_cast<std::size_t>(row)].chain).has_value(); });
  }

private:
  Split part_of(std::size_t component) const {
    for (const pleat::SplitChain& row : table_->chains)
      if (static_cast<std::size_t>(row.component) == component) return row.split;
    return Split::Test; // not reached: a component has chains
  }
  static std::uint64_t hash(const std::string& name) {
    std::uint64_t hash = name.size();
    for (const char c : name) hash = pleat::hash_of(hash, static_cast<unsigned char>(c));
    return hash;
  }

  const CorpusArguments& a_;
  std::optional<pleat::StructureSplit> table_;
  std::vector<bool> chosen_; // components of the part
};

/// "dir/1EFN_l_b.pdb.gz" for "dir/1EFN_l_u.pdb.gz", and back; empty where the name is not of this form.
std::string other_form_of(std::string path) {
  const std::size_t slash = path.rfind('/'), begin = slash == path.npos ? 0 : slash + 1, dot = path.find('.', begin);
  if (dot == path.npos || dot < begin + 3 || path[dot - 2] != '_') return {};
  char& form = path[dot - 1];
  if (form != 'u' && form != 'b') return {};
  form = form == 'u' ? 'b' : 'u';
  return path;
}

/// A file's residues of one set.
struct Piece {
  std::string path;
  pleat::Structure structure;
};

/// Adds the pieces to a set, and the other forms of those that have one.
void fill(std::vector<Piece>& pieces, const CorpusArguments& a, pleat::StructureSet& set, pleat::OtherForms& forms) {
  std::map<std::string, std::size_t> at;
  for (std::size_t i = 0; i < pieces.size(); ++i) at.emplace(pieces[i].path, i);
  std::vector<std::optional<pleat::ConformerPair>> pairs(pieces.size());
  for (std::size_t i = 0; a.other_forms && i < pieces.size(); ++i) {
    const auto other = at.find(other_form_of(pieces[i].path));
    if (other == at.end()) continue;
    try {
      pairs[i] = pleat::match_conformers(pieces[i].structure, pieces[other->second].structure);
    } catch (const pleat::Error&) { // nothing in common: two proteins with such names, counted as without another form
      continue;
    }
    // A form that shares less than half is no other form of this structure: what is not shared would be lost.
    if (2 * pairs[i]->structure.residues() < pieces[i].structure.residues()) pairs[i].reset();
  }
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    if (pairs[i]) {
      const auto positions = pleat::flat_angstrom(pairs[i]->second);
      forms.emplace(set.record(set.size()), std::vector<float>(positions.begin(), positions.end()));
    }
    set.add(pairs[i] ? std::move(pairs[i]->structure) : std::move(pieces[i].structure));
  }
}

std::string fingerprint_of(const pleat::StructureSet& set, const pleat::OtherForms& forms) {
  std::string all;
  for (Index i = 0; i < set.size(); ++i) {
    const pleat::Structure& s = *set[i];
    all += fingerprint(std::as_bytes(pleat::flat_angstrom(s.positions))) + fingerprint(std::as_bytes(std::span(s.types)));
    if (const auto form = forms.find(set.record(i)); form != forms.end())
      all += fingerprint(std::as_bytes(std::span(form->second)));
  }
  return fingerprint_of(all);
}

} // namespace

Corpus load_corpus(const CorpusArguments& a) {
  const std::vector<std::string> files = structure_files(a);
  const Parts parts(a);
  std::vector<Piece> train, valid;
  Index read = 0, without = 0;
  {
    ProgressBar bar;
    for (const std::string& path : files) {
      if (!a.quiet) bar.show(++read, static_cast<Index>(files.size()), path);
      const std::string name = parts.name_of(path);
      if (!parts.reads(name)) continue;
      const pleat::Structure whole = load_structure(path, a.options).structure;
      pleat::require(whole.residues() > 0, path, ": has no protein residue to train on; leave the file out.");
      std::vector<std::optional<Split>> part_of_chain;
      for (const pleat::StructureChain& chain : whole.chains) part_of_chain.push_back(parts.part(name, chain.name));
      const std::vector<Index> alphas = whole.alpha_carbons();
      for (const Split part : {a.part, Split::Valid}) {
        Index alone = 0;
        pleat::Structure piece = pleat::select_residues(whole, [&](Index r) {
          const auto residue = static_cast<std::size_t>(r);
          if (part_of_chain[static_cast<std::size_t>(whole.residue_chains[residue])] != part) return false;
          const bool kept = !a.alphas || alphas[residue] >= 0;
          alone += !kept;
          return kept;
        });
        without += alone;
        pleat::require(piece.residues() > 0 || alone == 0, path, ": none of its ", alone,
                       " residues has a C-alpha, so no graph of residues can be made of it; leave the file out.");
        if (piece.residues() > 0) (part == a.part ? train : valid).push_back({path, std::move(piece)});
        if (a.part == Split::Valid) break;
      }
    }
  }
  pleat::require(!train.empty(), a.split, ": none of the ", files.size(), " files has a chain of the part ",
                 pleat::split_name(a.part), a.fraction < 1 ? " in the chosen components; raise --fraction." : "; name others.");
  Corpus corpus;
  fill(train, a, corpus.train, corpus.forms);
  fill(valid, a, corpus.valid, corpus.forms);
  Index seen_twice = 0;
  for (const auto& [record, form] : corpus.forms) seen_twice += record < Corpus::first_valid;
  std::string table;
  if (!a.split.empty()) {
    const auto source = pleat::open_input(a.split);
    pleat::LineReader lines(*source);
    for (std::string_view line; lines.next(line);) (table += line) += '\n';
  }
  corpus.about.set("split", table.empty() ? std::string("none") : fingerprint_of(table));
  corpus.about.set("part", std::string(pleat::split_name(a.part))).set("fraction", a.fraction);
  corpus.about.set("structures", corpus.train.size()).set("residues", corpus.train.residues());
  if (a.other_forms) corpus.about.set("structures_with_other_form", seen_twice);
  corpus.about.set("data", fingerprint_of(corpus.train, corpus.forms));
  corpus.about.set("valid_structures", corpus.valid.size()).set("valid_data", fingerprint_of(corpus.valid, corpus.forms));
  if (!a.quiet) {
    std::fprintf(stderr, "%lld structures, %lld residues to train on; %lld structures, %lld residues to validate on\n",
                 static_cast<long long>(corpus.train.size()), static_cast<long long>(corpus.train.residues()),
                 static_cast<long long>(corpus.valid.size()), static_cast<long long>(corpus.valid.residues()));
    if (without > 0) std::fprintf(stderr, "%lld residues without a C-alpha were left out\n", static_cast<long long>(without));
    if (a.other_forms)
      std::fprintf(stderr, "%lld structures were observed in another form, %lld have a Gaussian conformer instead\n",
                   static_cast<long long>(seen_twice), static_cast<long long>(corpus.train.size() - seen_twice));
  }
  return corpus;
}

} // namespace tool
