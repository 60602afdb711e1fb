/// \file  `--device`, `--precision` and `--threads`: where and how a command computes.

#include "device_choice.hpp"

#include <cstdio>
#include <filesystem>
#include <set>
#include <thread>

#include <CLI/CLI.hpp>

#include <pleat/train/checkpoint.hpp>

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

void add_device_options(CLI::App& command, DeviceOptions& to, bool trains) {
  command
      .add_option("--device", to.device,
                  "cpu, cuda, cuda:N (GPU number N), or auto: a GPU where this program has the model for it")
      ->capture_default_str();
  command
      .add_option("--precision", to.precision,
                  std::string("of matrix products: float32; on a GPU also tf32 and bf16") +
                      (trains ? "; a run that is continued keeps its own where none is given" : ""))
      ->capture_default_str()
      ->check(CLI::IsMember({"float32", "tf32", "bf16"}))
      ->each([&to](const std::string&) { to.precision_given = true; });
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
double DeviceChoice::fixed_memory() const { return cuda ? static_cast<double>(pleat::cuda::stream_bytes) : 0; }
std::string DeviceChoice::fixed_memory_text() const { return cuda ? " + stream " + bytes_text(fixed_memory()) : ""; }

void keep_precision(DeviceOptions& options, const std::string& directory) {
  const std::string path = directory + "/model.safetensors";
  if (std::error_code error; !std::filesystem::exists(path, error)) return; // what is wrong with the folder the run will say
  const pleat::CheckpointInfo found = pleat::checkpoint_info(pleat::Safetensors::open(path));
  const pleat::Json* named = found.training.find("precision"); // not there: written before there was another
  const std::string its_own = named != nullptr ? named->string() : "float32";
  if (its_own == options.precision) return;
  if (options.precision_given)
    std::fprintf(stderr, "%s: was trained in %s and goes on in %s, as --precision says\n", path.c_str(), its_own.c_str(),
                 options.precision.c_str());
  else
    options.precision = its_own, options.run = path;
}

DeviceChoice choose_device(const DeviceOptions& options, const std::string& model, bool specialised) {
  DeviceChoice choice;
  choice.threads = options.threads;
  const Asked asked = parse(options.device, choice.gpu);
  const bool for_any = options.precision == "float32"; // the CPU has it
  const std::string run = options.run.empty() ? ""
                                              : options.run + ": was trained in " + options.precision +
                                                    " (to go on in float32 give --precision float32): ";
  pleat::require(asked != Asked::Cpu || run.empty(), run, "the CPU computes in float32.");
  if (asked == Asked::Cpu && !for_any)
    throw UsageError("--precision " + options.precision + ": the CPU computes in float32; leave it out, or use --device cuda.");
  if (asked == Asked::Cpu) return choice;
  if (asked == Asked::Auto && for_any && cuda_part().architectures.empty()) return choice;
  pleat::cuda::GpuFacts facts;
  const std::string why_not = refusal(model, options.precision, specialised, choice.gpu, facts);
  if (why_not.empty()) {
    choice.cuda = true;
    choice.text = "cuda:" + std::to_string(choice.gpu) + " (" + facts.name + (for_any ? "" : ", " + options.precision) + ")";
    return choice;
  }
  pleat::require(asked == Asked::Auto, run, "--device ", options.device, ": ", why_not);
  pleat::require(for_any, run.empty() ? "--precision " + options.precision + ": " : run, "the CPU computes in float32, and ",
                 why_not);
  static std::set<std::string> said;
  if (said.insert(why_not).second) std::fprintf(stderr, "on the CPU, since %s\n", why_not.c_str());
  return choice;
}

} // namespace tool
