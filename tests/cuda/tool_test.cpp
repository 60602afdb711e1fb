// The tool's models on CUDA, by the emulator: what `pleat selftest --device cuda` compares, and runs that change their device.

#include "cuda/emulator.hpp"

#include <pleat/backend/cpu.hpp>
#include <pleat/backend/cuda.hpp>

#include <boost/test/unit_test.hpp>

#include <filesystem>
#include <unistd.h>

#include "../../examples/pleat/device_check.hpp"
#include "../../examples/pleat/entry.hpp"
#include "../../examples/pleat/structure_training_entry.hpp"

using namespace tool;

namespace {

struct TinySize {
  static constexpr Shape encoder{1, 16, 2, 24}, decoder{1, 16, 2, 24}, denoiser{1, 16, 2, 24};
};
using Tiny = LsdNm<TinySize>;

const Entry<Tiny, Cuda> on_cuda("tiny");
const Entry<Tiny, Cpu> on_cpu("tiny");
Placed<ModelEntry> gpu(const ModelEntry& entry) { return {&entry, {.threads = 1, .cuda = true, .text = "cuda:0"}}; }
Placed<ModelEntry> reference() { return {&on_cpu, {.threads = 1}}; }

// A device that is wrong in one of three ways.
enum class Fault { OtherValues, OtherTraining, NotRepeatable };
class Faulty final : public ModelEntry {
public:
  explicit Faulty(Fault fault) : ModelEntry("faulty"), fault_(fault) {}
  TrainingSummary pretrain(const TrainRequest& r) const override { return on_cuda.pretrain(r); }
  TrainingSummary diffuse(const TrainRequest& r) const override { return on_cuda.diffuse(r); }
  double seconds_per_step(const TrainRequest& r, bool diffusion) const override { return on_cuda.seconds_per_step(r, diffusion); }
  Rehearsal rehearse(const TrainRequest& r, bool diffusion, Index steps) const override {
    TrainRequest request = r;
    if (fault_ == Fault::OtherTraining) request.options.peak_rate *= 1.5;
    Rehearsal done = on_cuda.rehearse(request, diffusion, steps);
    if (fault_ == Fault::NotRepeatable) done.values[7] += 1e-7f * static_cast<float>(++calls_);
    return done;
  }
  std::unique_ptr<Reader> open(const std::string& file, const DeviceChoice& d) const override { return on_cuda.open(file, d); }
  std::unique_ptr<Reader> untrained(std::uint64_t seed, const DeviceChoice& d) const override {
    return on_cuda.untrained(seed + (fault_ == Fault::OtherValues), d);
  }
  ModelFacts facts(bool diffusion) const override { return on_cuda.facts(diffusion); }
  MemoryFacts memory(bool diffusion, std::span<const Index> lengths, int threads, bool average) const override {
    return on_cuda.memory(diffusion, lengths, threads, average);
  }
  std::vector<TensorPlace> tensors(bool diffusion) const override { return on_cuda.tensors(diffusion); }

private:
  Fault fault_;
  mutable int calls_ = 0;
};

const SequenceSet& sequences() {
  static const Index lengths[] = {1, 7, 20, 33};
  static const SequenceSet set = check_sequences(lengths);
  return set;
}
std::size_t count(const std::string& text, const std::string& of) {
  std::size_t found = 0;
  for (std::size_t at = text.find(of); at != text.npos; at = text.find(of, at + 1)) ++found;
  return found;
}

} // namespace

BOOST_AUTO_TEST_SUITE(cuda_tool)

BOOST_AUTO_TEST_CASE(selftest_accepts_a_device_that_agrees) {
  DeviceFindings findings;
  check_device(findings, gpu(on_cuda), reference(), sequences());
  BOOST_TEST(findings.good, findings.text);
  BOOST_TEST(count(findings.text, "ok\n") == 9u, findings.text); // rows: 3; losses, values and bits of two trainings
  BOOST_TEST(count(findings.text, "FAILED") == 0u);
}

