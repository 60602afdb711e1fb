#pragma once
/// \file  Point mutations with their change of binding energy (SKEMPI) and the residues of the complexes that they name.

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <pleat/core/error.hpp>
#include <pleat/core/index.hpp>
#include <pleat/data/structure.hpp>
#include <pleat/io/csv.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pleat::inline v0_1 {

/// One mutation, "A:D8A" in the table.
struct Mutation {
  Index complex = 0; ///< number in MutationTable::complexes
  std::string chain;
  char wild_type = 'X', mutant = 'X'; ///< one-letter codes of the 20
  Index position = 1;                 ///< from 1 among the residues of that chain in the file: not the residue number of the PDB
  double ddg = 0;                     ///< kcal/mol; positive binds tighter
  Index line = 0;                     ///< of the table
  bool binds_tighter() const { return ddg > 0; }
};

struct MutatedComplex {
  std::string name;
  std::vector<std::string> files; ///< that hold its chains, relative to the folder of structures
};

struct MutationTable {
  std::string name;                      ///< of the file
  std::vector<MutatedComplex> complexes; ///< in the order of the table
  std::vector<Mutation> mutations;

  std::vector<Index> of(Index complex) const {
    std::vector<Index> chosen;
    for (std::size_t i = 0; i < mutations.size(); ++i)
      if (mutations[i].complex == complex) chosen.push_back(static_cast<Index>(i));
    return chosen;
  }
  /// The table with these mutations only, in this order; complexes keep their numbers, also those that none is left of.
  MutationTable only(std::span<const Index> chosen) const {
    MutationTable part{name, complexes, {}};
    for (const Index i : chosen) part.mutations.push_back(mutations[static_cast<std::size_t>(i)]);
    return part;
  }
};

/// Reads a table with the columns pdb, mutation, ddg_kcal_mol and files (names with blanks between), separated by tabs; others
/// are passed over. \throws Error with file and line: a mutation that cannot be read, an energy that is no number, a complex
/// whose rows name different files, no rows.
inline MutationTable read_skempi(ByteSource& source) {
  CsvReader table(source, '\t');
  const Index pdb = table.column("pdb"), mutation = table.column("mutation"), energy = table.column("ddg_kcal_mol"),
              files = table.column("files");
  MutationTable read{table.name(), {}, {}};
  while (table.next()) {
    const auto where = [&table] { return table.name() + ":" + std::to_string(table.line()); };
    Mutation row;
    row.line = table.line();
    const std::string_view text = table.field(mutation), ddg = table.field(energy);
    const std::size_t colon = text.find(':');
    const std::string_view change = colon == text.npos ? std::string_view() : text.substr(colon + 1);
    const std::string_view digits = change.size() >= 3 ? change.substr(1, change.size() - 2) : std::string_view();
    const auto number = std::from_chars(digits.data(), digits.data() + digits.size(), row.position);
    require(colon != text.npos && !digits.empty() && number.ec == std::errc() && number.ptr == digits.data() + digits.size() &&
                row.position >= 1 && residue_of_letter(change.front()) != residue_unknown &&
                residue_of_letter(change.back()) != residue_unknown,
            where(), ": the mutation \"", text,
            "\" cannot be read; \"A:D8A\" was expected: chain, wild type, position from 1 among the chain's residues, mutant.");
    row.chain = text.substr(0, colon), row.wild_type = change.front(), row.mutant = change.back();
    const auto value = std::from_chars(ddg.data(), ddg.data() + ddg.size(), row.ddg);
    require(value.ec == std::errc() && value.ptr == ddg.data() + ddg.size() && std::isfinite(row.ddg), where(), ": the energy \"",
            ddg, "\" is not a number.");
    std::vector<std::string> names;
    for (std::string_view rest = table.field(files); !rest.empty();) {
      const std::size_t blank = (std::min)(rest.find(' '), rest.size());
      if (blank > 0) names.emplace_back(rest.substr(0, blank));
      rest.remove_prefix((std::min)(blank + 1, rest.size()));
    }
    require(!names.empty(), where(), ": names no file of its complex.");
    const std::string_view complex = table.field(pdb);
    const auto known =
        std::find_if(read.complexes.begin(), read.complexes.end(), [&](const MutatedComplex& c) { return c.name == complex; });
    row.complex = known - read.complexes.begin();
    if (known == read.complexes.end())
      read.complexes.push_back({std::string(complex), std::move(names)});
    else
      require(known->files == names, where(), ": names other files than the rows of ", complex, " before.");
    read.mutations.push_back(std::move(row));
  }
  require(!read.mutations.empty(), read.name, ": holds no mutation.");
  return read;
}

/// The residue of `complex` that a mutation names. \throws Error with the line of the table: no such chain or position, or a
/// residue there that is not the wild type.
inline Index mutated_residue(const MutationTable& table, const Mutation& mutation, const Structure& complex) {
  const auto where = [&] { return table.name + ":" + std::to_string(mutation.line); };
  Index position = mutation.position; // a chain name may come back: its residues are counted through
  for (const StructureChain& chain : complex.chains) {
    if (chain.name != mutation.chain) continue;
    if (position > chain.residues) {
      position -= chain.residues;
      continue;
    }
    const Index residue = chain.first_residue + position - 1;
    const StructureResidue type = complex.types[static_cast<std::size_t>(residue)];
    require(type == residue_of_letter(mutation.wild_type), where(), ": residue ", mutation.position, " of chain ", mutation.chain,
            " is ", complex.describe(residue), " in ", complex.name, ", not the wild type ", mutation.wild_type,
            " of the mutation; positions count from 1 among the residues of the chain in the file.");
    return residue;
  }
  fail(where(), ": ", complex.name, " has no residue ", mutation.position, " in a chain ", mutation.chain,
       "; positions count from 1 among the residues of the chain in the file.");
}

/// The two folds of this table, as (mutations) fold numbers: complexes named in `second` are fold 1 (1PPF and 3SGB carry the same
/// mutations of the same inhibitor, and must not be parted), all others fold 0. More folds would part relatives or hold a handful
/// of rows. Errors: an empty fold.
inline std::vector<int> mutation_folds(const MutationTable& table, std::span<const std::string_view> second) {
  std::vector<int> folds;
  for (const Mutation& mutation : table.mutations) {
    const std::string& name = table.complexes[static_cast<std::size_t>(mutation.complex)].name;
    folds.push_back(std::find(second.begin(), second.end(), name) != second.end() ? 1 : 0);
  }
  for (const int fold : {0, 1})
    require(std::find(folds.begin(), folds.end(), fold) != folds.end(), table.name, ": fold ", fold,
            " holds no mutation; the second fold must name some of the table's complexes, but not all.");
  return folds;
}
inline constexpr std::string_view skempi_inhibitor_pair[] = {"1PPF", "3SGB"};
inline std::vector<int> mutation_folds(const MutationTable& table) { return mutation_folds(table, skempi_inhibitor_pair); }

} // namespace pleat::inline v0_1
