#pragma once
/// \file  Protein structures from files: PDB and mmCIF, told apart by their text.

#include <pleat/core/error.hpp>
#include <pleat/data/atom_record.hpp>
#include <pleat/data/mmcif.hpp>
#include <pleat/data/pdb.hpp>
#include <pleat/data/structure_rules.hpp>
#include <pleat/io/byte_source.hpp>
#include <string>
#include <string_view>

namespace pleat::inline v0_1 {

enum class StructureFormat { Pdb, Mmcif };

/// mmCIF starts with a data block; JSON and XML are refused by name; all else is for the reader of PDB to judge.
inline StructureFormat structure_format(std::string_view text, const std::string& name) {
  if (text.substr(0, 2) == "\x1f\x8b") fail(name, ": is gzip-compressed: open it with pleat::open_input of pleat/io/gzip.hpp.");
  if (text.substr(0, 3) == "\xef\xbb\xbf") text.remove_prefix(3);
  while (!text.empty()) {
    if (text.front() == '#') { // a comment of CIF
      const std::size_t end = text.find('\n');
      text.remove_prefix(end == text.npos ? text.size() : end);
    } else if (text.front() == ' ' || (text.front() >= '\t' && text.front() <= '\r')) {
      text.remove_prefix(1);
    } else {
      break;
    }
  }
  if (!text.empty() && (text.front() == '{' || text.front() == '<'))
    fail(name, ": is ", text.front() == '{' ? "JSON" : "XML or a web page",
         "; give the structure as PDB or mmCIF, plain or gzip.");
  std::string head(text.substr(0, 5));
  for (char& c : head)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return head == "data_" ? StructureFormat::Mmcif : StructureFormat::Pdb;
}

/// The protein of a file in memory. \throws Error: one sentence with the file and the line.
inline ReadStructure read_structure(std::string_view text, const std::string& name, const StructureOptions& options = {}) {
  const StructureFormat format = structure_format(text, name);
  if (text.substr(0, 3) == "\xef\xbb\xbf") text.remove_prefix(3);
  const AtomTable atoms =
      format == StructureFormat::Mmcif ? read_mmcif_atoms(text, name, options.model) : read_pdb_atoms(text, name, options.model);
  return build_structure(atoms, name, options);
}

/// The protein of a source: `open_input(path)` of io/gzip.hpp opens plain and compressed files. \throws Error
inline ReadStructure read_structure(ByteSource& source, const StructureOptions& options = {}) {
  std::string text;
  for (Index count = 0;;) {
    const std::size_t used = text.size();
    text.resize(used < (std::size_t{1} << 17) ? std::size_t{1} << 17 : 2 * used);
    std::size_t at = used;
    while (at < text.size() && (count = source.read(text.data() + at, static_cast<Index>(text.size() - at))) > 0)
      at += static_cast<std::size_t>(count);
    text.resize(at);
    if (count == 0) break;
  }
  return read_structure(text, source.name(), options);
}

} // namespace pleat::inline v0_1
