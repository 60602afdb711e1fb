#pragma once
/// \file  From the atoms of a file to a Structure: which atoms are protein, which are read, and a count of every one that is not.

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <pleat/core/error.hpp>
#include <pleat/data/atom_record.hpp>
#include <pleat/data/structure.hpp>
#include <pleat/data/structure_report.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pleat::inline v0_1 {

struct StructureOptions {
  Index model = 1;                 ///< which model of the file, from 1 in the order of the file
  std::vector<std::string> chains; ///< names of the chains to read; empty: all
  bool atom_records_only = false;  ///< leave out every HETATM, also modified residues, as the published code does
  bool drop_bad_atoms = false;     ///< leave out atoms without usable coordinates and count them, instead of refusing the file
};

/// A structure and what was done to get it.
struct ReadStructure {
  Structure structure;
  StructureReport report;
};

namespace detail {

/// Heavy atoms of each residue type within a chain (without OXT).
inline constexpr std::array<int, 20> heavy_atoms = {4, 5, 6, 7, 7, 7, 6, 8, 8, 8, 8, 9, 9, 9, 8, 10, 11, 11, 12, 14};

/// Names of atoms in CHARMM's files, as the PDB has them.
inline std::string_view usual_atom_name(std::string_view name, StructureResidue type) {
  if (name == "OT1") return "O";
  if (name == "OT2") return "OXT";
  if (name == "CD" && type < 20 && structure_letters[type] == 'I') return "CD1";
  return name;
}

class StructureRules {
public:
  StructureRules(const AtomTable& table, const std::string& name, const StructureOptions& options)
      : table_(table), options_(options) {
    out_.structure.name = name;
    out_.structure.model = options.model;
    out_.report.models = table.models;
    out_.report.other_models = table.other_atoms;
    out_.report.atoms_in_file = static_cast<Index>(table.atoms.size()) + table.other_atoms;
  }

  ReadStructure run() {
    const std::vector<AtomRecord>& atoms = table_.atoms;
    for (std::size_t begin = 0, end = 0; begin < atoms.size(); begin = end) { // one place of a chain at a time
      while (end < atoms.size() && same_place(atoms[begin], atoms[end])) ++end;
      form_residues(begin, end);
    }
    for (std::size_t r = 0; r < formed_.size(); ++r) {
      if (is_protein(r))
        keep(formed_[r]);
      else
        leave_out(formed_[r]);
    }
    check_places();
    drop_marked();
    finish();
    return std::move(out_);
  }

private:
  /// Atoms of one name of residue at one place, in one location.
  struct Formed {
    std::size_t first = 0, count = 0; // in rows_
    bool alternates = false;
    std::ptrdiff_t n = -1, ca = -1, c = -1; // atoms of the backbone, numbers in the table
  };

  static bool same_chain(const AtomRecord& a, const AtomRecord& b) { return a.chain == b.chain && a.part == b.part; }
  static bool same_place(const AtomRecord& a, const AtomRecord& b) {
    return a.number == b.number && a.insertion == b.insertion && same_chain(a, b);
  }
  const AtomRecord& atom(std::size_t row) const { return table_.atoms[rows_[row]]; }

  /// Water and chains not asked for go first; of the alternate locations of a place one is read: 'A', or the first where there is
  /// no 'A'; then each change of the residue's name starts a residue.
  void form_residues(std::size_t begin, std::size_t end) {
    const std::vector<AtomRecord>& atoms = table_.atoms;
    const bool asked = options_.chains.empty() ||
                       std::find(options_.chains.begin(), options_.chains.end(), atoms[begin].chain) != options_.chains.end();
    char location = ' ';
    bool several = false;
    for (std::size_t a = begin; a < end; ++a) {
      const char label = atoms[a].alternate;
      if (label == ' ' || is_water(atoms[a].residue)) continue;
      several = several || (location != ' ' && location != label);
      if (location == ' ' || label == 'A') location = label;
    }
    const std::string* name = nullptr;
    for (std::size_t a = begin; a < end; ++a) {
      if (!asked) {
        ++out_.report.other_chains;
      } else if (is_water(atoms[a].residue)) {
        ++out_.report.water;
      } else if (atoms[a].alternate != ' ' && atoms[a].alternate != location) {
        ++out_.report.alternates;
      } else {
        if (name == nullptr || *name != atoms[a].residue) formed_.push_back({rows_.size(), 0, several});
        name = &atoms[a].residue;
        Formed& residue = formed_.back();
        rows_.push_back(a);
        ++residue.count;
        const auto number = static_cast<std::ptrdiff_t>(a);
        if (atoms[a].name == "N" && residue.n < 0) residue.n = number;
        if (atoms[a].name == "CA" && residue.ca < 0 && atoms[a].element == 6) residue.ca = number;
        if (atoms[a].name == "C" && residue.c < 0) residue.c = number;
      }
    }
  }

