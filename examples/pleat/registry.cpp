/// \file  The list of models, and how a checkpoint finds its own.

#include "registry.hpp"

#include <filesystem>

#include <pleat/io/safetensors.hpp>

#include "cuda_part.hpp"

namespace tool {

void add_nano(std::vector<std::unique_ptr<ModelEntry>>& to);
void add_xs(std::vector<std::unique_ptr<ModelEntry>>& to);
void add_s(std::vector<std::unique_ptr<ModelEntry>>& to);

namespace {
constexpr std::string_view diffusion_suffix = "-diffusion";
}

const std::vector<std::unique_ptr<ModelEntry>>& registry() {
  static const std::vector<std::unique_ptr<ModelEntry>> entries = [] {
    std::vector<std::unique_ptr<ModelEntry>> all;
    add_nano(all), add_xs(all), add_s(all);
    return all;
  }();
  return entries;
}

const ModelEntry& find_model(std::string_view name) {
  std::string_view plain = name;
  if (is_diffusion(plain)) plain.remove_suffix(diffusion_suffix.size());
  std::string known;
  for (const auto& entry : registry()) {
    if (entry->name() == plain) return *entry;
    (known += known.empty() ? "" : ", ") += entry->name();
  }
  pleat::fail("there is no model \"", name, "\"; there are ", known, ".");
}

Placed<ModelEntry> place_model(std::string_view name, const DeviceOptions& options) {
  const ModelEntry& on_cpu = find_model(name);
  return place(options, on_cpu.name(), on_cpu, find_entry(cuda_part().models, [&](const ModelEntry& entry) {
                 return entry.name() == on_cpu.name() && entry.precision() == options.precision;
               }));
}

std::string checkpoint_file(const std::string& directory_or_file) {
  if (!std::filesystem::is_directory(directory_or_file)) return directory_or_file;
  const std::string file = directory_or_file + "/model.safetensors";
  pleat::require(std::filesystem::exists(file), directory_or_file,
                 ": holds no model.safetensors; is the training of this model finished?");
  return file;
}

std::unique_ptr<Reader> open_model(const std::string& directory_or_file, const DeviceOptions& options) {
  const std::string path = checkpoint_file(directory_or_file);
  const pleat::Safetensors file = pleat::Safetensors::open(path);
  pleat::require(file.has_metadata("format") && file.metadata("format") == "pleat" && file.has_metadata("model"), path,
                 ": is not a checkpoint of this program; train one with `pleat pretrain`.");
  try {
    find_model(file.metadata("model"));
  } catch (const pleat::Error& error) {
    pleat::fail(path, ": ", error.what());
  }
  const Placed<ModelEntry> placed = place_model(file.metadata("model"), options);
  return placed->open(path, placed.device);
}

} // namespace tool
