#pragma once
/// \file  The annotation tables of DeepFRI (nrPDB-EC_annot.tsv, nrPDB-GO_annot.tsv), and a folder of chains that they name.

#include <algorithm>
#include <filesystem>
#include <pleat/core/error.hpp>
#include <pleat/core/index.hpp>
#include <pleat/data/label_sets.hpp>
#include <pleat/data/structure_file.hpp>
#include <pleat/io/byte_source.hpp>
#include <pleat/io/gzip.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pleat::inline v0_1 {

/// One ontology of a table: its classes in the order of the header, and what each chain has.
struct DeepfriOntology {
  std::string name; ///< "EC-numbers", "GO-terms (molecular_function)"
  LabelSets sets;   ///< of the chains, classes in the order of the file
};
struct DeepfriAnnotations {
  std::vector<std::string> chains; ///< "1R9W-A"
  std::vector<DeepfriOntology> ontologies;
};

namespace detail {
inline std::vector<std::string> split_text(std::string_view text, char separator) {
  std::vector<std::string> parts;
  for (std::size_t end = 0;; text.remove_prefix(end + 1)) {
    end = (std::min)(text.find(separator), text.size());
    parts.emplace_back(text.substr(0, end));
    if (end == text.size()) return parts;
  }
}
} // namespace detail

/// Reads such a table: for each ontology a line "### name", a line of class names separated by tabs (for GO-terms followed by
/// "### GO-names" and a line of names, which are passed over); then "### PDB-chain" with the ontologies' names, and a line a
/// chain: its name and, for each ontology, class names joined by commas, or nothing. \throws Error with file and line.
inline DeepfriAnnotations read_deepfri(ByteSource& source) {
  LineReader lines(source);
  DeepfriAnnotations read;
  const auto where = [&lines] { return lines.name() + ":" + std::to_string(lines.number()); };
  std::string_view line;
  bool rows = false;
  std::vector<std::vector<std::pair<std::string, Index>>> numbers; // of class names, sorted
  while (lines.next(line)) {
    if (line.substr(0, 3) == "###") {
      require(!rows, where(), ": a header line stands after the rows of the chains.");
      const std::string title(line.substr((std::min)(line.find_first_not_of("# "), line.size())));
      if (title.substr(0, 9) == "PDB-chain") {
        require(!read.ontologies.empty(), where(), ": no line with the names of classes stands before the chains.");
        require(detail::split_text(title, '\t').size() == read.ontologies.size() + 1, where(), ": names ",
                detail::split_text(title, '\t').size() - 1, " columns of annotations where ", read.ontologies.size(),
                " lists of classes stand before.");
        rows = true;
        continue;
      }
      const bool passed_over = title.substr(0, 8) == "GO-names";
      require(lines.next(line), where(), ": the names of the classes of \"", title, "\" are missing.");
      if (passed_over) continue;
      DeepfriOntology ontology{title, {}};
      ontology.sets.classes = detail::split_text(line, '\t');
      std::vector<std::pair<std::string, Index>> sorted;
      for (std::size_t c = 0; c < ontology.sets.classes.size(); ++c)
        sorted.emplace_back(ontology.sets.classes[c], static_cast<Index>(c));
      std::sort(sorted.begin(), sorted.end());
      for (std::size_t c = 0; c < sorted.size(); ++c)
        require(!sorted[c].first.empty() && (c == 0 || sorted[c - 1].first != sorted[c].first), where(), ": the class \"",
                sorted[c].first, "\" is empty or stands twice.");
      numbers.push_back(std::move(sorted));
      read.ontologies.push_back(std::move(ontology));
      continue;
    }
    if (line.empty()) continue;
    require(rows, where(), ": \"", std::string(line.substr(0, 40)),
            "\" stands before \"### PDB-chain\"; an annotation table of DeepFRI starts with \"###\" lines.");
    const std::vector<std::string> fields = detail::split_text(line, '\t');
    require(!fields[0].empty() && fields.size() <= read.ontologies.size() + 1, where(), ": has ", fields.size(),
            " fields where a chain and ", read.ontologies.size(), " lists of classes were expected.");
    read.chains.push_back(fields[0]);
    for (std::size_t k = 0; k < read.ontologies.size(); ++k) {
      std::vector<Index> labels;
      if (k + 1 < fields.size() && !fields[k + 1].empty())
        for (const std::string& name : detail::split_text(fields[k + 1], ',')) {
          const auto at = std::lower_bound(numbers[k].begin(), numbers[k].end(), std::pair{name, Index{-1}});
          require(at != numbers[k].end() && at->first == name, where(), ": the class \"", name, "\" of ", fields[0],
                  " is not in the list of ", read.ontologies[k].name, ".");
          labels.push_back(at->second);
        }
      std::sort(labels.begin(), labels.end());
      require(std::adjacent_find(labels.begin(), labels.end()) == labels.end(), where(), ": ", fields[0], " has a class twice.");
      read.ontologies[k].sets.labels.push_back(std::move(labels));
    }
  }
  require(rows && !read.chains.empty(), lines.name(), ": holds no chain; is it an annotation table of DeepFRI?");
  return read;
}

