#pragma once
/// \file  Sentences for the signs that a latent diffusion went wrong. Each function takes numbers and returns a sentence, or an
/// empty string where the sign is absent; the sentence states the condition that held.

#include <algorithm>
#include <cmath>
#include <string>
#include <string_view>
#include <vector>

#include <pleat/eval/report.hpp>

namespace pleat::inline v0_1 {

/// Sign 1, "diffusion far below encoder: the latents are too discrete". Holds where the score of the diffusion representation
/// minus that of the encoder (same test proteins) is below -0.05 and its whole 95 % interval is below 0.
/// `normalised` says whether a normalisation loss shaped the latents: where none did (MLM), this is what to expect.
inline std::string warn_diffusion_below_encoder(std::string_view model, std::string_view task,
                                                const Interval& diffusion_minus_encoder, bool normalised = true) {
  const Interval& d = diffusion_minus_encoder;
  if (!(d.value < -0.05 && d.high < 0)) return "";
  std::string text(model);
  return text + " on " + std::string(task) + ": the diffusion representation scores " + detail::fixed(-d.value) +
         " below the encoder (difference " + detail::bounds(d, 3, true) +
         "; the warning holds beyond -0.05 with the whole interval below 0). " +
         (normalised
              ? "The latents may be too discrete: raise the weight of the normalisation loss, or the share of noised positions."
              : "Latents that no normalisation loss shaped are often too discrete for a diffusion.");
}

/// Sign 2, "reconstruction stalls: the normalisation loss is too strong". `accuracy` is the share of residues that the decoder
/// returns from unnoised latents on valid; `losses` the reconstruction loss over training. Holds where the accuracy is below
/// 0.90; the sentence tells a stall (the last quarter lowered the loss by less than 2 %) from a run that was merely short.
inline std::string warn_reconstruction_stalls(std::string_view model, double accuracy, const std::vector<double>& losses) {
  if (!(accuracy < 0.90)) return "";
  bool stalled = false;
  if (std::size_t n = losses.size(); n >= 8) {
    double before = 0, after = 0; // means of the third and the last quarter
    for (std::size_t i = n / 2; i < n; ++i) (i < n / 2 + (n - n / 2) / 2 ? before : after) += losses[i];
    before /= static_cast<double>((n - n / 2) / 2), after /= static_cast<double>((n - n / 2) - (n - n / 2) / 2);
    stalled = after > 0.98 * before;
  }
  std::string text(model);
  return text + ": the decoder returns only " + detail::fixed(100 * accuracy, 1) +
         " % of the residues from clean latents (the warning holds below 90 %). " +
         (stalled ? "Its loss fell by less than 2 % from the third to the last quarter of training, so it has stalled: lower the "
                    "weight of the normalisation loss."
                  : "Its loss is still falling: train longer before lowering the weight of the normalisation loss.");
}

/// Sign 3, "the representation is not smooth in t: check the + sin term". Holds where a point of the curve lies off the straight
/// line between its neighbours by more than 0.03 and by more than half the width of its own 95 % interval. Points must rise in x.
inline std::string warn_not_smooth(std::string_view model, std::string_view task, const std::vector<ReportPoint>& curve) {
  for (std::size_t i = 1; i + 1 < curve.size(); ++i) {
    const auto &a = curve[i - 1], &b = curve[i], &c = curve[i + 1];
    if (!(c.x > a.x)) continue;
    double line = a.y.value + (c.y.value - a.y.value) * (b.x - a.x) / (c.x - a.x), off = std::abs(b.y.value - line);
    double half = 0.5 * (b.y.high - b.y.low);
    if (!(off > 0.03 && off > half)) continue;
    std::string text(model);
    return text + " on " + std::string(task) + ": the score at t = " + detail::shortest(b.x) + " is " + detail::fixed(off) +
           " off the line between its neighbours (the warning holds beyond 0.03 and half the interval, here " +
           detail::fixed((std::max)(0.03, half)) +
           "). The representation is not smooth in t: check the + sin(pi t / 2) z term of the reading.";
  }
  return "";
}

/// Appends `sentence` unless it is empty.
inline void add_warning(Report& report, std::string sentence) {
  if (!sentence.empty()) report.warnings.push_back(std::move(sentence));
}

} // namespace pleat::inline v0_1
