#pragma once
/// \file  What the latents of a model look like: their principal components by amino acid, and where on the noise scale the
/// denoiser still errs.

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include <pleat/diffusion/schedules.hpp>
#include <pleat/eval/evaluated_model.hpp>
#include <pleat/eval/projection.hpp>
#include <pleat/eval/report.hpp>

namespace pleat::inline v0_1 {

/// The first records of a set, cut at `crop`, until about `residues` residues are taken.
inline std::vector<Piece> first_pieces(const SequenceSet& set, Index residues, Index crop) {
  std::vector<Piece> pieces;
  for (Index i = 0, taken = 0; i < set.size() && taken < residues; ++i) {
    auto tokens = set.tokens(i);
    if (crop > 0 && static_cast<Index>(tokens.size()) > crop) tokens = tokens.first(static_cast<std::size_t>(crop));
    if (tokens.empty()) continue;
    taken += static_cast<Index>(tokens.size());
    pieces.push_back({tokens, static_cast<std::uint32_t>(i), 0});
  }
  return pieces;
}

/// Two principal components of the encoder's latents of `pieces`.
template <class Device>
ReportCloud latent_cloud(const Device& device, const EvaluatedModel& model, std::span<const Piece> pieces) {
  std::vector<std::size_t> offset{0};
  ReportCloud cloud;
  cloud.title = model.title + ", residue latents";
  for (const Piece& piece : pieces) {
    offset.push_back(offset.back() + piece.tokens.size());
    for (const std::uint8_t token : piece.tokens) cloud.letters += letter_of(token);
  }
  const auto width = static_cast<std::size_t>(model.width);
  std::vector<float> rows(offset.back() * width);
  const ReadOptions encoder{};
  model.read(pieces, {&encoder, 1}, [&](Index piece, Index, std::span<const float> values) {
    std::copy(values.begin(), values.end(),
              rows.begin() + static_cast<std::ptrdiff_t>(offset[static_cast<std::size_t>(piece)] * width));
  });
  const auto projection = principal_components(device, rows.data(), static_cast<Index>(offset.back()), model.width);
  for (std::size_t i = 0; i < offset.back(); ++i)
    cloud.x.push_back(projection.points[2 * i]), cloud.y.push_back(projection.points[2 * i + 1]);
  cloud.explained_x = projection.explained[0], cloud.explained_y = projection.explained[1];
  return cloud;
}

/// v-loss per dimension of a diffusion in `bins` bins of t of equal width, at their centres, on `pieces`: 1 is what a denoiser
/// that knows nothing has. By |v - v_hat|^2 = |z_0 - z_0_hat|^2 / sin^2 phi, where z_0 is the denoised reading at t = 0 on clean
/// input and z_0_hat the same reading of z_t.
template <class Schedule = CosineSchedule>
ReportSeries loss_per_time_bin(const EvaluatedModel& model, std::span<const Piece> pieces, Index bins = 10) {
  ReportSeries series{model.title, {}};
  std::vector<ReadOptions> readings{{{Reading::Denoised, 0}, 0.0, ReadingInput::Clean, 1}};
  for (Index b = 0; b < bins; ++b) {
    const double t = (static_cast<double>(b) + 0.5) / static_cast<double>(bins);
    readings.push_back({{Reading::Denoised, 0}, t, ReadingInput::Noised, 1});
  }
  std::vector<double> sums(readings.size(), 0.0);
  double count = 0;
  for (std::size_t first = 0; first < pieces.size();) { // clean and noised rows are needed together: a few pieces at a time
    std::size_t last = first, residues = 0;
    while (last < pieces.size() && (last == first || residues < 4096)) residues += pieces[last++].tokens.size();
    const auto some = pieces.subspan(first, last - first);
    std::vector<std::vector<float>> rows(some.size() * readings.size());
    model.read(some, readings, [&](Index piece, Index reading, std::span<const float> values) {
      rows[static_cast<std::size_t>(piece) * readings.size() + static_cast<std::size_t>(reading)].assign(values.begin(),
                                                                                                         values.end());
    });
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const auto &clean = rows[i - i % readings.size()], &denoised = rows[i];
      for (std::size_t j = 0; j < clean.size(); ++j) {
        const double d = static_cast<double>(denoised[j]) - static_cast<double>(clean[j]);
        sums[i % readings.size()] += d * d;
      }
      if (i % readings.size() == 0) count += static_cast<double>(clean.size());
    }
    first = last;
  }
  for (std::size_t k = 1; k < readings.size() && count > 0; ++k) {
    const double sigma = noise_level(Schedule{}, readings[k].t).sigma, loss = sums[k] / count / (sigma * sigma);
    series.points.push_back({readings[k].t, {loss, loss, loss}});
  }
  return series;
}

} // namespace pleat::inline v0_1