BOOST_AUTO_TEST_CASE(selftest_trains_encoders_of_structures) {
  using Encoder = GearNetEdge<ResidueGraph, Shape{.layers = 2, .width = 8}>;
  using Objective = Pretraining<Encoder>::SiamDiff;
  const StructureTrainingEntry<Objective, Cuda> cuda_training("siamdiff", "tiny");
  const StructureTrainingEntry<Objective, Cpu> cpu_training("siamdiff", "tiny");
  StructureSet set;
  for (const Index residues : {30, 41, 12}) set.add(irregular_helix(residues));
  DeviceFindings findings;
  check_device(findings, {&cuda_training, gpu(on_cuda).device}, {&cpu_training, reference().device}, set);
  BOOST_TEST(findings.good, findings.text);
  BOOST_TEST(count(findings.text, "ok\n") == 3u, findings.text);
}

BOOST_AUTO_TEST_CASE(selftest_knows_the_roundings_of_precisions) {
  const Entry<Tiny, Cuda, Bf16> in_bf16("tiny");
  DeviceFindings findings, in_float;
  check_device(findings, gpu(in_bf16), reference(), sequences(), tolerance_of(in_bf16.precision()));
  BOOST_TEST(findings.good, findings.text);
  check_device(in_float, gpu(in_bf16), reference(), sequences());
  BOOST_TEST(!in_float.good, in_float.text);
}

BOOST_AUTO_TEST_CASE(selftest_refuses_a_device_that_does_not) {
  const auto failures = [](Fault fault, const char* line) {
    DeviceFindings findings;
    check_device(findings, gpu(Faulty(fault)), reference(), sequences());
    BOOST_TEST(!findings.good);
    const std::size_t at = findings.text.find(line);
    BOOST_REQUIRE(at != std::string::npos);
    BOOST_TEST(findings.text.substr(at, findings.text.find('\n', at) - at).ends_with("FAILED"), findings.text);
    return count(findings.text, "FAILED");
  };
  BOOST_TEST(failures(Fault::OtherValues, "rows, difference to the CPU") == 1u);
  BOOST_TEST(failures(Fault::OtherTraining, "values after them") >= 2u);
  BOOST_TEST(failures(Fault::NotRepeatable, "training again") == 2u);
  BOOST_TEST(std::isinf(relative_distance<float>({1, 2}, {1})));
  BOOST_TEST(std::isinf(relative_distance<float>({NAN}, {1})));
}

// A checkpoint belongs to no device.
BOOST_AUTO_TEST_CASE(a_run_changes_its_device) {
  const std::string folder =
      (std::filesystem::temp_directory_path() / ("pleat_tool_cuda_" + std::to_string(::getpid()))).string();
  TrainRequest request;
  request.train = &sequences();
  const SequenceSet none;
  request.valid = &none;
  request.directory = folder;
  request.options.budget = 40, request.options.crop = 20, request.options.validate_every = 0;
  request.options.steps = 6, request.options.checkpoint_every = 2;
  const auto run = [&](const Placed<ModelEntry>& on, Index steps) {
    request.device = on.device;
    struct Stop {};
    request.progress = [steps](const Progress& p) {
      if (p.step > steps) throw Stop{};
    };
    try {
      return on->pretrain(request).step;
    } catch (const Stop&) {
      return Index{-1};
    }
  };
  BOOST_TEST(run(gpu(on_cuda), 2) == -1); // killed in its third step
  BOOST_TEST(run(reference(), 4) == -1);
  BOOST_TEST(run(gpu(on_cuda), 6) == 6);
  const std::string file = folder + "/model.safetensors";
  // Both repeat its check pairs, and read the same.
  const auto mine = on_cuda.open(file, gpu(on_cuda).device)->rows(sequences(), {}).rows,
             theirs = on_cpu.open(file, reference().device)->rows(sequences(), {}).rows;
  BOOST_TEST(relative_distance(mine, theirs) < 1e-4);
  // A diffusion on it: fits its standardiser by passes on the device.
  request.autoencoder = file, request.directory = folder + "/diffusion", request.options.steps = 2, request.progress = nullptr;
  request.device = gpu(on_cuda).device;
  BOOST_TEST(on_cuda.diffuse(request).step == 2);
  BOOST_TEST(on_cpu.open(request.directory + "/model.safetensors", reference().device)->diffuses());
  std::filesystem::remove_all(folder);
}

