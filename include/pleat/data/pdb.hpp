#pragma once
/// \file  The atoms of a PDB file. Nothing is guessed: a record that cannot be read is an Error with its line.

#include <charconv>
#include <cmath>
#include <pleat/core/error.hpp>
#include <pleat/data/atom_record.hpp>
#include <pleat/data/elements.hpp>
#include <pleat/data/residue_types.hpp>
#include <pleat/io/byte_source.hpp>
#include <string>
#include <string_view>
#include <utility>

namespace pleat::inline v0_1 {

namespace detail {

/// Columns `first` ... `last` (from 1, both included) of a line, without the blanks around; short lines have empty columns.
inline std::string_view pdb_columns(std::string_view line, std::size_t first, std::size_t last) {
  if (line.size() < first) return {};
  std::string_view text = line.substr(first - 1, last - first + 1);
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

/// Residue numbers: decimal, or hybrid-36 beyond 9999 ("A000" is 10000). False where the text is neither.
inline bool pdb_number(std::string_view text, std::int32_t& number) {
  const char* end = text.data() + text.size();
  if (text.size() == 4 && ((text[0] >= 'A' && text[0] <= 'Z') || (text[0] >= 'a' && text[0] <= 'z'))) {
    std::int32_t value = 0;
    const auto [at, error] = std::from_chars(text.data(), end, value, 36);
    constexpr std::int32_t first = 10 * 36 * 36 * 36, letters = 26 * 36 * 36 * 36;
    number = value - first + 10000 + (text[0] >= 'a' ? letters : 0);
    return error == std::errc{} && at == end;
  }
  const auto [at, error] = std::from_chars(text.data(), end, number);
  return error == std::errc{} && at == end && !text.empty();
}

inline bool pdb_coordinate(std::string_view text, float& value) {
  if (!text.empty() && text.front() == '+') text.remove_prefix(1);
  const char* end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, value); // also "nan": judged later, with the residue's name
  return error == std::errc{} && at == end;
}

/// Whether a line is an atom record, or what is left of one: serial numbers of six digits may touch "ATOM", and the last line of
/// a truncated file may end anywhere.
inline bool is_pdb_atom(std::string_view line) {
  const std::string_view record = line.substr(0, 6);
  if (record.substr(0, 4) == "ATOM") return record.size() == 4 || record[4] == ' ' || (record[4] >= '0' && record[4] <= '9');
  return record.size() >= 4 && std::string_view("HETATM").substr(0, record.size()) == record;
}

inline AtomRecord pdb_atom(std::string_view line, const std::string& name, Index number) {
  const auto where = [&] { return name + ":" + std::to_string(number); };
  if (line.size() < 54)
    fail(where(), ": the atom record ends in column ", line.size(),
         ", its coordinates in column 54; the file is truncated or no PDB file, fetch it again.");
  AtomRecord atom;
  atom.line = number;
  atom.hetero = line[0] == 'H';
  atom.name = pdb_columns(line, 13, 16);
  atom.alternate = line[16];
  atom.residue = pdb_columns(line, 18, 20);
  atom.chain = pdb_columns(line, 21, 22); // two letters in some files
  atom.insertion = line[26];
  const std::string_view sequence_number = pdb_columns(line, 23, 26);
  if (!pdb_number(sequence_number, atom.number))
    fail(where(), ": \"", printable(sequence_number),
         "\" in columns 23 to 26 is no residue number; the columns of a PDB file are fixed, write the file again with a program "
         "that keeps them.");
  float* const to[] = {&atom.x, &atom.y, &atom.z};
  for (std::size_t axis = 0; axis < 3; ++axis) {
    const std::size_t first = 31 + 8 * axis;
    const std::string_view text = pdb_columns(line, first, first + 7);
    if (!pdb_coordinate(text, *to[axis]))
      fail(where(), ": \"", printable(text), "\" in columns ", first, " to ", first + 7, " is no coordinate ", "xyz"[axis],
           "; the columns of a PDB file are fixed, write the file again with a program that keeps them.");
  }
  if (!pdb_coordinate(pdb_columns(line, 61, 66), atom.b_factor) || !(std::abs(atom.b_factor) < 1e6f)) atom.b_factor = 0;
  atom.element = atomic_number(pdb_columns(line, 77, 78));
  if (atom.element == 0)
    atom.element =
        atomic_number_of_name(line.substr(12, 4), residue_of_name(atom.residue) != residue_unknown && atom.residue != "MSE");
  return atom;
}

} // namespace detail

/// The atoms of one model of PDB text. A new model starts after MODEL, ENDMDL or END; TER separates chains that have no name;
/// records other than ATOM, HETATM and these four are not looked at. \throws Error that names the line: a record cut short, a
/// residue number or coordinate that is none, text that holds no atom record, a model that is not there.
inline AtomTable read_pdb_atoms(std::string_view text, const std::string& name, Index model = 1) {
  AtomTable table;
  MemorySource source(text, name);
  LineReader lines(source);
  bool open = false, known = false;
  Index part = 0;
  for (std::string_view line; lines.next(line);) {
    const std::string_view record = line.substr(0, 6);
    if (detail::is_pdb_atom(line)) {
      table.models += !std::exchange(open, true);
      if (table.models != model) {
        ++table.other_atoms;
        continue;
      }
      table.atoms.push_back(detail::pdb_atom(line, name, lines.number()));
      if (table.atoms.back().chain.empty()) table.atoms.back().part = part;
    } else if (line.substr(0, 3) == "TER") {
      ++part;
    } else if (record == "MODEL " || record == "ENDMDL" || line.substr(0, 3) == "END") {
      open = false;
      known = true;
    } else {
      for (const std::string_view usual : {"HEADER", "TITLE ", "REMARK", "CRYST1", "SEQRES", "COMPND"})
        known = known || record == usual;
    }
  }
  if (table.models == 0) {
    require(!text.empty(), name, ": is empty; fetch the file again.");
    require(!known, name, ": is a PDB file without atoms: none of its ", lines.number(), " lines is an ATOM or HETATM record.");
    fail(name, ": is neither PDB nor mmCIF: none of its ", lines.number(),
         " lines is an ATOM or HETATM record, and it does not start with \"data_\"; give coordinates in one of these formats, "
         "plain or "
         "gzip.");
  }
  require(model >= 1 && model <= table.models, name, ": has no model ", model, ", only 1 to ", table.models, ".");
  return table;
}

} // namespace pleat::inline v0_1
