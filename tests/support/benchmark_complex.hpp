#pragma once
// The two complexes of the docking benchmark that are shipped, and small structures made by hand.

#include <string>

#include <pleat/data/structure_file.hpp>
#include <pleat/data/structure_tasks/complexes.hpp>
#include <pleat/io/gzip.hpp>

namespace structures {

inline pleat::Structure read_shipped(const std::string& file) {
  const auto source = pleat::open_input(PLEAT_TEST_DATA "/../examples/data/structures/" + file);
  return pleat::read_structure(*source).structure;
}

// 1EFN or 1SYX, in the part that the stored table gives it.
inline pleat::LoadedComplex shipped_complex(const std::string& code) {
  pleat::FileSource source(PLEAT_TEST_DATA "/../examples/data/structure_split.tsv");
  for (const auto& complex : pleat::structure_complexes(pleat::read_structure_split(source)))
    if (complex.name == "unbound_bound/" + code) return pleat::load_complex(complex, read_shipped);
  pleat::fail("no complex ", code);
}

// Appends an atom to the last residue of a structure.
inline void put_atom(pleat::Structure& s, const char* name, float x, float y, float z) {
  s.names.push_back(pleat::atom_name_of(name));
  s.elements.push_back(name[0] == 'C' ? 6 : name[0] == 'N' ? 7 : name[0] == 'S' ? 16 : 8);
  s.positions.push_back(pleat::Position::angstrom(x, y, z));
  s.atom_residues.push_back(std::int32_t(s.residues() - 1));
}

// Appends a residue with N, CA, C and O around (x, y, z), in the chain named last.
inline void put_residue(pleat::Structure& s, char letter, std::int32_t number, float x, float y, float z) {
  s.types.push_back(pleat::residue_of_letter(letter));
  s.labels.push_back({std::string(pleat::structure_residue_names[pleat::residue_of_letter(letter)]), number, ' '});
  s.residue_chains.push_back(std::int32_t(s.chains.size()) - 1);
  ++s.chains.back().residues;
  put_atom(s, "N", x - 1.2f, y + 0.8f, z), put_atom(s, "CA", x, y, z), put_atom(s, "C", x + 1.2f, y + 0.8f, z);
  put_atom(s, "O", x + 1.2f, y + 2.0f, z);
}

} // namespace structures
