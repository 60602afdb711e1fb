#pragma once
/// \file  The alphabet: how characters become tokens, and what happens to odd letters.

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <pleat/core/error.hpp>
#include <pleat/core/tokens.hpp>

namespace pleat::inline v0_1 {

/// Changes whenever the meaning of a token changes; checkpoints carry it so that a model is not fed another alphabet.
inline constexpr std::uint32_t alphabet_fingerprint = [] {
  std::uint32_t hash = 2166136261u; // FNV-1a
  for (const char c : token_letters) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619u;
  return hash;
}();

/// What to do with letters that are not the 20 standard residues. X is always kept; J (leucine or isoleucine) becomes X; a stop
/// `*` is stripped at the end and X elsewhere; lower case is raised; every other character becomes one X.
struct AlphabetPolicy {
  bool rare_as_x = false; // B Z U O: own tokens, or X for models of 20 letters
  bool keep_gaps = false; // '-' and '.': removed, or own tokens (alignments)
  bool strict = false;    // other characters: X and counted, or an Error
};

/// Counts of what an AlphabetPolicy did.
struct AlphabetReport {
  Index residues = 0; // tokens made, gaps included
  Index lower_case = 0, unknown = 0 /* X */, rare = 0 /* B Z U O */, ambiguous = 0 /* J */;
  Index stops_stripped = 0, stops_inside = 0, gaps = 0 /* removed or kept */, other = 0;

  AlphabetReport& operator+=(const AlphabetReport& more) {
    residues += more.residues, lower_case += more.lower_case, unknown += more.unknown, rare += more.rare,
        ambiguous += more.ambiguous;
    stops_stripped += more.stops_stripped, stops_inside += more.stops_inside, gaps += more.gaps, other += more.other;
    return *this;
  }
  /// "12 rare letters (B Z U O), 3 gaps": what was out of the ordinary; empty if nothing was.
  std::string summary() const {
    std::string text;
    const auto say = [&text](Index count, const char* what) {
      if (count > 0) (text += text.empty() ? "" : ", ") += std::to_string(count) + " " + what;
    };
    say(lower_case, "lower-case letters raised");
    say(unknown, "X");
    say(rare, "rare letters (B Z U O)");
    say(ambiguous, "J read as X");
    say(stops_stripped, "final stops stripped");
    say(stops_inside, "inner stops read as X");
    say(gaps, "gaps");
    say(other, "other characters read as X");
    return text;
  }
};

namespace detail {
enum : std::uint8_t { letter_rare = 64, letter_j, letter_stop, letter_gap, letter_other }; // classes above the tokens

/// Token of a standard residue or X, or the class of any other character; of upper case.
inline constexpr std::array<std::uint8_t, 256> letter_table = [] {
  std::array<std::uint8_t, 256> table{};
  for (auto& entry : table) entry = letter_other;
  for (std::size_t token = 4; token <= token_x; ++token)
    table[static_cast<unsigned char>(token_letters[token])] = static_cast<std::uint8_t>(token);
  for (const char c : {'B', 'U', 'Z', 'O'}) table[static_cast<unsigned char>(c)] = letter_rare;
  table['J'] = letter_j;
  table['*'] = letter_stop;
  table['-'] = table['.'] = letter_gap;
  return table;
}();
} // namespace detail

/// Appends the tokens of `letters` (no special tokens are added: rows equal residues) and counts into `report`.
/// \throws Error in strict mode, naming `where` (a record) and the position. Nothing else throws: any bytes are accepted.
inline void encode_letters(std::string_view letters, const AlphabetPolicy& policy, std::vector<TokenId>& tokens,
                           AlphabetReport& report, std::string_view where = "sequence") {
  const std::size_t first = tokens.size();
  tokens.resize(first + letters.size()); // written through a pointer: push_back halves the speed
  TokenId* to = tokens.data() + first;
  std::size_t last = letters.size(); // stops at or beyond `last` end the sequence
  while (last > 0 && (letters[last - 1] == '*' || letters[last - 1] == '-' || letters[last - 1] == '.')) --last;
  const char* from = letters.data();
  const std::size_t count = letters.size();
  for (std::size_t i = 0; i < count; ++i) {
    for (; i < count; ++i) { // runs of standard residues: nearly everything
      const std::uint8_t token = detail::letter_table[static_cast<unsigned char>(from[i])];
      if (token >= token_x) break;
      *to++ = token;
    }
    if (i == count) break;
    char c = from[i];
    if (c >= 'a' && c <= 'z') {
      c = static_cast<char>(c - 'a' + 'A');
      ++report.lower_case;
    }
    const std::uint8_t kind = detail::letter_table[static_cast<unsigned char>(c)];
    if (kind <= token_x) {
      report.unknown += kind == token_x;
      *to++ = kind;
      continue;
    }
    switch (kind) {
    case detail::letter_rare:
      ++report.rare;
      *to++ = policy.rare_as_x ? token_x : static_cast<TokenId>(token_letters.find(c));
      break;
    case detail::letter_j:
      ++report.ambiguous;
      *to++ = token_x;
      break;
    case detail::letter_stop:
      if (i >= last) {
        ++report.stops_stripped;
        break;
      }
      ++report.stops_inside;
      *to++ = token_x;
      break;
    case detail::letter_gap:
      ++report.gaps;
      if (policy.keep_gaps) *to++ = c == '-' ? token_gap : token_dot;
      break;
    default: {
      const auto byte = static_cast<unsigned char>(c);
      // The tail of a UTF-8 character: the character is one X, not one for each byte.
      if ((byte & 0xc0u) == 0x80u && i > 0 && static_cast<unsigned char>(letters[i - 1]) >= 0x80u) break;
      if (policy.strict) tokens.resize(first);
      require(!policy.strict, where, ": the character at position ", i + 1, " (byte value ", static_cast<unsigned>(byte),
              ") is no residue: remove it or run without the strict alphabet.");
      ++report.other;
      *to++ = token_x;
    }
    }
  }
  tokens.resize(static_cast<std::size_t>(to - tokens.data()));
  report.residues += static_cast<Index>(tokens.size() - first);
}

} // namespace pleat::inline v0_1
