#pragma once
/// \file  The atoms of an mmCIF file, by the CIF grammar of gemmi. The only header that names gemmi: include it in one file of a
/// program, and `read_structure` (data/structure_file.hpp) reads mmCIF in the whole program.

#if !__has_include(<gemmi/cif.hpp>)
#error "pleat/data/mmcif.hpp needs the headers of gemmi and PEGTL: apt-get install gemmi-dev tao-pegtl-dev"
#endif

#include <array>
#include <charconv>
#include <exception>
#include <gemmi/cif.hpp>
#include <limits>
#include <pleat/core/error.hpp>
#include <pleat/data/atom_record.hpp>
#include <pleat/data/elements.hpp>
#include <pleat/data/structure_file.hpp>
#include <string>
#include <string_view>

namespace pleat::inline v0_1 {

namespace detail {

namespace cif = gemmi::cif;

/// Collects the atoms while the grammar runs; no other category of the file is stored.
class MmcifAtoms {
public:
  MmcifAtoms(std::string name, Index model) : name_(std::move(name)), model_(model) {}

  void block() { ++block_; }
  void loop() {
    columns_.clear();
    value_ = 0;
    in_loop_ = true;
  }
  void loop_tag(std::string_view tag) {
    columns_.push_back(column_of(tag));
    if (columns_.back() >= 0) begin_table();
  }
  void loop_value(std::string_view text, std::size_t line) {
    if (columns_.empty()) return;
    if (value_ == 0) line_ = static_cast<Index>(line);
    if (const int column = columns_[value_]; column >= 0) row_[static_cast<std::size_t>(column)] = unquoted(text);
    if (++value_ < columns_.size()) return;
    value_ = 0;
    if (atom_loop()) end_row();
  }
  void loop_end() {
    if (atom_loop() && value_ != 0)
      fail(name_, ":", line_, ": the table of atoms ends here, within a row of ", value_, " of ", columns_.size(),
           " values; the file is truncated or damaged, fetch it again.");
    in_loop_ = false;
    columns_.clear();
  }
  /// A category of one row is written as pairs of tag and value.
  void item_tag(std::string_view tag) { item_ = column_of(tag); }
  void item_value(std::string_view text, std::size_t line) {
    if (item_ < 0) return;
    begin_table();
    if (!pairs_) line_ = static_cast<Index>(line);
    pairs_ = true;
    row_[static_cast<std::size_t>(item_)] = unquoted(text);
  }
  AtomTable finish() {
    if (pairs_) end_row();
    require(table_.models > 0, name_, ": is mmCIF without atoms: it has no rows of _atom_site.");
    require(model_ >= 1 && model_ <= table_.models, name_, ": has no model ", model_, ", only 1 to ", table_.models, ".");
    return std::move(table_);
  }

private:
  enum Column {
    Group,
    Symbol,
    LabelAtom,
    AuthAtom,
    Alternate,
    LabelResidue,
    AuthResidue,
    LabelChain,
    AuthChain,
    LabelNumber,
    AuthNumber,
    Insertion,
    X,
    Y,
    Z,
    Model,
    Columns
  };
  static int column_of(std::string_view tag) {
    static constexpr std::array<std::string_view, Columns> tags = {
        "group_PDB",    "type_symbol",   "label_atom_id", "auth_atom_id",      "label_alt_id", "label_comp_id",
        "auth_comp_id", "label_asym_id", "auth_asym_id",  "label_seq_id",      "auth_seq_id",  "pdbx_PDB_ins_code",
        "Cartn_x",      "Cartn_y",       "Cartn_z",       "pdbx_PDB_model_num"};
    constexpr std::string_view category = "_atom_site.";
    if (!same(tag.substr(0, category.size()), category)) return -1;
    tag.remove_prefix(category.size());
    for (std::size_t column = 0; column < Columns; ++column)
      if (same(tag, tags[column])) return static_cast<int>(column);
    return -1;
  }
  static bool same(std::string_view a, std::string_view b) { // tags of CIF have no case
    const auto low = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
    if (a.size() != b.size()) return false;
    for (std::size_t i = 0; i < a.size(); ++i)
      if (low(a[i]) != low(b[i])) return false;
    return true;
  }
  /// Without quotes; "" for the two values that mean nothing, '.' and '?'.
  static std::string_view unquoted(std::string_view text) {
    if (text == "." || text == "?") return {};
    if (text.size() >= 2 && (text[0] == '"' || text[0] == '\'') && text.back() == text[0]) return text.substr(1, text.size() - 2);
    if (text.size() >= 2 && text[0] == ';' && text.back() == ';') {
      text = text.substr(1, text.size() - 2);
      while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.remove_suffix(1);
    }
    return text;
  }
  bool atom_loop() const {
    for (const int column : columns_)
      if (column >= 0) return in_loop_;
    return false;
  }
  void begin_table() {
    require(table_block_ < 0 || table_block_ == block_, name_,
            ": has atoms in more than one data block; write each block to a file of its own.");
    table_block_ = block_;
  }
  std::string_view first_of(Column a, Column b) const { return row_[a].empty() ? row_[b] : row_[a]; }

