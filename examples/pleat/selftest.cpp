/// \file  `pleat selftest`: the same small model on every level of the CPU and on several threads.

#include <cmath>
#include <cstdio>
#include <memory>
#include <thread>

#include <CLI/CLI.hpp>

#include <pleat/backend/cpu/simd/level.hpp>
#include <pleat/version.hpp>

#include "command.hpp"
#include "registry.hpp"

namespace tool {

namespace {

void selftest() {
  namespace simd = pleat::simd;
  const simd::Level highest = simd::highest_level(), in_use = simd::level();
  std::printf("pleat %s, highest level of this CPU %s, in use %s, %u hardware threads\n", pleat::version,
              simd::level_name(highest), simd::level_name(in_use), std::thread::hardware_concurrency());
  pleat::SequenceSet set;
  std::string letters;
  const Index lengths[] = {1, 7, 64, 255, 300};
  for (const Index length : lengths) {
    letters.clear();
    for (Index i = 0; i < length; ++i) letters += "LAGVSERTIDPKQNFYMHWC"[(i * 7 + length) % 20];
    set.add("test" + std::to_string(length), letters);
  }
  const ModelEntry& entry = find_model("lsd-nm-nano");
  auto rows = [&](simd::Level level, int threads) {
    simd::set_level(level);
    return entry.untrained(1, threads)->rows(set, {}).rows;
  };
  const std::vector<float> portable = rows(simd::Level::Portable, 1);
  bool good = true;
  for (const simd::Level level : {simd::Level::Portable, simd::Level::Avx2, simd::Level::Avx512}) {
    if (level > highest) continue;
    const std::vector<float> one = rows(level, 1), three = rows(level, 3);
    double difference = 0, scale = 0;
    for (std::size_t i = 0; i < one.size(); ++i) {
      const double d = static_cast<double>(one[i]) - static_cast<double>(portable[i]);
      difference += d * d, scale += static_cast<double>(portable[i]) * static_cast<double>(portable[i]);
    }
    const double relative = std::sqrt(difference / scale);
    const bool agrees = relative < 1e-5, same = one == three;
    good = good && agrees && same;
    std::printf("%-10s relative difference to portable %.1e: %s; 1 and 3 threads: %s\n", simd::level_name(level), relative,
                agrees ? "ok" : "FAILED", same ? "the same bits" : "DIFFERENT");
  }
  simd::set_level(in_use);
  pleat::require(good, "the kernels of this machine do not agree with each other; set PLEAT_ISA=portable and report this.");
  std::printf("all good\n");
}

} // namespace

void add_selftest(CLI::App& app) {
  CLI::App& command = *app.add_subcommand("selftest", "Check the kernels of this machine against each other.");
  command.footer("Example:\n  pleat selftest");
  command.callback(selftest);
}

} // namespace tool
