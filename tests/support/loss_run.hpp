#pragma once
// A training pass with some memory on the device that is tested, for comparisons with golden values.

#include "support/op_contract.hpp"

#include <pleat/io/safetensors.hpp>

namespace contract {

template <class Precision, class Device = Tested> class LossRun {
public:
  using Run = Training<Device, Precision>;
  explicit LossRun(int threads = 1, Index bytes = few) : LossRun(threads, nullptr, {}, bytes) {}
  // With the parameters of a model, on their device.
  template <class Model>
  LossRun(int threads, Parameters<Model, Device, Precision>& parameters, Index bytes = few)
      : LossRun(threads, &parameters.device(), parameters.values(true), bytes) {}

private:
  static constexpr Index few = Index(1) << 24;
  LossRun(int threads, const Device* opened, const Values<Precision>& values, Index bytes)
      : pool_(threads), device_(has_own_memory<Device> && opened != nullptr ? *opened : device_for_tests<Device>(pool_)),
        memory_(memory_of(device_)), arena_(grown(memory_, bytes), bytes), run(device_, arena_, values, NoiseKey{1, 2}) {
    arena_.poison(!has_own_memory<Device>);
  }
  static std::byte* grown(DeviceBlock<MemoryOf<Device>>& memory, Index bytes) {
    memory.grow(bytes);
    return memory.data();
  }
  ThreadPool pool_;
  Device device_;
  DeviceBlock<MemoryOf<Device>> memory_;
  Arena arena_;

public:
  Run run;
  // A gradient is wanted of these rows.
  template <Index W, class Space = Token> Rows<Run, W, Space> input(const std::vector<double>& dense) {
    auto rows = fill<Run, W, Space>(run, dense);
    run.want(rows);
    return rows;
  }
  auto buffer(const std::vector<double>& dense) { return upload(run, dense); }
  std::vector<double> read(const Rows<Run, 1, typename Precision::Stream>& buffer) {
    const auto numbers = run.read(buffer);
    std::vector<double> values;
    for (Index i = 0; i < buffer.count(); ++i) values.push_back(static_cast<double>(numbers[i]));
    return values;
  }
};

inline std::string golden_path(const std::string& name) {
  return std::string(PLEAT_TEST_DATA) + "/golden/lsd/" + name + ".safetensors";
}

// Tolerances of the golden files: of values and of gradients, times the largest magnitude.
template <class Precision> inline constexpr double value_tolerance = std::is_same_v<Precision, Float64> ? 1e-10 : 1e-5;
template <class Precision> inline constexpr double gradient_tolerance = std::is_same_v<Precision, Float64> ? 1e-10 : 1e-4;

template <class T> std::vector<T> narrowed(const std::vector<double>& values) {
  std::vector<T> out;
  for (double v : values) out.push_back(static_cast<T>(v));
  return out;
}

} // namespace contract
