#pragma once
// A training pass on the CPU with some memory, for tests that compare an op with golden values.

#include "support/op_contract.hpp"

#include <pleat/io/safetensors.hpp>

namespace contract {

template <class Precision> class LossRun {
public:
  using Run = Training<Cpu, Precision>;
  explicit LossRun(int threads = 1, const Values<Precision>& values = {}, Index bytes = Index(1) << 24)
      : pool_(threads), memory_(bytes), arena_(memory_.data(), memory_.size()), run(Cpu{&pool_}, arena_, values, NoiseKey{1, 2}) {
    arena_.poison(true);
  }

private:
  ThreadPool pool_;
  HostMemory memory_;
  Arena arena_;

public:
  Run run;
  // A gradient is wanted of these rows.
  template <Index W, class Space = Token> Rows<Run, W, Space> input(const std::vector<double>& dense) {
    auto rows = fill<Run, W, Space>(run, dense);
    run.want(rows);
    return rows;
  }
  Rows<Run, 1, typename Precision::Stream> buffer(const std::vector<double>& dense) {
    auto buffer = run.template buffer<typename Precision::Stream>(static_cast<Index>(dense.size()));
    for (std::size_t i = 0; i < dense.size(); ++i) run.data(buffer)[i] = static_cast<typename Precision::Stream>(dense[i]);
    return buffer;
  }
  std::vector<double> read(const Rows<Run, 1, typename Precision::Stream>& buffer) {
    return {run.data(buffer), run.data(buffer) + buffer.count()};
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