// Stopped and continued: the bits of a run that was not, in any precision, which the checkpoint names.
BOOST_AUTO_TEST_CASE(a_run_has_a_precision) {
  const Entry<Tiny, Cuda, Bf16> in_bf16("tiny");
  const std::string folder =
      (std::filesystem::temp_directory_path() / ("pleat_tool_precision_" + std::to_string(::getpid()))).string();
  struct Stop {};
  TrainRequest request;
  const SequenceSet none;
  request.train = &sequences(), request.valid = &none, request.device = gpu(on_cuda).device;
  request.options.budget = 40, request.options.crop = 20, request.options.validate_every = 0;
  request.options.steps = 4, request.options.checkpoint_every = 2;
  const auto trained = [&](const ModelEntry& by, const char* name, bool stops) {
    request.directory = folder + "/" + name, request.progress = nullptr;
    if (stops) {
      request.progress = [](const Progress& p) {
        if (p.step > 2) throw Stop{};
      };
      BOOST_CHECK_THROW(by.pretrain(request), Stop);
      request.progress = nullptr;
    }
    BOOST_TEST(by.pretrain(request).step == 4);
    const Safetensors file = Safetensors::open(request.directory + "/model.safetensors");
    BOOST_TEST(checkpoint_info(file).training.at("precision").string() == by.precision());
    std::vector<float> values;
    for (const TensorPlace& place : by.tensors(false)) {
      const auto one = file.read<float>(place.name);
      values.insert(values.end(), one.begin(), one.end());
    }
    return values;
  };
  const auto calm = trained(in_bf16, "calm", false), stopped = trained(in_bf16, "stopped", true),
             in_float = trained(on_cuda, "float", false);
  BOOST_TEST(same_bits(stopped, calm));
  BOOST_TEST(!same_bits(in_float, calm));
  std::filesystem::remove_all(folder);
}

BOOST_AUTO_TEST_CASE(gpus_are_described_without_opening_them) {
  const auto allocations = emulator::settings().allocations;
  const cuda::GpuFacts facts = cuda::gpu_facts(0);
  BOOST_TEST(facts.refusal == "");
  BOOST_TEST(facts.name == "emulated");
  BOOST_TEST(facts.capability == 90);
  BOOST_TEST(cuda::gpu_facts(1).refusal.find("there is no GPU of this number") != std::string::npos);
  emulator::settings().capability = 75;
  BOOST_TEST(cuda::gpu_facts(0).refusal.find("pleat needs 8.0 (Ampere) or newer") != std::string::npos);
  emulator::settings().capability = 90, emulator::settings().gpus = 0;
  BOOST_TEST(cuda::gpu_facts(0).refusal.find("there is no NVIDIA GPU") != std::string::npos);
  emulator::settings().gpus = 1;
  BOOST_TEST(emulator::settings().allocations == allocations);

  for (const int capability : {80, 86, 89, 90, 100, 120}) BOOST_TEST(has_code_for("80-real,90", capability));
  BOOST_TEST(!has_code_for("90", 80));
  BOOST_TEST(!has_code_for("80-real", 90));
  BOOST_TEST(has_code_for("80-virtual", 90));
  BOOST_TEST(!has_code_for("90a", 100));
  BOOST_TEST(has_code_for("90a", 90));
}

BOOST_AUTO_TEST_SUITE_END()
