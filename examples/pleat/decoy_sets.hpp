#pragma once
/// \file  Decoys of chains of the split as labelled sets: made once, kept in a file.

#include <array>
#include <functional>
#include <string>

#include <pleat/data/labelled_structures.hpp>
#include <pleat/data/structure_split.hpp>

namespace tool {

/// How many chains of each part are targets, one a cluster at most, and how long they are.
struct DecoySetOptions {
  std::array<pleat::Index, 3> targets = {48, 8, 31};
  pleat::Index decoys = 20, shortest = 50, longest = 110;
};

/// Structure quality (PSR): a decoy is a unit, its label the GDT_TS to its native. `cache`: the file that holds the decoys, made
/// if it is not there. `read(file)` reads a structure. \throws pleat::Error: a cache of other targets or options, or one that
/// cannot be written, before anything is computed.
void add_decoys(std::array<pleat::LabelledStructures*, 3> parts, const pleat::StructureSplit& split, const std::string& cache,
                const std::function<pleat::Structure(const std::string&)>& read, const DecoySetOptions& options = {});

/// Decoys that are files of the collection: decoys/TARGET_native... and the others of decoys/TARGET_... that the split lists,
/// whatever part it has them in. Empty where it lists none. \throws pleat::Error: a file that is not there; residues that do not
/// match.
pleat::LabelledStructures decoy_files(const pleat::StructureSplit& split,
                                      const std::function<pleat::Structure(const std::string&)>& read);

} // namespace tool