  float coordinate(Column column) const {
    const std::string& text = row_[column];
    std::string_view digits = text;
    if (!digits.empty() && digits.front() == '+') digits.remove_prefix(1);
    if (const std::size_t bracket = digits.find('('); bracket != digits.npos) digits = digits.substr(0, bracket); // 1.23(4)
    if (digits.empty()) return std::numeric_limits<float>::quiet_NaN(); // '?': judged later, with the residue's name
    float value = 0;
    const auto [at, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (error != std::errc{} || at != digits.data() + digits.size())
      fail(name_, ":", line_, ": \"", printable(text), "\" is no coordinate ", "xyz"[column - X],
           "; the table of atoms is damaged, fetch the file again.");
    return value;
  }
  void end_row() {
    if (row_[Model] != last_model_ || table_.models == 0) {
      last_model_ = row_[Model];
      ++table_.models;
    }
    if (table_.models == model_)
      table_.atoms.push_back(record());
    else
      ++table_.other_atoms;
    for (std::string& value : row_) value.clear();
  }
  AtomRecord record() const {
    AtomRecord atom;
    atom.line = line_;
    atom.hetero = row_[Group] == "HETATM" || (row_[Group].empty() && row_[LabelNumber].empty());
    atom.name = first_of(AuthAtom, LabelAtom);
    atom.residue = first_of(AuthResidue, LabelResidue);
    atom.chain = first_of(AuthChain, LabelChain); // names and numbers as the PDB file of the entry has them
    if (!row_[Insertion].empty()) atom.insertion = row_[Insertion][0];
    if (!row_[Alternate].empty()) atom.alternate = row_[Alternate][0];
    const std::string_view number = first_of(AuthNumber, LabelNumber);
    const auto [at, error] = std::from_chars(number.data(), number.data() + number.size(), atom.number);
    if (error != std::errc{} || at != number.data() + number.size())
      fail(name_, ":", line_, ": \"", printable(number),
           "\" is no residue number; the table of atoms is damaged, fetch the file again.");
    atom.x = coordinate(X), atom.y = coordinate(Y), atom.z = coordinate(Z);
    atom.element = atomic_number(row_[Symbol]);
    if (atom.element == 0) atom.element = atomic_number_of_name(" " + atom.name, true);
    return atom;
  }

  std::string name_, last_model_;
  Index model_, line_ = 0;
  AtomTable table_;
  std::array<std::string, Columns> row_;
  std::vector<int> columns_; // of the loop: Column, or -1
  std::size_t value_ = 0;    // of the row
  int item_ = -1, block_ = 0, table_block_ = -1;
  bool in_loop_ = false, pairs_ = false;
};

template <class Rule> struct MmcifAction : cif::pegtl::nothing<Rule> {};
template <> struct MmcifAction<cif::rules::datablockheading> {
  template <class Input> static void apply(const Input&, MmcifAtoms& atoms) { atoms.block(); }
};
template <> struct MmcifAction<cif::rules::str_loop> {
  template <class Input> static void apply(const Input&, MmcifAtoms& atoms) { atoms.loop(); }
};
template <> struct MmcifAction<cif::rules::loop_tag> {
  template <class Input> static void apply(const Input& in, MmcifAtoms& atoms) { atoms.loop_tag({in.begin(), in.size()}); }
};
template <> struct MmcifAction<cif::rules::loop_value> {
  template <class Input> static void apply(const Input& in, MmcifAtoms& atoms) {
    atoms.loop_value({in.begin(), in.size()}, in.iterator().line);
  }
};
template <> struct MmcifAction<cif::rules::loop> {
  template <class Input> static void apply(const Input&, MmcifAtoms& atoms) { atoms.loop_end(); }
};
template <> struct MmcifAction<cif::rules::item_tag> {
  template <class Input> static void apply(const Input& in, MmcifAtoms& atoms) { atoms.item_tag({in.begin(), in.size()}); }
};
template <> struct MmcifAction<cif::rules::item_value> {
  template <class Input> static void apply(const Input& in, MmcifAtoms& atoms) {
    atoms.item_value({in.begin(), in.size()}, in.iterator().line);
  }
};

} // namespace detail

/// The atoms of one model of mmCIF text: the category _atom_site, with chain, residue and atom named as the authors do (auth_*),
/// as in the entry's PDB file. \throws Error that names the line: text that is no CIF, a row that is cut short or cannot be read,
/// atoms in two data blocks, a model that is not there.
inline AtomTable read_mmcif_atoms(std::string_view text, const std::string& name, Index model = 1) {
  detail::MmcifAtoms atoms(name, model);
  try {
    detail::cif::pegtl::memory_input<> in(text.data(), text.size(), name);
    detail::cif::pegtl::parse<detail::cif::rules::file, detail::MmcifAction, detail::cif::Errors>(in, atoms);
  } catch (const detail::cif::pegtl::parse_error& error) {
    fail(error.what(), ": the text is no valid mmCIF from here on; the file is truncated or damaged, fetch it again.");
  }
  return atoms.finish();
}

namespace detail {
inline const bool mmcif_is_read = (mmcif_reader = &read_mmcif_atoms, true);
}

} // namespace pleat::inline v0_1
