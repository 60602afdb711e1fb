#pragma once
/// \file  Atoms as structure files list them, before any rule is applied: what the readers of PDB and mmCIF give.

#include <cstdint>
#include <pleat/core/index.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace pleat::inline v0_1 {

/// One ATOM or HETATM record. Coordinates may be NaN.
struct AtomRecord {
  float x = 0, y = 0, z = 0; // Angstrom
  float b_factor = 0;        // square Angstrom; in predicted models the confidence; 0 where the file has none
  int element = 0;           // atomic number, 0 unknown
  std::int32_t number = 0;   // of the residue
  char insertion = ' ', alternate = ' ';
  bool hetero = false;              // HETATM
  Index part = 0;                   // of atoms without a chain name: how many TER records came before
  std::string name, residue, chain; // without blanks
  Index line = 0;                   // of the file, from 1
};

/// The atoms of one model of a file, in order.
struct AtomTable {
  std::vector<AtomRecord> atoms;
  Index models = 0;      // with atoms, in the file
  Index other_atoms = 0; // of the other models
};

namespace detail {
/// `text` for a message: what cannot be printed is shown as '?', long text is cut.
inline std::string printable(std::string_view text) {
  std::string shown;
  for (const char c : text.substr(0, 40)) shown += c >= ' ' && c < '\x7f' ? c : '?';
  return shown;
}
} // namespace detail

} // namespace pleat::inline v0_1
