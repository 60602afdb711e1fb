// How the diffusion times of training are drawn.
#include "bench.hpp"

#include <pleat/diffusion/chosen_sampler.hpp>
#include <pleat/session/latent_statistics.hpp>

#include <utility>
#include <vector>

namespace {

using NmDiffusion = LatentDiffusion<Nm, Denoiser<body>>;

} // namespace

void compare_time_samplers(Bench& bench) {
  std::vector<std::pair<std::string, double>> losses;
  print_task_header(bench, "diffusion on LSD-NM, times drawn");
  for (const char* sampler : {"uniform", "stratified", "loss-second-moment"}) {
    const std::string name = std::string("diffusion-") + sampler;
    TrainSession<DiffusionObjective<NmDiffusion, ChosenTimeSampler>, Cpu> session(bench.cpu);
    session.objective().sampler = ChosenTimeSampler(sampler);
    session.parameters().initialise(1);
    load_values(checkpoint(bench, "nm-1"), session.parameters(), "autoencoder.");
    TrainerOptions options = options_of(bench);
    options.steps = bench.steps / 2, options.peak_rate = 1.5e-3, options.average_decay = 0.99;
    fit_standardiser(session, bench.train, {options.budget, options.crop, options.seed}, 100'000);
    losses.emplace_back(sampler, train(bench, session, name, options).value("error"));
    Read<NmDiffusion> reader(bench.cpu);
    reader.load(checkpoint(bench, name));
    print_scores(bench, sampler, score(bench, evaluated(reader, name, true)), true);
    std::fflush(stdout);
  }
  std::printf("\n| times drawn | v-loss on valid, per channel |\n|---|---|\n");
  for (const auto& [name, loss] : losses) std::printf("| %s | %.4f |\n", name.c_str(), loss);
}
