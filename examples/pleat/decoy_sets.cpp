/// \file  Decoys of chains of the split as labelled sets.

#include "decoy_sets.hpp"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <set>

#include <pleat/data/decoys/mixed_decoys.hpp>
#include <pleat/eval/model_quality.hpp>
#include <pleat/io/atomic_file.hpp>
#include <pleat/io/safetensors.hpp>
#include <pleat/io/safetensors_writer.hpp>

namespace tool {

using namespace pleat;

namespace {

struct Target {
  Structure native;
  Index component = 0;
  Split part = Split::Train;
};

// The residues with N, CA and C of one chain: what decoys are made of.
Structure with_backbone(const Structure& whole, const std::string& chain) {
  const std::string names[] = {chain};
  const Structure one = select_chains(whole, names);
  std::vector<unsigned> backbone(one.types.size());
  for (std::size_t a = 0; a < one.names.size(); ++a)
    for (unsigned k = 0; k < 3; ++k)
      if (one.names[a] == std::array{atom_n, atom_ca, atom_c}[k])
        backbone[static_cast<std::size_t>(one.atom_residues[a])] |= 1u << k;
  return select_residues(one, [&](Index r) { return backbone[static_cast<std::size_t>(r)] == 7; });
}

// The first chain of each cluster, in the order of the table, that is as long as wanted.
std::vector<Target> choose(const StructureSplit& split, const std::function<Structure(const std::string&)>& read,
                           const DecoySetOptions& options) {
  std::vector<Target> targets;
  std::array<Index, 3> taken{};
  std::set<Index> clusters;
  for (const SplitChain& row : split.chains) {
    const auto part = static_cast<std::size_t>(row.split);
    if (taken[part] == options.targets[part] || clusters.contains(row.cluster) || row.file.starts_with("decoys/")) continue;
    Structure native = with_backbone(read(row.file), row.chain);
    if (native.residues() < options.shortest || native.residues() > options.longest) continue;
    native.name = row.file + " " + row.chain;
    clusters.insert(row.cluster), ++taken[part];
    targets.push_back({std::move(native), row.component, row.split});
  }
  return targets;
}

std::string description(const std::vector<Target>& targets, const DecoySetOptions& options) {
  // The number says how they are made: files of another way are not taken for these.
  std::string text = std::to_string(options.decoys) + " decoys, way 2, of";
  for (const Target& target : targets) text += " " + target.native.name + ":" + std::to_string(target.native.atoms());
  return text;
}

void make(const std::vector<Target>& targets, const std::string& path, const DecoySetOptions& options) {
  if (const auto folder = std::filesystem::path(path).parent_path(); !folder.empty()) std::filesystem::create_directories(folder);
  atomic_write(path + ".try", ""); // what takes minutes must not fail at its end
  std::filesystem::remove(path + ".try");
  ThreadPool threads;
  DecoyOptions drawn;
  drawn.decoys = options.decoys;
  std::vector<std::vector<float>> positions;
  std::vector<std::vector<double>> quality;
  for (std::size_t t = 0; t < targets.size(); ++t) {
    std::fprintf(stderr, "decoys of %s (%zu of %zu)\n", targets[t].native.name.c_str(), t + 1, targets.size());
    Structure model = targets[t].native;
    const std::vector<float> trace = MovableChain(model).alpha_trace();
    const Index residues = model.residues();
    const auto measure = [&](const std::vector<float>& moved) {
      return model_quality(moved, trace, residues, {.starts = 24}).gdt_ts;
    };
    positions.emplace_back(), quality.emplace_back();
    for (const Decoy& decoy : mixed_decoys(targets[t].native, {1, 0}, t, measure, threads, drawn)) {
      model.positions = decoy.positions;
      const auto flat = flat_angstrom(model.positions);
      positions.back().insert(positions.back().end(), flat.begin(), flat.end());
      quality.back().push_back(model_quality(model, targets[t].native).gdt_ts);
    }
  }
  SafetensorsWriter file(path);
  file.metadata("targets", description(targets, options));
  for (std::size_t t = 0; t < targets.size(); ++t) file.declare(std::to_string(t) + ".gdt_ts", Dtype::F64, {options.decoys});
  for (std::size_t t = 0; t < targets.size(); ++t)
    file.declare(std::to_string(t) + ".positions", Dtype::F32, {options.decoys, targets[t].native.atoms(), 3});
  for (const auto& values : quality) file.write(values);
  for (const auto& values : positions) file.write(values);
  file.finish();
}

} // namespace

void add_decoys(std::array<LabelledStructures*, 3> parts, const StructureSplit& split, const std::string& cache,
                const std::function<Structure(const std::string&)>& read, const DecoySetOptions& options) {
  const std::vector<Target> targets = choose(split, read, options);
  for (const Split part : all_splits) {
    const auto found = std::count_if(targets.begin(), targets.end(), [part](const Target& t) { return t.part == part; });
    if (found < options.targets[static_cast<std::size_t>(part)])
      std::fprintf(stderr, "the part %s has %ld chains of %ld to %ld residues, one a cluster, of %ld that were wanted\n",
                   std::string(split_name(part)).c_str(), static_cast<long>(found), static_cast<long>(options.shortest),
                   static_cast<long>(options.longest), static_cast<long>(options.targets[static_cast<std::size_t>(part)]));
  }
  require(!targets.empty(), split.name(), ": has no chain of ", options.shortest, " to ", options.longest,
          " residues that decoys could be made of; give the table of a larger collection.");
  if (!std::filesystem::exists(cache)) make(targets, cache, options);
  const Safetensors file = Safetensors::open(cache);
  require(file.has_metadata("targets") && file.metadata("targets") == description(targets, options), cache,
          ": holds decoys of other targets; name another file with --decoys, or remove this one.");
  for (std::size_t t = 0; t < targets.size(); ++t) {
    const auto native = std::make_shared<const Structure>(targets[t].native);
    const auto positions = std::make_shared<const std::vector<float>>(file.read<float>(std::to_string(t) + ".positions"));
    const auto quality = file.read<double>(std::to_string(t) + ".gdt_ts");
    require(static_cast<Index>(quality.size()) == options.decoys &&
                static_cast<Index>(positions->size()) == 3 * options.decoys * native->atoms(),
            cache, ": has ", quality.size(), " decoys of ", native->name, " with ", positions->size(),
            " coordinates, not those of ", options.decoys, " decoys; the file is damaged, remove it.");
    for (std::size_t d = 0; d < quality.size(); ++d)
      parts[static_cast<std::size_t>(targets[t].part)]->add(
          {native->residues(), 1, targets[t].component, static_cast<Index>(t), [native, positions, d, label = quality[d]] {
             auto decoy = std::make_shared<Structure>(*native);
             const auto atoms = static_cast<std::size_t>(native->atoms());
             const float* x = positions->data() + 3 * atoms * d;
             for (std::size_t a = 0; a < atoms; ++a)
               decoy->positions[a] = Position::angstrom(x[3 * a], x[3 * a + 1], x[3 * a + 2]);
             return LabelledUnit{{std::move(decoy)}, {{{{0, 0, SiteNodes::Structure}}, label}}};
           }});
  }
}

LabelledStructures decoy_files(const StructureSplit& split, const std::function<Structure(const std::string&)>& read) {
  LabelledStructures set;
  std::set<std::string> seen;
  Index target = 0;
  for (const SplitChain& row : split.chains) {
    const std::size_t end = row.file.find("_native");
    if (!row.file.starts_with("decoys/") || end == row.file.npos || !seen.insert(row.file).second) continue;
    const std::string prefix = row.file.substr(0, end + 1);
    const Structure native = read(row.file);
    for (const SplitChain& other : split.chains) {
      if (!other.file.starts_with(prefix) || !seen.insert(other.file).second) continue;
      const auto decoy = std::make_shared<const Structure>(read(other.file));
      set.add({decoy->residues(), 1, row.component, target, [decoy, label = model_quality(*decoy, native).gdt_ts] {
                 return LabelledUnit{{decoy}, {{{{0, 0, SiteNodes::Structure}}, label}}};
               }});
    }
    ++target;
  }
  return set;
}

} // namespace tool