  /// Peptide bond from `a` to `b`: C and N closer than 2 Angstrom, within one chain.
  bool bonded(const Formed& a, const Formed& b) const {
    if (a.c < 0 || b.n < 0) return false;
    const AtomRecord& c = table_.atoms[static_cast<std::size_t>(a.c)];
    const AtomRecord& n = table_.atoms[static_cast<std::size_t>(b.n)];
    const float dx = c.x - n.x, dy = c.y - n.y, dz = c.z - n.z;
    return same_chain(c, n) && dx * dx + dy * dy + dz * dz < 4;
  }
  bool is_protein(std::size_t r) const {
    const Formed& residue = formed_[r];
    const AtomRecord& first = atom(residue.first);
    if (is_nucleotide(first.residue)) return false;
    const bool named = residue_of_name(first.residue) != residue_unknown;
    if (!first.hetero) return named || residue.ca >= 0;
    if (options_.atom_records_only || residue.ca < 0) return false;
    if (first.residue == "MSE" || first.residue == "SEC" || first.residue == "PYL") return true;
    return residue.n >= 0 && residue.c >= 0 &&
           ((r > 0 && bonded(formed_[r - 1], residue)) || (r + 1 < formed_.size() && bonded(residue, formed_[r + 1])));
  }
  void leave_out(const Formed& residue) {
    const std::string& name = atom(residue.first).residue;
    const bool nucleic = is_nucleotide(name);
    (nucleic ? out_.report.nucleic : out_.report.ligands) += static_cast<Index>(residue.count);
    (nucleic ? out_.report.nucleotides : out_.report.ligand_names).add(name);
  }

  void keep(const Formed& residue) {
    Structure& to = out_.structure;
    StructureReport& report = out_.report;
    const AtomRecord& first = atom(residue.first);
    const StructureResidue type = residue_of_name(first.residue);
    const bool selenium = first.residue == "MSE";
    const std::size_t begin = to.names.size();
    taken_.clear();
    Index usual = 0;
    for (std::size_t row = residue.first; row < residue.first + residue.count; ++row) {
      const AtomRecord& a = atom(row);
      int element = a.element;
      std::string_view name = usual_atom_name(a.name, type);
      if (selenium && element == 34) element = 16, name = "SD"; // selenomethionine is read as methionine
      if (element == 1) {
        ++report.hydrogens;
      } else if (!element_has_channel(element)) {
        ++report.other_elements;
      } else if (std::find(taken_.begin(), taken_.end(), name) != taken_.end()) {
        ++report.duplicates;
      } else if (!usable(a)) {
        require(options_.drop_bad_atoms, to.name, ":", a.line, ": atom ", describe(a), " lies at (", a.x, ", ", a.y, ", ", a.z,
                "), which is no place but a mark for unknown coordinates; remove such atoms, or read with drop_bad_atoms "
                "(--drop-bad-atoms).");
        ++report.bad;
      } else {
        taken_.push_back(name);
        const AtomName number = atom_name_of(name);
        report.unknown_names += number == atom_unknown;
        usual += number != atom_unknown && number != atom_oxt;
        to.positions.push_back(Position::angstrom(a.x, a.y, a.z));
        to.elements.push_back(static_cast<std::uint8_t>(element));
        to.names.push_back(number);
        to.b_factors.push_back(a.b_factor);
        to.atom_residues.push_back(static_cast<std::int32_t>(to.types.size()));
        origin_.push_back(rows_[row]);
      }
    }
    if (to.names.size() == begin) {
      ++report.emptied;
      return;
    }
    if (to.chains.empty() || !same_chain(table_.atoms[last_kept_], first)) to.chains.push_back({first.chain, to.residues(), 0});
    last_kept_ = rows_[residue.first];
    ++to.chains.back().residues;
    to.types.push_back(type);
    to.residue_chains.push_back(static_cast<std::int32_t>(to.chains.size()) - 1);
    to.labels.push_back({first.residue, first.number, first.insertion});
    report.alternate_residues += residue.alternates;
    report.insertions += first.insertion != ' ';
    if (type == residue_unknown) {
      report.unknown.add(first.residue);
    } else {
      if (structure_residue_names[type] != first.residue) report.modified.add(first.residue);
      if (const Index missing = heavy_atoms[type] - usual; missing > 0) ++report.incomplete, report.missing_atoms += missing;
    }
  }
  static bool usable(const AtomRecord& a) {
    for (const float value : {a.x, a.y, a.z})
      if (!(std::abs(value) < 9999)) return false; // also NaN; 9999 stands for unknown coordinates in some programs
    return true;
  }
  static std::string describe(const AtomRecord& a) {
    std::string text = a.chain;
    ((text += text.empty() ? "" : " ") += a.residue) += " " + std::to_string(a.number);
    if (a.insertion != ' ') text += a.insertion;
    return printable(text + " " + a.name);
  }

