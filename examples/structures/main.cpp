// Represents the residues of a protein structure with GearNet-Edge. Run: structures protein.pdb [weights.safetensors]
#include <pleat/backend/cpu.hpp> // the kernels of the device
#include <pleat/data/structure_file.hpp>
#include <pleat/encoders/published_gearnet.hpp>
#include <pleat/session/encode_graphs.hpp>

#include <cstdio>

// Four layers of 64 channels; ResidueGearNetEdge is the published size.
using Encoder = pleat::GearNetEdge<pleat::ResidueGraph, pleat::Shape{.layers = 4, .width = 64}>;
static_assert(pleat::parameter_count<Encoder> == 208'419); // known before anything runs

int main(int argc, char** argv) try {
  pleat::require(argc == 2 || argc == 3, "usage: structures protein.pdb [weights.safetensors]");
  pleat::FileSource file(argv[1]); // PDB or mmCIF; pleat::open_input of pleat/io/gzip.hpp also opens compressed files
  const auto [structure, report] = pleat::read_structure(file);
  std::printf("%s\n%s\n", structure.sequence().c_str(), report.summary().c_str());

  pleat::OwnedGraphs<Encoder::Graphs> graphs;
  const pleat::GraphCounts counts = graphs.add(pleat::graph_source(structure));
  std::printf("%ld nodes, %ld edges\n", long(counts.nodes), long(counts.edges));

  pleat::ThreadPool threads;
  pleat::EncodeGraphsSession<Encoder, pleat::Cpu> encoder(pleat::Cpu{&threads});
  if (argc == 3)
    encoder.load(pleat::Safetensors::open(argv[2]));
  else
    encoder.parameters().initialise(1); // random
  const pleat::EncodedGraphs rows = encoder.encode(graphs);
  std::printf("%s:", structure.describe(structure.atom_residues[std::size_t(graphs.atoms()[0])]).c_str());
  for (const float value : rows.nodes[0].first(8)) std::printf(" %.4f", double(value));
  std::printf(" ... (%ld channels); the protein: %.4f ...\n", long(rows.nodes.width), double(rows.graphs[0][0]));
} catch (const pleat::Error& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
