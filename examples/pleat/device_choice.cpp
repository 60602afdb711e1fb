/// \file  `--device`, `--precision` and `--threads`: where and how a command computes.

#include "device_choice.hpp"

#include <cstdio>
#include <set>
#include <thread>

#include <CLI/CLI.hpp>

#include "command.hpp"
#include "cuda_part.hpp"

namespace tool {

namespace {

enum class Asked { Auto, Cpu, Cuda };

Asked parse(const std::string& text, int& gpu) {
  gpu = 0;
  if (text == "auto") return Asked::Auto;
  if (text == "cpu") return Asked::Cpu;
  if (text == "cuda") return Asked::Cuda;
  if (text.starts_with("cuda:")) {
    const char *begin = text.data() + 5, *end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(begin, end, gpu);
    if (error == std::errc() && stop == end && gpu >= 0) return Asked::Cuda;
  }
  throw UsageError("--device " + text + ": there are cpu, cuda, cuda:N (the GPU of number N, from 0) and auto.");
}

// Why a model cannot be computed on a GPU; empty: it can.
std::string refusal(const std::string& model, const std::string& precision, bool specialised, int gpu,
                    pleat::cuda::GpuFacts& facts) {
  const CudaPart& part = cuda_part();
  if (part.architectures.empty())
    return "this program was built without CUDA; configure with -DPLEAT_TOOL_CUDA=ON, which needs nvcc, or use --device cpu.";
  if (!specialised)
    return model + " was not built for CUDA in " + precision + "; name it in -DPLEAT_TOOL_CUDA_MODELS" +
           (precision == "float32" ? "" : " and the precision in -DPLEAT_TOOL_CUDA_PRECISIONS") + ", or use --device cpu.";
  facts = part.gpu_facts(gpu);
  if (!facts.refusal.empty()) return facts.refusal;
  if (!has_code_for(part.architectures, facts.capability))
    return "this program has code for compute capability " + part.architectures + " and GPU " + std::to_string(gpu) + " (" +
           facts.name + ") has " + std::to_string(facts.capability) +
           "; configure with its number in -DPLEAT_TOOL_CUDA_ARCHITECTURES, or use --device cpu.";
  return "";
}

} // namespace

void add_device_options(CLI::App& command, DeviceOptions& to) {
  command
      .add_option("--device", to.device,
                  "cpu, cuda, cuda:N (GPU number N), or auto: a GPU where this program has the model for it")
      ->capture_default_str();
  command.add_option("--precision", to.precision, "of matrix products: float32; on a GPU also tf32 and bf16")
      ->capture_default_str()
      ->check(CLI::IsMember({"float32", "tf32", "bf16"}));
  command.add_option("--threads", to.threads, "of the CPU, 0: all of the machine; the result does not depend on it")
      ->capture_default_str()
      ->check(CLI::NonNegativeNumber);
}

int DeviceChoice::cpu_threads() const {
  return threads > 0 ? threads : static_cast<int>((std::max)(1u, std::thread::hardware_concurrency()));
}
std::string DeviceChoice::measured_with() const {
  return cuda ? "--device cuda:" + std::to_string(gpu) : "--threads " + std::to_string(cpu_threads());
}

DeviceChoice choose_device(const DeviceOptions& options, const std::string& model, bool specialised) {
  DeviceChoice choice;
  choice.threads = options.threads;
  const Asked asked = parse(options.device, choice.gpu);
  const bool for_any = options.precision == "float32"; // the CPU has it
  if (asked == Asked::Cpu && !for_any)
    throw UsageError("--precision " + options.precision + ": the CPU computes in float32; leave it out, or use --device cuda.");
  if (asked == Asked::Cpu) return choice;
  if (asked == Asked::Auto && for_any && cuda_part().architectures.empty()) return choice;
  pleat::cuda::GpuFacts facts;
  const std::string why_not = refusal(model, options.precision, specialised, choice.gpu, facts);
  if (why_not.empty()) {
    choice.cuda = true, choice.memory = static_cast<double>(facts.memory);
    choice.text = "cuda:" + std::to_string(choice.gpu) + " (" + facts.name + (for_any ? "" : ", " + options.precision) + ")";
    return choice;
  }
  pleat::require(asked == Asked::Auto, "--device ", options.device, ": ", why_not);
  pleat::require(for_any, "--precision ", options.precision, ": the CPU computes in float32, and ", why_not);
  static std::set<std::string> said;
  if (said.insert(why_not).second) std::fprintf(stderr, "on the CPU, since %s\n", why_not.c_str());
  return choice;
}

} // namespace tool
