/// \file  The list of encoders of structures.

#include "structure_registry.hpp"

#include "cuda_part.hpp"

namespace tool {

void add_gearnet(std::vector<std::unique_ptr<StructureModel>>& to);
void add_gvp(std::vector<std::unique_ptr<StructureModel>>& to);

const std::vector<std::unique_ptr<StructureModel>>& structure_registry() {
  static const std::vector<std::unique_ptr<StructureModel>> entries = [] {
    std::vector<std::unique_ptr<StructureModel>> all;
    add_gearnet(all), add_gvp(all);
    return all;
  }();
  return entries;
}

const StructureModel& find_structure_model(std::string_view name) {
  std::string known;
  for (const auto& entry : structure_registry()) {
    if (entry->facts().name == name) return *entry;
    (known += known.empty() ? "" : ", ") += entry->facts().name;
  }
  pleat::fail("there is no encoder of structures \"", name, "\"; there are ", known, ".");
}

Placed<StructureModel> place_structure_model(std::string_view name, const DeviceOptions& options) {
  const StructureModel& on_cpu = find_structure_model(name);
  return place(options, on_cpu.facts().name, on_cpu, find_entry(cuda_part().structure_models, [&](const StructureModel& m) {
                 return m.facts().name == name && m.facts().precision == options.precision;
               }));
}

} // namespace tool
