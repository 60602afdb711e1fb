#pragma once
/// \file  The atoms of an mmCIF file. Nothing is guessed: a row that cannot be read is an Error with its line.

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <pleat/core/error.hpp>
#include <pleat/data/atom_record.hpp>
#include <pleat/data/elements.hpp>
#include <pleat/io/cif.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pleat::inline v0_1 {

namespace detail {

class MmcifAtoms final : public CifEvents {
public:
  MmcifAtoms(const std::string& name, Index model) : name_(name), model_(model) {}

  void block(std::string_view) override {
    end_pairs();
    ++block_;
  }
  bool loop(std::span<const std::string_view> tags) override {
    column_.fill(-1);
    bool wanted = false;
    for (std::size_t i = 0; i < tags.size(); ++i) {
      const int field = field_of(tags[i]);
      if (field >= 0) column_[static_cast<std::size_t>(field)] = static_cast<std::ptrdiff_t>(i);
      wanted = wanted || field >= 0;
    }
    if (wanted) end_pairs(), begin_table();
    return wanted;
  }
  void row(std::span<const CifValue> values, Index line) override {
    for (std::size_t field = 0; field < Fields; ++field) {
      const std::ptrdiff_t column = column_[field];
      const bool given = column >= 0 && !values[static_cast<std::size_t>(column)].null();
      field_[field] = given ? values[static_cast<std::size_t>(column)].text : std::string_view();
    }
    line_ = line;
    end_row();
  }
  /// A table of one row is written as pairs of tag and value.
  void item(std::string_view tag, const CifValue& value, Index line) override {
    const int field = field_of(tag);
    if (field < 0) return;
    if (!pairs_) {
      begin_table();
      field_.fill({});
      line_ = line;
      pairs_ = true;
    }
    if (!value.null()) field_[static_cast<std::size_t>(field)] = value.text;
  }
  AtomTable finish() {
    end_pairs();
    require(block_ > 0, name_, ": is empty; fetch the file again.");
    require(table_.models > 0, name_, ": is mmCIF without atoms: it has no rows of _atom_site.");
    require(model_ >= 1 && model_ <= table_.models, name_, ": has no model ", model_, ", only 1 to ", table_.models, ".");
    return std::move(table_);
  }

private:
  enum Field {
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
    BFactor,
    Model,
    Fields
  };

  static int field_of(std::string_view tag) {
    static constexpr std::array<std::string_view, Fields> names = {
        "group_pdb",    "type_symbol",   "label_atom_id", "auth_atom_id",   "label_alt_id",      "label_comp_id",
        "auth_comp_id", "label_asym_id", "auth_asym_id",  "label_seq_id",   "auth_seq_id",       "pdbx_pdb_ins_code",
        "cartn_x",      "cartn_y",       "cartn_z",       "b_iso_or_equiv", "pdbx_pdb_model_num"};
    constexpr std::string_view category = "_atom_site.";
    if (!same(tag.substr(0, category.size()), category)) return -1;
    tag.remove_prefix(category.size());
    for (std::size_t field = 0; field < Fields; ++field)
      if (same(tag, names[field])) return static_cast<int>(field);
    return -1;
  }
  /// Whether `text` is `small` but for the case of letters.
  static bool same(std::string_view text, std::string_view small_letters) {
    if (text.size() != small_letters.size()) return false;
    for (std::size_t i = 0; i < text.size(); ++i)
      if ((text[i] >= 'A' && text[i] <= 'Z' ? static_cast<char>(text[i] - 'A' + 'a') : text[i]) != small_letters[i]) return false;
    return true;
  }

