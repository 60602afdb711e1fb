/// \file  `pleat inspect-structure`: what is read from structure files, and what is left out.

#include <cstdio>
#include <memory>

#include <CLI/CLI.hpp>

#include <pleat/data/graph_batch.hpp>

#include "command.hpp"
#include "structures.hpp"

namespace tool {

namespace {

struct InspectStructureArguments : StructureArguments {
  bool quiet = false, graphs = false;
};

long long number(Index value) { return static_cast<long long>(value); }

std::string place(const pleat::Structure& s, Index residue) {
  const pleat::ResidueLabel& label = s.labels[static_cast<std::size_t>(residue)];
  return std::to_string(label.number) + (label.insertion == ' ' ? "" : std::string(1, label.insertion));
}

/// The graph that encoders of this kind read, by number; edges by relation. `none`: why there is none.
struct GraphFacts {
  pleat::GraphCounts counts;
  std::vector<Index> edges;
  std::string none;
};
template <class Graph> GraphFacts graph_facts(const pleat::Structure& structure) {
  GraphFacts facts;
  facts.edges.assign(static_cast<std::size_t>(Graph::relations), 0);
  try {
    pleat::OwnedGraphs<Graph> graphs;
    facts.counts = graphs.add(pleat::graph_source(structure));
    for (const std::uint8_t relation : graphs.topology().relation) ++facts.edges[relation];
  } catch (const pleat::Error& error) { // no node
    facts.none = error.what();
  }
  return facts;
}

/// `kinds`: what each relation is, in their order.
void print_graph(const char* name, const GraphFacts& facts, std::initializer_list<const char*> kinds) {
  if (!facts.none.empty()) return void(std::printf("%-16s none: %s\n", name, facts.none.c_str()));
  const pleat::GraphCounts& c = facts.counts;
  std::printf("%-16s %lld nodes, %lld edges, %lld pairs, %lld arcs; the cap of neighbours acted at %lld nodes\n", name,
              number(c.nodes), number(c.edges), number(c.pairs), number(c.arcs), number(c.capped));
  if (kinds.size() < 2) return;
  std::printf("%-16s", "  its edges");
  std::size_t r = 0;
  for (const char* kind : kinds) std::printf("%s %s %lld", r == 0 ? "" : ",", kind, number(facts.edges[r])), ++r;
  std::printf("\n");
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
  print_graph("residue graph", graph_facts<pleat::ResidueGraph>(s),
              {"sequence -2:", "-1:", "0:", "+1:", "+2:", "within 10 A:", "nearest 10:"});
  print_graph("atom graph", graph_facts<pleat::AtomGraph>(s), {"within 4.5 A:"});
  const std::vector<std::string> notes = r.lines();
  std::printf("%s\n", notes.empty() ? "nothing was left out or changed" : "left out, changed or missing");
  for (const std::string& note : notes) std::printf("  %s\n", note.c_str());
}

void print_table(const std::vector<std::string>& files, const InspectStructureArguments& a) {
  pleat::StructureReport total;
  total.files = 0;
  Index refused = 0;
  ProgressBar bar;
  std::string graph_columns;
  for (const char* level : {"residue_", "atom_"})
    for (const char* count : {"nodes", "edges", "pairs", "arcs", "capped"})
      if (a.graphs) ((graph_columns += level) += count) += '\t';
  std::printf("file\tmodels\tchains\tresidues\talpha_carbons\tatoms\tatoms_in_file\t%snotes\n", graph_columns.c_str());
  for (const std::string& file : files) {
    try {
      const pleat::ReadStructure read = load_structure(file, a.options);
      const pleat::StructureReport& r = read.report;
      graph_columns.clear();
      if (a.graphs)
        for (const GraphFacts& facts :
             {graph_facts<pleat::ResidueGraph>(read.structure), graph_facts<pleat::AtomGraph>(read.structure)})
          for (const Index count :
               {facts.counts.nodes, facts.counts.edges, facts.counts.pairs, facts.counts.arcs, facts.counts.capped})
            graph_columns += std::to_string(facts.none.empty() ? count : 0) + '\t';
      std::printf("%s\t%lld\t%lld\t%lld\t%lld\t%lld\t%lld\t%s%s\n", file.c_str(), number(r.models), number(r.chains),
                  number(r.residues), number(r.residues - r.without_alpha), number(r.atoms_kept), number(r.atoms_in_file),
                  graph_columns.c_str(), r.summary().c_str());
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
  CLI::App& command = *app.add_subcommand("inspect-structure",
                                          "Chains, residues, atoms and graphs of structure files, and all that was left out.");
  command.footer(
      "Example:\n  pleat inspect-structure 1a8o.cif.gz\n  pleat inspect-structure structures/ --atom-records-only > table.tsv\n\n"
      "One file is printed for people; of several, a line with tabs is printed for each, the sums on standard error. Files\n"
      "that are refused do not end the others; the exit code is then 1.");
  add_structure_options(command, *a);
  command.add_flag("--graphs", a->graphs, "of several files: also the counts of their residue and atom graphs");
  command.add_flag("--quiet", a->quiet, "no progress bar, no sums");
  command.callback([a] { inspect_structure(*a); });
}

} // namespace tool
