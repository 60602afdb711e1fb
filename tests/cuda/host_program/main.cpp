// A program that trains and reads a model on a GPU and is compiled without CUDA. Exit status: 0 it did, 2 there is no GPU.
#include "models.hpp"

#include <cstdio>
#include <cstring>

int main() try {
  const pleat::Cuda gpu{};
  host_program::Training training(gpu);
  training.parameters().initialise(1);
  std::vector<pleat::OwnedBatch> batches(1);
  for (std::uint32_t s = 0; s < 8; ++s) {
    std::vector<std::uint8_t> tokens;
    for (std::uint32_t i = 0; i < 20 + 3 * s; ++i) tokens.push_back(static_cast<std::uint8_t>(4 + i * (s + 1) % 20));
    batches[0].add(tokens, s);
  }
  double first = 0, last = 0;
  for (std::uint64_t step = 0; step < 50; ++step) {
    const pleat::StepResult result = training.step(batches, 1, step, 1e-2);
    pleat::require(result.finite, "the gradients of step ", step, " are not finite.");
    (step == 0 ? first : last) = result.metrics.value("loss");
  }
  pleat::require(last < first, "the loss went from ", first, " to ", last, ": nothing was learnt.");

  host_program::Encoding encoding(gpu);
  encoding.copy_values(training.parameters());
  const auto tokens = std::vector<std::uint8_t>{5, 6, 7, 8, 9};
  const pleat::CheckPair one = encoding.check_pair(tokens), again = encoding.check_pair(tokens);
  pleat::require(one.rows.size() == again.rows.size() && !one.rows.empty() &&
                     std::memcmp(one.rows.data(), again.rows.data(), one.rows.size() * sizeof(float)) == 0,
                 "the same sequence had other rows the second time.");
  std::printf("loss %.4f -> %.4f, %zu numbers of rows\n", first, last, one.rows.size());
} catch (const pleat::Error& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return std::strstr(error.what(), "there is no NVIDIA GPU") != nullptr ? 2 : 1;
}
