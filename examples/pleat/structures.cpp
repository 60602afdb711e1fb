/// \file  What the commands for structures share.

#include "structures.hpp"

#include <algorithm>
#include <filesystem>

#include <CLI/CLI.hpp>

#include <pleat/data/structure_file.hpp>
#include <pleat/io/gzip.hpp>

namespace tool {

namespace {

bool is_structure_name(std::string name) {
  if (name.ends_with(".gz")) name.resize(name.size() - 3);
  for (const char* ending : {".pdb", ".ent", ".cif", ".mmcif"})
    if (name.ends_with(ending)) return true;
  return false;
}

void add_input(const std::string& path, const std::string& where, std::vector<std::string>& files) {
  namespace fs = std::filesystem;
  std::error_code error;
  if (!fs::is_directory(path, error)) {
    pleat::require(path == "-" || fs::exists(path, error), where, path, ": there is no such file; check the path.");
    files.push_back(path);
    return;
  }
  const std::size_t first = files.size();
  fs::recursive_directory_iterator entry(path, fs::directory_options::follow_directory_symlink, error);
  for (const fs::recursive_directory_iterator end; !error && entry != end; entry.increment(error))
    if (is_structure_name(entry->path().string()) && entry->is_regular_file(error)) files.push_back(entry->path().string());
  pleat::require(!error, where, path, ": the folder cannot be read (", error.message(), ").");
  pleat::require(files.size() > first, where, path,
                 ": the folder has no structures: no file in it ends in .pdb, .ent, .cif or .mmcif, with or without .gz.");
  std::sort(files.begin() + static_cast<std::ptrdiff_t>(first), files.end()); // the order of a folder is not reproducible
}

} // namespace

void add_structure_options(CLI::App& command, StructureArguments& a, const std::string& name) {
  command.add_option(name, a.inputs, "files (PDB or mmCIF, plain or gzip, - for standard input) and folders of such files");
  command.add_option("--list", a.list, "text file with one input a line; # starts a comment");
  command.add_option("--structure-model", a.options.model, "which model of each file, from 1 in the order of the file")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  command.add_option("--chain", a.options.chains, "name of a chain to read; may be given again (default: all chains)")
      ->allow_extra_args(false); // else it takes the files that follow for names of chains
  command.add_flag("--atom-records-only", a.options.atom_records_only,
                   "leave out every HETATM, also modified residues, as the published code does");
  command.add_flag("--drop-bad-atoms", a.options.drop_bad_atoms,
                   "leave out atoms without usable coordinates, instead of refusing the file");
}

std::vector<std::string> structure_files(const StructureArguments& a) {
  std::vector<std::string> files;
  for (const std::string& input : a.inputs) add_input(input, "", files);
  if (!a.list.empty()) {
    const auto source = pleat::open_input(a.list);
    pleat::LineReader lines(*source);
    for (std::string_view line; lines.next(line);) {
      line = line.substr(0, line.find('#'));
      while (!line.empty() && (line.back() == ' ' || line.back() == '\t')) line.remove_suffix(1);
      if (!line.empty()) add_input(std::string(line), a.list + ":" + std::to_string(lines.number()) + ": ", files);
    }
  }
  pleat::require(!files.empty(), a.list, ": the list names no file.");
  return files;
}

pleat::ReadStructure load_structure(const std::string& path, const pleat::StructureOptions& options) {
  return pleat::read_structure(*pleat::open_input(path), options);
}

} // namespace tool
