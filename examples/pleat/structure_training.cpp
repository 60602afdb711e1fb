/// \file  The list of pre-trainings of structure encoders.

#include "structure_training.hpp"

#include <algorithm>

#include "cuda_part.hpp"

namespace tool {

using Trainings = std::vector<std::unique_ptr<StructureTraining>>;
void add_residue_trainings(Trainings& to);
void add_atom_trainings(Trainings& to);

const Trainings& structure_trainings() {
  static const Trainings entries = [] {
    Trainings all;
    add_residue_trainings(all), add_atom_trainings(all);
    return all;
  }();
  return entries;
}

const StructureTraining& find_structure_training(std::string_view objective, std::string_view encoder) {
  std::vector<std::string> objectives, encoders;
  const auto note = [](std::vector<std::string>& known, const std::string& name) {
    for (const std::string& old : known)
      if (old == name) return;
    known.push_back(name);
  };
  bool known_encoder = false;
  for (const auto& entry : structure_trainings()) {
    const StructureTrainFacts& f = entry->facts();
    if (f.objective == objective && f.encoder == encoder) return *entry;
    known_encoder = known_encoder || f.encoder == encoder;
    note(objectives, f.objective), note(encoders, f.encoder);
  }
  std::string text;
  for (const std::string& name : known_encoder ? objectives : encoders) (text += text.empty() ? "" : ", ") += name;
  if (known_encoder) pleat::fail("there is no objective \"", objective, "\"; there are ", text, ".");
  pleat::fail("there is no encoder \"", encoder, "\" to pre-train; there are ", text, ".");
}

Placed<StructureTraining> place_structure_training(const StructureTraining& on_cpu, const DeviceOptions& options) {
  const std::string& name = on_cpu.facts().name;
  return place(options, name, on_cpu, find_entry(cuda_part().trainings, [&](const StructureTraining& t) {
                 return t.facts().name == name && t.facts().precision == options.precision;
               }));
}

bool is_structure_model(std::string_view name) {
  if (name.starts_with("task-")) return true;
  const auto& all = structure_trainings();
  return std::any_of(all.begin(), all.end(), [name](const auto& entry) { return entry->facts().name == name; });
}

} // namespace tool