/// Structures of a folder with the labels that a table has for them.
struct AnnotatedStructures {
  std::vector<ReadStructure> structures;
  std::vector<std::string> chains;  ///< as in the table
  LabelSets sets;                   ///< (structures)
  std::vector<std::string> missing; ///< chains of the table that the folder has no file of
};

/// Reads CHAIN.pdb, .ent or .cif, plain or with .gz, for each chain of the table that the folder has (the chain's name as
/// written, in small letters too). A file "1R9W-A" with one chain is taken whole, of one with several the chain "A". The
/// published data are tens of thousands of files: all are held in memory. \throws Error: no file at all, a file that cannot be
/// read.
inline AnnotatedStructures read_annotated_folder(const std::string& folder, const DeepfriAnnotations& table,
                                                 std::size_t ontology = 0, const StructureOptions& options = {}) {
  require(ontology < table.ontologies.size(), folder, ": the annotation table has ", table.ontologies.size(),
          " ontologies, number ", ontology, " is not one of them.");
  AnnotatedStructures read;
  read.sets.classes = table.ontologies[ontology].sets.classes;
  for (std::size_t i = 0; i < table.chains.size(); ++i) {
    const std::string& chain = table.chains[i];
    std::string lower = chain, path;
    for (std::size_t c = 0; c < lower.size() && lower[c] != '-' && lower[c] != '_'; ++c)
      if (lower[c] >= 'A' && lower[c] <= 'Z') lower[c] = static_cast<char>(lower[c] - 'A' + 'a');
    for (const std::string& stem : {chain, lower})
      for (const char* ending : {".pdb", ".pdb.gz", ".ent", ".ent.gz", ".cif", ".cif.gz"})
        if (path.empty() && std::filesystem::is_regular_file(folder + "/" + stem + ending)) path = folder + "/" + stem + ending;
    if (path.empty()) {
      read.missing.push_back(chain);
      continue;
    }
    ReadStructure structure = read_structure(*open_input(path), options);
    const std::size_t dash = chain.find('-');
    if (dash != std::string::npos && structure.structure.chains.size() > 1) {
      const std::string name[] = {chain.substr(dash + 1)};
      structure.structure = select_chains(structure.structure, name);
    }
    read.structures.push_back(std::move(structure));
    read.chains.push_back(chain);
    read.sets.labels.push_back(table.ontologies[ontology].sets.labels[i]);
  }
  require(!read.structures.empty(), folder, ": holds no file of a chain of the annotation table; files named as ",
          table.chains[0], ".pdb, .ent or .cif, plain or with .gz, were expected.");
  return read;
}

} // namespace pleat::inline v0_1
