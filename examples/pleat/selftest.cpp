/// \file  `pleat selftest`: the same small model on every level of the CPU and on several threads, and on the GPU.

#include <cmath>
#include <cstdio>
#include <memory>
#include <thread>

#include <CLI/CLI.hpp>

#include <pleat/backend/cpu/simd/level.hpp>
#include <pleat/version.hpp>

#include "command.hpp"
#include "cuda_part.hpp"
#include "device_check.hpp"

namespace tool {

namespace {

DeviceChoice cpu(int threads) {
  DeviceChoice choice;
  choice.threads = threads;
  return choice;
}

void check_cpu() {
  namespace simd = pleat::simd;
  const simd::Level highest = simd::highest_level(), in_use = simd::level();
  std::printf("highest level of this CPU %s, in use %s, %u hardware threads\n", simd::level_name(highest),
              simd::level_name(in_use), std::thread::hardware_concurrency());
  const Index lengths[] = {1, 7, 64, 255, 300};
  const pleat::SequenceSet set = check_sequences(lengths);
  const ModelEntry& entry = find_model("lsd-nm-nano");
  auto rows = [&](simd::Level level, int threads) {
    simd::set_level(level);
    return entry.untrained(1, cpu(threads))->rows(set, {}).rows;
  };
  const std::vector<float> portable = rows(simd::Level::Portable, 1);
  bool good = true;
  for (const simd::Level level : {simd::Level::Portable, simd::Level::Avx2, simd::Level::Avx512}) {
    if (level > highest) continue;
    const std::vector<float> one = rows(level, 1), three = rows(level, 3);
    const double relative = relative_distance(one, portable);
    const bool agrees = relative < 1e-5, same = one == three;
    good = good && agrees && same;
    std::printf("%-10s relative difference to portable %.1e: %s; 1 and 3 threads: %s\n", simd::level_name(level), relative,
                agrees ? "ok" : "FAILED", same ? "the same bits" : "DIFFERENT");
  }
  simd::set_level(in_use);
  pleat::require(good, "the kernels of this machine do not agree with each other; set PLEAT_ISA=portable and report this.");
}

std::string version_text(int cuda) {
  return cuda > 0 ? std::to_string(cuda / 1000) + "." + std::to_string(cuda % 1000 / 10) : std::string("none");
}

void print_specialisations() {
  const CudaPart& part = cuda_part();
  if (part.architectures.empty()) {
    std::printf("CUDA: this program was built without it (PLEAT_TOOL_CUDA)\n");
    return;
  }
  const pleat::cuda::GpuFacts facts = part.gpu_facts(0);
  std::printf("CUDA: runtime %s, driver for %s, code for %s:\n", version_text(facts.runtime).c_str(),
              version_text(facts.driver).c_str(), part.architectures.c_str());
  for (const auto& entry : part.models)
    std::printf("  %-34s %-8s read, train; diffusion: read, train\n", entry->name().c_str(), entry->precision());
  for (const auto& entry : part.structure_models)
    std::printf("  %-34s %-8s read\n", entry->facts().name.c_str(), entry->facts().precision);
  for (const auto& entry : part.trainings)
    std::printf("  %-34s %-8s train\n", entry->facts().name.c_str(), entry->facts().precision);
  for (const auto& tasks : part.tasks)
    std::printf("  %-34s %-8s train, predict\n", ("tasks of " + tasks.level + "s").c_str(), tasks.precision.c_str());
}

// Models up to this many parameters are compared: a few seconds on the CPU.
constexpr Index small_model = 4'000'000;

void check_gpu(const DeviceChoice& gpu) {
  const CudaPart& part = cuda_part();
  const pleat::cuda::GpuFacts facts = part.gpu_facts(gpu.gpu);
  std::printf("GPU %d: %s, compute capability %d.%d, %s free of %s\n", gpu.gpu, facts.name.c_str(), facts.capability / 10,
              facts.capability % 10, bytes_text(static_cast<double>(part.free_memory(gpu.gpu))).c_str(),
              bytes_text(static_cast<double>(facts.memory)).c_str());
  const Index lengths[] = {1, 7, 64, 255, 300};
  const pleat::SequenceSet set = check_sequences(lengths);
  DeviceFindings findings;
  const auto flush = [&] {
    std::fputs(findings.text.c_str(), stdout), std::fflush(stdout);
    findings.text.clear();
  };
  Index compared = 0;
  for (const auto& entry : part.models) {
    if (entry->facts(false).parameters > small_model) continue;
    check_device(findings, {entry.get(), gpu}, {&find_model(entry->name()), cpu(0)}, set, tolerance_of(entry->precision()));
    ++compared, flush();
  }
  const pleat::Structure structures[] = {irregular_helix(30), irregular_helix(71), irregular_helix(5)};
  for (const auto& entry : part.structure_models) {
    if (entry->facts().parameters > small_model) continue;
    check_device(findings, {entry.get(), gpu}, {&find_structure_model(entry->facts().name), cpu(0)}, structures,
                 tolerance_of(entry->facts().precision));
    ++compared, flush();
  }
  pleat::StructureSet set_of_structures;
  for (const pleat::Structure& structure : structures) set_of_structures.add(structure);
  for (const auto& entry : part.trainings) {
    if (entry->facts().nodes != "residue" || entry->facts().parameters > small_model) continue;
    const StructureTraining& on_cpu = find_structure_training(entry->facts().objective, entry->facts().encoder);
    check_device(findings, {entry.get(), gpu}, {&on_cpu, cpu(0)}, set_of_structures, tolerance_of(entry->facts().precision));
    ++compared, flush();
  }
  pleat::require(findings.good, "the GPU does not agree with the CPU, or not with itself; report this with the lines above.");
  std::printf("%lld models compared with the CPU\n", static_cast<long long>(compared));
}

void selftest(const std::string& device) {
  std::printf("pleat %s\n", pleat::version);
  if (!device.starts_with("cuda")) check_cpu();
  print_specialisations();
  std::fflush(stdout);
  const DeviceChoice choice =
      choose_device({device, 0, "float32"}, "no model", !cuda_part().models.empty() || !cuda_part().structure_models.empty());
  if (choice.cuda) check_gpu(choice);
  std::printf("all good\n");
}

} // namespace

void add_selftest(CLI::App& app) {
  auto device = std::make_shared<std::string>("auto");
  CLI::App& command = *app.add_subcommand("selftest", "Check the kernels of this machine against each other.");
  command.footer("Example:\n  pleat selftest --device cuda");
  command
      .add_option(
          "--device", *device,
          "cpu: its levels and threads; cuda, cuda:N: that GPU against the CPU; auto: the CPU, and a GPU where there is one")
      ->capture_default_str();
  command.callback([device] { selftest(*device); });
}

} // namespace tool
