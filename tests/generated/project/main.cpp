// Trains and reads generated models. Exit status: 0 all is well, and where there is no GPU that was one sentence.
#include <cstdio>
#include <cstring>

#include <models_sessions.hpp>

#if defined(EIGEN_WORLD_VERSION) || defined(__CUDA_RUNTIME_H__)
#error "the header of generated sessions shows Eigen or CUDA to the host program"
#endif

template <class Model, class Device> void train(const Device& device) {
  pleat::TrainSession<pleat::ObjectiveOf<Model>, Device> training(device);
  training.parameters().initialise(1);
  std::vector<pleat::OwnedBatch> batches(1);
  for (std::uint32_t s = 0; s < 8; ++s) {
    std::vector<std::uint8_t> tokens;
    for (std::uint32_t i = 0; i < 20 + 3 * s; ++i) tokens.push_back(static_cast<std::uint8_t>(4 + i * (s + 1) % 20));
    batches[0].add(tokens, s);
  }
  double first = 0, last = 0;
  for (std::uint64_t step = 0; step < 30; ++step) {
    const pleat::StepResult result = training.step(batches, 1, step, 3e-3);
    pleat::require(result.finite, "the gradients of step ", step, " are not finite.");
    (step == 0 ? first : last) = result.metrics.value("loss");
  }
  pleat::require(last < first, "the loss went from ", first, " to ", last, ": nothing was learnt.");

  pleat::EncodeSession<Model, Device> encoding(device);
  encoding.copy_values(training.parameters());
  const auto tokens = std::vector<std::uint8_t>{5, 6, 7, 8, 9};
  const pleat::CheckPair one = encoding.check_pair(tokens), again = encoding.check_pair(tokens);
  pleat::require(!one.rows.empty() && one.rows == again.rows, "the same sequence had other rows the second time.");
  std::printf("%s: loss %.4f -> %.4f, %zu numbers of rows\n", Device::name, first, last, one.rows.size());
}

int main() try {
  pleat::ThreadPool pool(2);
  train<mine::Narrow>(pleat::Cpu{&pool});
  train<mine::Prior>(pleat::Cpu{&pool});
#if WITH_CUDA
  try {
    train<mine::Narrow>(pleat::Cuda{});
    train<mine::Prior>(pleat::Cuda{});
  } catch (const pleat::Error& error) {
    std::puts(error.what());
    if (std::strstr(error.what(), "there is no NVIDIA GPU") == nullptr) return 1;
  }
#endif
} catch (const pleat::Error& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
