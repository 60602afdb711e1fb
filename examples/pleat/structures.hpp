#pragma once
/// \file  What the commands for structures share: files named on the command line, and how they are read.

#include <string>
#include <vector>

#include <pleat/data/structure_rules.hpp>

namespace CLI {
class App;
}

namespace tool {

struct StructureArguments {
  std::vector<std::string> inputs;
  std::string list;
  pleat::StructureOptions options;
};

/// Adds the inputs, `name` without or with --, and the options of reading.
void add_structure_options(CLI::App& command, StructureArguments& arguments, const std::string& name = "input");

/// The files of all inputs, folders opened (with all below them, in the order of their names), then those of the list.
/// \throws Error for what is not there, and where nothing is left.
std::vector<std::string> structure_files(const StructureArguments& arguments);

/// Reads one file, plain or gzip. \throws Error
pleat::ReadStructure load_structure(const std::string& path, const pleat::StructureOptions& options);

} // namespace tool
