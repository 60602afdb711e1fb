// The weight lambda, the form of the normalisation loss, and TN and NM together.
#include "bench.hpp"

#include <vector>

namespace {

using NmFull = Autoencoder<Encoder, NoiseMask<UniformLaw, MultivariateKl>, Restore>;
using Tn = Autoencoder<Encoder, TokenNorm<>, Restore>;

template <class Model> Metrics autoencode(const Bench& bench, const std::string& name, double lambda) {
  TrainSession<AutoencoderObjective<Model>, Cpu> session(bench.cpu, AutoencoderObjective<Model>(lambda));
  session.parameters().initialise(1);
  return train(bench, session, name, options_of(bench));
}

// Latents of the validation set: |mean| and variance per channel, |correlation| between channels, averaged.
struct LatentFacts {
  double mean = 0, variance = 0, correlation = 0;
};
LatentFacts facts_of(const Ragged& latents) {
  const auto width = static_cast<std::size_t>(latents.width);
  const std::size_t rows = latents.rows.size() / width;
  std::vector<double> mean(width), covariance(width * width);
  for (std::size_t r = 0; r < rows; ++r)
    for (std::size_t c = 0; c < width; ++c)
      mean[c] += static_cast<double>(latents.rows[r * width + c]) / static_cast<double>(rows);
  std::vector<double> d(width);
  for (std::size_t r = 0; r < rows; ++r) {
    for (std::size_t c = 0; c < width; ++c) d[c] = static_cast<double>(latents.rows[r * width + c]) - mean[c];
    for (std::size_t a = 0; a < width; ++a)
      for (std::size_t b = 0; b <= a; ++b) covariance[a * width + b] += d[a] * d[b] / static_cast<double>(rows);
  }
  LatentFacts facts;
  double pairs = 0;
  for (std::size_t a = 0; a < width; ++a) {
    facts.mean += std::abs(mean[a]) / static_cast<double>(width);
    facts.variance += covariance[a * width + a] / static_cast<double>(width);
    for (std::size_t b = 0; b < a; ++b, ++pairs)
      facts.correlation += std::abs(covariance[a * width + b]) / std::sqrt(covariance[a * width + a] * covariance[b * width + b]);
  }
  facts.correlation /= pairs;
  return facts;
}

// The latents of two models side by side.
template <class A, class B> EvaluatedModel concatenated(Read<A>& first, Read<B>& second, const std::string& name) {
  EvaluatedModel model{name, name, first.width + second.width, false, true, {}};
  model.read = [&](std::span<const Piece> pieces, std::span<const ReadOptions> readings, const EvaluatedModel::Consume& consume) {
    std::vector<std::vector<float>> rows(pieces.size());
    first.read(pieces, readings, [&](Index piece, Index, std::span<const float> values) {
      rows[static_cast<std::size_t>(piece)].assign(values.begin(), values.end());
    });
    second.read(pieces, readings, [&](Index piece, Index reading, std::span<const float> values) {
      const auto& left = rows[static_cast<std::size_t>(piece)];
      const auto w = static_cast<std::size_t>(first.width), v = static_cast<std::size_t>(second.width);
      std::vector<float> both;
      both.reserve(left.size() + values.size());
      for (std::size_t r = 0; r < left.size() / w; ++r) {
        both.insert(both.end(), left.begin() + static_cast<Index>(r * w), left.begin() + static_cast<Index>((r + 1) * w));
        both.insert(both.end(), values.begin() + static_cast<Index>(r * v), values.begin() + static_cast<Index>((r + 1) * v));
      }
      consume(piece, reading, both);
    });
  };
  return model;
}

template <class Model>
void print_latents(Bench& bench, const std::string& label, const std::string& name, const Metrics& metrics) {
  Read<Model> session(bench.cpu);
  session.load(checkpoint(bench, name));
  const LatentFacts facts = facts_of(session.encode(bench.valid));
  std::printf("| %s | %.3f | %.3f | %.4f | %.3f | %.3f | %.3f |\n", label.c_str(), metrics.value("reconstruction"),
              metrics.value("accuracy"), metrics.value("normalisation"), facts.mean, facts.variance, facts.correlation);
  std::fflush(stdout);
}

} // namespace

void compare_autoencoders(Bench& bench) {
  std::printf("\n%ld steps of 2048 residues, crop 128; validation on %ld sequences\n", static_cast<long>(bench.steps),
              static_cast<long>(bench.valid.size()));
  std::printf("\n| autoencoder | reconstruction, nats | recovered | KL per channel | mean of latents, absolute | variance | "
              "correlation, absolute |\n"
              "|---|---|---|---|---|---|---|\n");
  for (const double lambda : {0.1, 0.5, 1.0, 2.0}) {
    char text[16];
    std::snprintf(text, sizeof text, "%g", lambda);
    const std::string nm = std::string("nm-") + text, tn = std::string("tn-") + text;
    print_latents<Nm>(bench, std::string("LSD-NM, lambda ") + text, nm, autoencode<Nm>(bench, nm, lambda));
    print_latents<Tn>(bench, std::string("LSD-TN, lambda ") + text, tn, autoencode<Tn>(bench, tn, lambda));
  }
  print_latents<NmFull>(bench, "LSD-NM, lambda 1, multivariate KL", "nm-multivariate",
                        autoencode<NmFull>(bench, "nm-multivariate", 1.0));

  Read<Nm> nm(bench.cpu);
  Read<Tn> tn(bench.cpu);
  Read<NmFull> full(bench.cpu);
  nm.load(checkpoint(bench, "nm-1")), tn.load(checkpoint(bench, "tn-1")), full.load(checkpoint(bench, "nm-multivariate"));
  print_task_header(bench, "encoder");
  print_scores(bench, "LSD-NM, univariate KL", score(bench, evaluated(nm, "nm", false)), false);
  print_scores(bench, "LSD-NM, multivariate KL", score(bench, evaluated(full, "nm-multivariate", false)), false);
  print_scores(bench, "LSD-TN", score(bench, evaluated(tn, "tn", false)), false);
  print_scores(bench, "LSD-TN and LSD-NM concatenated", score(bench, concatenated(tn, nm, "tn+nm")), false);
}
