/// \file  `pleat inspect-structure`: what is read from structure files, and what is left out.

#include <cstdio>
#include <memory>

#include <CLI/CLI.hpp>

#include "command.hpp"
#include "structures.hpp"

namespace tool {

namespace {

struct InspectStructureArguments : StructureArguments {
  bool quiet = false;
};

long long number(Index value) { return static_cast<long long>(value); }

std::string place(const pleat::Structure& s, Index residue) {
  const pleat::ResidueLabel& label = s.labels[static_cast<std::size_t>(residue)];
  return std::to_string(label.number) + (label.insertion == ' ' ? "" : std::string(1, label.insertion));
}

void print_one(const std::string& path, const pleat::ReadStructure& read) {
  const pleat::Structure& s = read.structure;
  const pleat::StructureReport& r = read.report;
  std::printf("file             %s\n", path.c_str());
  std::printf("model            %lld of %lld\n", number(s.model), number(r.models));
  std::printf("atoms            %lld of the file's %lld\n", number(s.atoms()), number(r.atoms_in_file));
  std::printf("residues         %lld, %lld with a C-alpha\n", number(s.residues()), number(s.residues() - r.without_alpha));
  const std::vector<Index> starts = s.atom_starts();
  std::printf("%-6s %9s %9s  %-15s %s\n", "chain", "residues", "atoms", "numbers", "sequence");
  for (const pleat::StructureChain& chain : s.chains) {
    std::string sequence = s.sequence(chain);
    if (sequence.size() > 48) sequence = sequence.substr(0, 45) + "...";
    std::printf("%-6s %9lld %9lld  %-15s %s\n", chain.name.empty() ? "-" : chain.name.c_str(), number(chain.residues),
                number(starts[static_cast<std::size_t>(chain.end())] - starts[static_cast<std::size_t>(chain.first_residue)]),
                (place(s, chain.first_residue) + " to " + place(s, chain.end() - 1)).c_str(), sequence.c_str());
  }
  const std::vector<std::string> notes = r.lines();
  std::printf("%s\n", notes.empty() ? "nothing was left out or changed" : "left out, changed or missing");
  for (const std::string& note : notes) std::printf("  %s\n", note.c_str());
}

void print_table(const std::vector<std::string>& files, const InspectStructureArguments& a) {
  pleat::StructureReport total;
  total.files = 0;
  Index refused = 0;
  ProgressBar bar;
  std::printf("file\tmodels\tchains\tresidues\talpha_carbons\tatoms\tatoms_in_file\tnotes\n");
  for (const std::string& file : files) {
    try {
      const pleat::StructureReport r = load_structure(file, a.options).report;
      std::printf("%s\t%lld\t%lld\t%lld\t%lld\t%lld\t%lld\t%s\n", file.c_str(), number(r.models), number(r.chains),
                  number(r.residues), number(r.residues - r.without_alpha), number(r.atoms_kept), number(r.atoms_in_file),
                  r.summary().c_str());
      total += r;
    } catch (const pleat::Error& error) { // one bad file does not end the others
      std::fprintf(stderr, "pleat: %s\n", error.what());
      ++refused;
    }
    if (!a.quiet) bar.show(total.files + refused, static_cast<Index>(files.size()), file);
  }
  if (!a.quiet) {
    std::fprintf(stderr, "%lld files: %lld chains, %lld residues, %lld of %lld atoms\n", number(total.files),
                 number(total.chains), number(total.residues), number(total.atoms_kept), number(total.atoms_in_file));
    for (const std::string& note : total.lines()) std::fprintf(stderr, "  %s\n", note.c_str());
  }
  pleat::require(refused == 0, refused, " of ", files.size(), " files ", refused == 1 ? "was" : "were",
                 " refused; the sentences above say why.");
}

void inspect_structure(const InspectStructureArguments& a) {
  as_usage([&] {
    pleat::require(!a.inputs.empty() || !a.list.empty(), "there is no input; name files or folders of structures, or a --list.");
  });
  const std::vector<std::string> files = structure_files(a);
  if (files.size() == 1)
    print_one(files[0], load_structure(files[0], a.options));
  else
    print_table(files, a);
}

} // namespace

void add_inspect_structure(CLI::App& app) {
  auto a = std::make_shared<InspectStructureArguments>();
  CLI::App& command =
      *app.add_subcommand("inspect-structure", "Chains, residues and atoms of structure files, and all that was left out.");
  command.footer(
      "Example:\n  pleat inspect-structure 1a8o.cif.gz\n  pleat inspect-structure structures/ --atom-records-only > table.tsv\n\n"
      "One file is printed for people; of several, a line with tabs is printed for each, the sums on standard error. Files\n"
      "that are refused do not end the others; the exit code is then 1.");
  add_structure_options(command, *a);
  command.add_flag("--quiet", a->quiet, "no progress bar, no sums");
  command.callback([a] { inspect_structure(*a); });
}

} // namespace tool