  /// Two atoms cannot lie at one place: no direction leads from one to the other.
  void check_places() {
    const std::vector<Position>& places = out_.structure.positions;
    std::vector<std::size_t> order(places.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
      const Position &p = places[a], &q = places[b];
      if (p.x() != q.x()) return p.x() < q.x();
      if (p.y() != q.y()) return p.y() < q.y();
      return p.z() != q.z() ? p.z() < q.z() : a < b;
    });
    for (std::size_t i = 1; i < order.size(); ++i) {
      if (!(places[order[i - 1]] == places[order[i]])) continue;
      const AtomRecord &one = table_.atoms[origin_[order[i - 1]]], &other = table_.atoms[origin_[order[i]]];
      require(options_.drop_bad_atoms, out_.structure.name, ":", other.line, ": atom ", describe(other),
              " lies at the place of atom ", describe(one), " (line ", one.line,
              "), which leaves no direction between them; remove one, or read with drop_bad_atoms "
              "(--drop-bad-atoms).");
      marked_.push_back(order[i]);
    }
  }
  void drop_marked() {
    if (marked_.empty()) return;
    Structure& s = out_.structure;
    std::vector<char> drop(s.positions.size(), 0);
    for (const std::size_t a : marked_) drop[a] = 1;
    const auto compact = [&drop](auto& values) {
      std::size_t to = 0;
      for (std::size_t a = 0; a < values.size(); ++a)
        if (!drop[a]) values[to++] = values[a];
      values.resize(to);
    };
    compact(s.positions), compact(s.elements), compact(s.names), compact(s.atom_residues), compact(s.b_factors);
    out_.report.bad += static_cast<Index>(marked_.size());
    const std::vector<Index> starts = s.atom_starts();
    s = select_residues(s, [&](Index r) {
      const bool some = starts[static_cast<std::size_t>(r)] < starts[static_cast<std::size_t>(r) + 1];
      out_.report.emptied += !some;
      return some;
    });
  }

  void finish() {
    const Structure& s = out_.structure;
    StructureReport& report = out_.report;
    report.atoms_kept = s.atoms();
    report.residues = s.residues();
    report.chains = static_cast<Index>(s.chains.size());
    for (const Index alpha : s.alpha_carbons()) report.without_alpha += alpha < 0;
    for (const std::string& wanted : options_.chains) {
      std::string known;
      bool found = false;
      for (const AtomRecord& a : table_.atoms) {
        if (a.chain == wanted) found = true;
        if (known.find("\"" + a.chain + "\"") == known.npos) (known += known.empty() ? "" : ", ") += "\"" + a.chain + "\"";
      }
      require(found, s.name, ": has no chain \"", wanted, "\"; its chains are ", known, ".");
    }
    require(s.residues() > 0, s.name, ": holds no protein", report.summary().empty() ? "" : ": ", report.summary(),
            "; a file with residues of a protein chain is needed.");
  }

  const AtomTable& table_;
  const StructureOptions& options_;
  ReadStructure out_;
  std::vector<std::size_t> rows_; // atoms in the location that is read, numbers in the table
  std::vector<Formed> formed_;
  std::size_t last_kept_ = 0;           // an atom of the residue kept last, number in the table
  std::vector<std::size_t> origin_;     // (atoms kept) numbers in the table
  std::vector<std::string_view> taken_; // names of the residue at hand
  std::vector<std::size_t> marked_;     // atoms kept that lie where another lies
};

} // namespace detail

/// Applies the rules (docs/structures.md) to the atoms of a model. `name` is the file's, for messages. \throws Error
inline ReadStructure build_structure(const AtomTable& table, const std::string& name, const StructureOptions& options = {}) {
  return detail::StructureRules(table, name, options).run();
}

} // namespace pleat::inline v0_1
