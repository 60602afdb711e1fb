#pragma once
/// \file  The baseline without any training: what a protein is made of and how long it is.

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>
#include <vector>

#include <pleat/core/error.hpp>
#include <pleat/core/index.hpp>

namespace pleat::inline v0_1 {

/// Number of composition features: frequencies of the 20 amino acids in the whole chain and in its first 40 residues, log length.
inline constexpr Index composition_width = 41;

/// Writes the `composition_width` features of one sequence to `out`. Lower case counts as upper case. Frequencies are counts of
/// the 20 amino acids over all residues of the stretch: other letters (X, B, Z, U, O) are residues but have no frequency of their
/// own. An empty sequence is refused.
inline void composition_features(std::string_view sequence, float* out) {
  require(!sequence.empty(), "an empty sequence has no composition: leave the record out");
  constexpr std::string_view letters = "ACDEFGHIKLMNPQRSTVWY";
  constexpr std::size_t head = 40;
  std::array<double, 40> counts{};
  for (std::size_t i = 0; i < sequence.size(); ++i) {
    char c = sequence[i];
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    std::size_t place = letters.find(c);
    if (place == std::string_view::npos) continue;
    counts[place] += 1;
    if (i < head) counts[20 + place] += 1;
  }
  auto length = static_cast<double>(sequence.size()), start = static_cast<double>((std::min)(sequence.size(), head));
  for (std::size_t a = 0; a < 20; ++a) {
    out[a] = static_cast<float>(counts[a] / length);
    out[20 + a] = static_cast<float>(counts[20 + a] / start);
  }
  out[40] = static_cast<float>(std::log(length));
}

/// Row-major (sequences, composition_width) features; `sequences` is any range of strings. Pairs get both rows (see
/// `make_probe_data`).
template <class Sequences> std::vector<float> composition_matrix(const Sequences& sequences) {
  std::vector<float> features;
  for (const auto& sequence : sequences) {
    features.resize(features.size() + static_cast<std::size_t>(composition_width));
    composition_features(std::string_view(sequence), features.data() + features.size() - composition_width);
  }
  return features;
}

} // namespace pleat::inline v0_1
