#pragma once
/// \file  Which vector of a latent diffusion model is handed out as a representation, and their names on command lines and in
/// files.

#include <array>
#include <charconv>
#include <string>
#include <string_view>
#include <system_error>

#include <pleat/core/error.hpp>
#include <pleat/core/index.hpp>

namespace pleat::inline v0_1 {

/// With a = cos phi(t), s = sin phi(t), and v_hat, eps_hat, z_0_hat the network's estimates at the input z:
enum class Reading {
  Encoder,    ///< "z": the encoder's latent itself; no diffusion
  V,          ///< "v": v_hat
  EpsHat,     ///< "eps": a v_hat + s z = eps_hat = -s * score; the exact reading of Eq. 8
  Eq8Literal, ///< "eq8": v_hat + s z, Eq. 8 with the network's output put in as it is
  TanScaled,  ///< "tan": v_hat + tan(phi) z = -tan(phi) * score; does not exist at t = 1
  Score,      ///< "score": -z - (a / s) v_hat = grad log p_t; does not exist at t = 0 unless the parameterisation is ScaledV
  Denoised,   ///< "denoised": a z - s v_hat = z_0_hat
  Hidden      ///< "hidden:K": rows after block K of the denoiser, 1 = first block
};

/// What the denoiser sees.
enum class ReadingInput {
  Clean,  ///< "clean": z, no noise added: the score of the smoothed density at the data point (default)
  Scaled, ///< "scaled": a z, the mean of z_t
  Noised  ///< "noised": a z + s eps, averaged over several draws
};

/// A reading and, for Hidden, its block.
struct ReadingChoice {
  Reading reading = Reading::EpsHat;
  Index block = 0;
  friend constexpr bool operator==(const ReadingChoice&, const ReadingChoice&) = default;
};

namespace detail {
inline constexpr std::array<std::string_view, 8> reading_names = {"z", "v", "eps", "eq8", "tan", "score", "denoised", "hidden"};
inline constexpr std::array<std::string_view, 3> reading_input_names = {"clean", "scaled", "noised"};
} // namespace detail

constexpr std::string_view name_of(Reading reading) { return detail::reading_names[static_cast<std::size_t>(reading)]; }
constexpr std::string_view name_of(ReadingInput input) { return detail::reading_input_names[static_cast<std::size_t>(input)]; }
inline std::string name_of(ReadingChoice choice) {
  std::string name(name_of(choice.reading));
  return choice.reading == Reading::Hidden ? name + ":" + std::to_string(choice.block) : name;
}

/// Reads "z", "v", "eps", "eq8", "tan", "score", "denoised" or "hidden:K" (K >= 1); anything else is an Error that lists them.
inline ReadingChoice parse_reading(std::string_view text) {
  constexpr std::string_view prefix = "hidden:";
  if (text.substr(0, prefix.size()) == prefix) {
    std::string_view digits = text.substr(prefix.size());
    Index block = 0;
    auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), block);
    require(error == std::errc{} && end == digits.data() + digits.size() && block >= 1, "reading \"", text,
            "\": after hidden: comes the number of a block of the denoiser, 1 for the first.");
    return {Reading::Hidden, block};
  }
  for (std::size_t i = 0; i + 1 < detail::reading_names.size(); ++i)
    if (text == detail::reading_names[i]) return {static_cast<Reading>(i), 0};
  fail("unknown reading \"", text, "\"; there are z, v, eps, eq8, tan, score, denoised and hidden:K.");
}

inline ReadingInput parse_reading_input(std::string_view text) {
  for (std::size_t i = 0; i < detail::reading_input_names.size(); ++i)
    if (text == detail::reading_input_names[i]) return static_cast<ReadingInput>(i);
  fail("unknown input of a reading \"", text, "\"; there are clean, scaled and noised.");
}

} // namespace pleat::inline v0_1
