// Makes decoys of the chains in a folder, and prints what a score that knows nothing of folding makes of them.
// Run: decoys FOLDER [decoys of a target = 20] [targets, at most = all] [residues, at most = 400]
#include <pleat/data/decoys/mixed_decoys.hpp>
#include <pleat/data/structure_file.hpp>
#include <pleat/eval/decoy_baselines.hpp>
#include <pleat/eval/model_quality.hpp>
#include <pleat/io/gzip.hpp>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

int main(int argc, char** argv) try {
  pleat::require(argc >= 2 && argc <= 5, "usage: decoys FOLDER [decoys of a target] [targets, at most] [residues, at most]");
  pleat::DecoyOptions options;
  if (argc > 2) options.decoys = std::atol(argv[2]);
  const pleat::Index most_targets = argc > 3 ? std::atol(argv[3]) : 1'000'000, longest = argc > 4 ? std::atol(argv[4]) : 400;
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(argv[1]))
    if (entry.is_regular_file()) files.push_back(entry.path().string());
  std::sort(files.begin(), files.end());

  pleat::ThreadPool threads;
  std::vector<pleat::DecoyRow> rows;
  pleat::Index targets = 0;
  double furthest = 0;
  for (const std::string& file : files) {
    if (targets == most_targets) break;
    const pleat::Structure whole = pleat::read_structure(*pleat::open_input(file)).structure;
    std::vector<unsigned> backbone(whole.types.size()); // decoys are made of residues with N, CA and C
    for (std::size_t a = 0; a < whole.names.size(); ++a)
      for (unsigned k = 0; k < 3; ++k)
        if (whole.names[a] == std::array{pleat::atom_n, pleat::atom_ca, pleat::atom_c}[k])
          backbone[static_cast<std::size_t>(whole.atom_residues[a])] |= 1u << k;
    pleat::Structure native =
        pleat::select_residues(whole, [&](pleat::Index r) { return backbone[static_cast<std::size_t>(r)] == 7; });
    if (native.residues() < 40 || native.residues() > longest) continue;

    const std::vector<float> trace = pleat::MovableChain(native).alpha_trace();
    const auto quality = [&](const std::vector<float>& model) {
      return pleat::model_quality(model, trace, native.residues(), {.starts = 24}).gdt_ts;
    };
    const pleat::Structure truth = native;
    for (const pleat::Decoy& decoy :
         pleat::mixed_decoys(truth, {1, 0}, static_cast<std::uint64_t>(targets), quality, threads, options)) {
      native.positions = decoy.positions;
      const double gdt = pleat::model_quality(native, truth).gdt_ts;
      rows.push_back({targets, decoy.generator, gdt, pleat::structure_measures(native)});
      furthest = (std::max)(furthest, std::abs(gdt - decoy.wanted));
      std::printf("%s\t%s\t%.4f\t%.4f", file.substr(file.rfind('/') + 1).c_str(), std::string(decoy.generator).c_str(),
                  decoy.wanted, gdt);
      for (const double measure : rows.back().measures) std::printf("\t%.4f", measure);
      std::printf("\n");
    }
    ++targets;
  }
  pleat::require(!rows.empty(), argv[1], ": holds no structure of 40 to ", longest, " residues.");

  std::printf("\n%ld decoys of %ld targets; GDT_TS at most %.3f from the wanted one; mean rho (global rho):\n| generator |",
              static_cast<long>(rows.size()), static_cast<long>(targets), furthest);
  for (const auto& name : pleat::structure_measure_names) std::printf(" %s |", std::string(name).c_str());
  std::printf(" accepted |\n| --- | ---: | ---: | ---: | ---: | --- |\n");
  for (const std::string_view generator :
       {std::string_view("torsion"), std::string_view("elastic"), std::string_view("crankshaft"), std::string_view()}) {
    const auto baselines = pleat::decoy_baselines(rows, generator);
    std::printf("| %s |", generator.empty() ? "all" : std::string(generator).c_str());
    for (const auto& c : baselines.measures) std::printf(" %.2f (%.2f) |", c.mean, c.global);
    std::printf(" %s |\n", pleat::generator_is_accepted(baselines) ? "yes" : "no");
  }
} catch (const pleat::Error& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
