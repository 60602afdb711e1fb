/// \file  `pleat models` and `pleat inspect`.

#include <cstdio>
#include <memory>

#include <CLI/CLI.hpp>

#include <pleat/io/safetensors.hpp>

#include "command.hpp"
#include "registry.hpp"
#include "structure_registry.hpp"
#include "structure_training.hpp"

namespace tool {

namespace {

void print_models() {
  std::printf("%-22s %-12s %-10s %-12s %12s %12s %16s\n", "name", "encoder", "decoder", "denoiser", "parameters", "trained",
              "FLOPs/residue");
  for (const auto& entry : registry())
    for (const bool diffusion : {false, true}) {
      const ModelFacts f = entry->facts(diffusion);
      std::printf("%-22s %-12s %-10s %-12s %12lld %12lld %16.3g\n", f.name.c_str(), f.encoder.c_str(), f.decoder.c_str(),
                  f.denoiser.empty() ? "-" : f.denoiser.c_str(), static_cast<long long>(f.parameters),
                  static_cast<long long>(f.trainable), f.flops_per_residue);
    }
  std::printf("Shapes are layers x width x heads; FLOPs are those of a forward pass at 256 residues. Train a name without "
              "-diffusion with\n"
              "`pleat pretrain`, then its diffusion with `pleat diffuse`.\n\n");
  std::printf("%-26s %-10s %-9s %6s %-8s %12s\n", "of structures", "shape", "nodes", "width", "readout", "parameters");
  for (const auto& entry : structure_registry()) {
    const StructureModelFacts& f = entry->facts();
    std::printf("%-26s %-10s %-9s %6lld %-8s %12lld\n", f.name.c_str(), f.shape.c_str(), f.nodes.c_str(),
                static_cast<long long>(f.width), f.readout.c_str(), static_cast<long long>(f.parameters));
  }
  std::printf("Shapes are layers x width; read them with `pleat embed-structure`.\n\n");
  std::printf("%-26s %-26s %-9s %-10s %12s\n", "pre-training", "encoder", "nodes", "shape", "parameters");
  for (const auto& entry : structure_trainings()) {
    const StructureTrainFacts& f = entry->facts();
    std::printf("%-26s %-26s %-9s %-10s %12lld\n", f.objective.c_str(), f.encoder.c_str(), f.nodes.c_str(), f.shape.c_str(),
                static_cast<long long>(f.parameters));
  }
  std::printf("Train them with `pleat pretrain-structure --objective ... --model <encoder>`.\n");
}

// A model of structures: what its file says. It has no check pairs to repeat; its values are looked at.
void inspect_structure_model(const pleat::Safetensors& file) {
  file.require_finite();
  std::printf("model            %s (%s), of structures\n", file.metadata("model").c_str(), file.path().c_str());
  if (file.has_metadata("config")) std::printf("config           %s\n", file.metadata("config").c_str());
  if (file.has_metadata("training")) std::printf("training         %s\n", file.metadata("training").c_str());
  std::printf("tensors\n");
  for (const std::string& name : file.names()) {
    std::string shape;
    for (const Index n : file.shape(name)) shape += (shape.empty() ? "" : ", ") + std::to_string(n);
    std::printf("  %-60s (%s)\n", name.c_str(), shape.c_str());
  }
}

struct InspectArguments {
  std::string model;
  Index length = 256, budget = 4096;
  int threads = 0;
};

void inspect(const InspectArguments& a) {
  as_usage([&] {
    pleat::require(a.length <= a.budget, "--budget ", a.budget, " is smaller than one sequence of --length ", a.length,
                   "; raise the budget or set a smaller length.");
  });
  const pleat::Safetensors file = pleat::Safetensors::open(checkpoint_file(a.model));
  if (file.has_metadata("model") && is_structure_model(file.metadata("model"))) return inspect_structure_model(file);
  const std::unique_ptr<Reader> reader = open_model(a.model, {"cpu", a.threads, "float32"}); // repeats the check pairs
  const ModelEntry& entry = find_model(reader->name());
  const bool diffusion = reader->diffuses();
  const ModelFacts facts = entry.facts(diffusion);
  std::printf("model            %s (%s), width %lld\n", reader->name().c_str(), file.path().c_str(),
              static_cast<long long>(reader->width()));
  std::printf("config           %s\n", reader->config().dump().c_str());
  if (file.has_metadata("training")) std::printf("training         %s\n", file.metadata("training").c_str());
  std::printf("parameters       %lld (%lld trained)\n", static_cast<long long>(facts.parameters),
              static_cast<long long>(facts.trainable));
  std::printf("FLOPs            %.4g per residue, forward, at 256 residues\n", facts.flops_per_residue);
  const std::vector<Index> lengths(static_cast<std::size_t>(a.budget / a.length), a.length);
  const int threads = reader->device().cpu_threads();
  const MemoryFacts m = entry.memory(diffusion, lengths, threads, diffusion);
  std::printf("batch            %zu sequences of %lld residues on %d threads\n", lengths.size(), static_cast<long long>(a.length),
              threads);
  std::printf("  reading        %s = values %s + activations %s\n",
              bytes_text(static_cast<double>(m.reading + m.inference)).c_str(),
              bytes_text(static_cast<double>(m.reading)).c_str(), bytes_text(static_cast<double>(m.inference)).c_str());
  std::printf("  training       %s = values and gradients %s + optimiser %s + activations %s\n",
              bytes_text(static_cast<double>(m.total())).c_str(), bytes_text(static_cast<double>(m.parameters)).c_str(),
              bytes_text(static_cast<double>(m.optimiser)).c_str(), bytes_text(static_cast<double>(m.activations)).c_str());
  std::printf("tensors\n");
  for (const pleat::TensorPlace& place : entry.tensors(diffusion)) {
    const char* store = place.store == pleat::Store::Trained  ? "trained"
                        : place.store == pleat::Store::Frozen ? "frozen"
                                                              : "state";
    if (place.matrix)
      std::printf("  %-60s (%lld, %lld) %s\n", place.name.c_str(), static_cast<long long>(place.rows),
                  static_cast<long long>(place.columns), store);
    else
      std::printf("  %-60s (%lld) %s\n", place.name.c_str(), static_cast<long long>(place.columns), store);
  }
}

} // namespace

void add_models(CLI::App& app) {
  CLI::App& command = *app.add_subcommand("models", "List the models: shapes, parameters, cost.");
  command.footer("Example:\n  pleat models");
  command.callback(print_models);
}

void add_inspect(CLI::App& app) {
  auto a = std::make_shared<InspectArguments>();
  CLI::App& command = *app.add_subcommand("inspect", "Check a trained model and print its shapes, cost, and memory for a batch.");
  command.footer("Example:\n  pleat inspect runs/nm-xs --budget 8192 --length 512");
  command.add_option("model", a->model, "folder or checkpoint of a trained model")->required();
  command.add_option("--budget", a->budget, "residues of the batch whose memory is printed")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  command.add_option("--length", a->length, "residues of its sequences")->capture_default_str()->check(CLI::PositiveNumber);
  command.add_option("--threads", a->threads, "0: all of the machine")->capture_default_str()->check(CLI::NonNegativeNumber);
  command.callback([a] { inspect(*a); });
}

} // namespace tool