  void begin_table() {
    require(table_block_ == 0 || table_block_ == block_, name_,
            ": has atoms in more than one data block; write each block to a file of its own.");
    table_block_ = block_;
  }
  void end_pairs() {
    if (pairs_) end_row();
    pairs_ = false;
  }
  void end_row() {
    if (model_names_.empty() || field_[Model] != model_names_[at_]) { // models are counted in the order in which they first come
      at_ = static_cast<std::size_t>(std::find(model_names_.begin(), model_names_.end(), field_[Model]) - model_names_.begin());
      if (at_ == model_names_.size()) model_names_.push_back(field_[Model]);
      table_.models = static_cast<Index>(model_names_.size());
    }
    if (static_cast<Index>(at_) + 1 == model_)
      table_.atoms.push_back(record());
    else
      ++table_.other_atoms;
  }

  std::string_view first_of(Field a, Field b) const { return field_[a].empty() ? field_[b] : field_[a]; }
  AtomRecord record() const {
    AtomRecord atom;
    atom.line = line_;
    atom.hetero = field_[Group] == "HETATM" || (field_[Group].empty() && field_[LabelNumber].empty());
    atom.name = first_of(AuthAtom, LabelAtom);
    atom.residue = first_of(AuthResidue, LabelResidue);
    atom.chain = first_of(AuthChain, LabelChain); // named and numbered as in the PDB file of the entry
    if (!field_[Insertion].empty()) atom.insertion = field_[Insertion][0];
    if (!field_[Alternate].empty()) atom.alternate = field_[Alternate][0];
    const std::string_view number = first_of(AuthNumber, LabelNumber);
    const auto [at, error] = std::from_chars(number.data(), number.data() + number.size(), atom.number);
    if (error != std::errc{} || at != number.data() + number.size())
      fail(name_, ":", line_, ": \"", printable(number),
           "\" is no residue number; the table of atoms is damaged, fetch the file again.");
    atom.x = coordinate(X), atom.y = coordinate(Y), atom.z = coordinate(Z);
    const std::string_view b = field_[BFactor].substr(0, field_[BFactor].find('('));
    if (std::from_chars(b.data(), b.data() + b.size(), atom.b_factor).ec != std::errc{} || !(std::abs(atom.b_factor) < 1e6f))
      atom.b_factor = 0;
    atom.element = atomic_number(field_[Symbol]);
    if (field_[Symbol].empty()) atom.element = atomic_number_of_name(" " + atom.name, true);
    return atom;
  }
  float coordinate(Field field) const {
    std::string_view digits = field_[field];
    if (digits.empty()) return std::numeric_limits<float>::quiet_NaN(); // '?': judged later, with the residue's name
    if (digits.front() == '+') digits.remove_prefix(1);
    digits = digits.substr(0, digits.find('(')); // 1.23(4): with its uncertainty
    float value = 0;
    const auto [at, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (error != std::errc{} || at != digits.data() + digits.size())
      fail(name_, ":", line_, ": \"", printable(field_[field]), "\" is no coordinate ", "xyz"[field - X],
           "; the table of atoms is damaged, fetch the file again.");
    return value;
  }

  const std::string& name_;
  Index model_, line_ = 0;
  AtomTable table_;
  std::array<std::string_view, Fields> field_{}; // of the row at hand: views into the text
  std::array<std::ptrdiff_t, Fields> column_{};  // of the loop at hand, -1: not there
  std::vector<std::string_view> model_names_;
  std::size_t at_ = 0; // of the model at hand
  int block_ = 0, table_block_ = 0;
  bool pairs_ = false;
};

} // namespace detail

/// The atoms of one model of mmCIF text: the category _atom_site, with chain, residue and atom named as the authors do (auth_*),
/// as in the entry's PDB file. \throws Error that names the line: text that is no CIF, a row that is cut short or cannot be read,
/// atoms in two data blocks, a model that is not there.
inline AtomTable read_mmcif_atoms(std::string_view text, const std::string& name, Index model = 1) {
  detail::MmcifAtoms atoms(name, model);
  read_cif(text, name, atoms);
  return atoms.finish();
}

} // namespace pleat::inline v0_1
