// Fuzz target of structure files (PDB and mmCIF, also compressed): bytes are refused with pleat::Error, or give a structure whose
// arrays fit and whose report counts every atom once.
// Run:  clang++ -std=c++20 -O1 -g -fsanitize=fuzzer,address,undefined -Iinclude tests/fuzz/structure_fuzz.cpp -o structure_fuzz -lz
//       ./structure_fuzz -max_total_time=60 found/ tests/fuzz/corpus/structure
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <pleat/data/structure_file.hpp>
#include <pleat/io/gzip.hpp>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  pleat::StructureOptions options;
  for (int choice = 0; choice < 4; ++choice) {
    options.drop_bad_atoms = choice != 0;
    options.atom_records_only = choice == 2;
    options.model = choice == 3 ? 2 : 1;
    try {
      pleat::GzipSource source(std::make_unique<pleat::MemorySource>(bytes, "fuzz"));
      const auto [structure, report] = pleat::read_structure(source, options);
      structure.check();
      if (structure.residues() == 0 || structure.atoms() == 0 || report.atoms_read() != report.atoms_in_file ||
          report.atoms_kept != structure.atoms() || report.residues != structure.residues())
        std::abort();
      for (const float x : pleat::flat_angstrom(structure.positions))
        if (!std::isfinite(x)) std::abort();
      for (const pleat::Index starts : structure.atom_starts())
        if (starts < 0 || starts > structure.atoms()) std::abort();
      if (structure.sequence().size() != static_cast<std::size_t>(structure.residues())) std::abort();
      report.summary();
    } catch (const pleat::Error&) {
    }
  }
  return 0;
}
