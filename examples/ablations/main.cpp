// What each choice of LSD does, at nano size: the weight lambda, the form of the normalisation loss, the sampler of diffusion
// times, and TN and NM together. Run: ablations DATA_DIR OUTPUT_DIR [STEPS]; DATA_DIR is examples/data. Prints Markdown tables.
// Finished folders are not trained again.
#include "bench.hpp"

#include <cstdlib>

namespace {

SequenceSet read_set(const std::string& path) {
  const auto source = open_input(path);
  return SequenceSet::from_fasta(*source);
}

} // namespace

int main(int argc, char** argv) try {
  require(argc == 3 || argc == 4, "usage: ablations DATA_DIR OUTPUT_DIR [STEPS]");
  const std::string data = argv[1];
  ThreadPool pool, one(1);
  Bench bench{Cpu{&pool}, Cpu{&one}, read_set(data + "/pretrain_train.fasta.gz"), read_set(data + "/pretrain_valid.fasta.gz"), {},
              argv[2],    400};
  if (argc == 4) bench.steps = std::atol(argv[3]);
  require(bench.steps >= 10, "ablations: STEPS must be at least 10");
  for (const TaskSpec& spec : task_specs) {
    const auto source = open_input(data + "/tasks/" + std::string(spec.name) + ".csv.gz");
    bench.suite.add(load_task(*source, spec));
  }
  compare_autoencoders(bench);
  compare_time_samplers(bench);
} catch (const Error& error) {
  std::fprintf(stderr, "ablations: %s\n", error.what());
  return 1;
}
