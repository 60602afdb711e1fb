#pragma once
/// \file  What to do with sequences that are longer than wanted: refuse, cut, run in overlapping windows, or run whole.

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <pleat/core/error.hpp>
#include <pleat/core/index.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace pleat::inline v0_1 {

/// Residues [begin, begin + length) of a sequence.
struct Window {
  Index begin = 0, length = 0;
  friend bool operator==(const Window&, const Window&) = default;
};

struct LongPolicy {
  enum class Kind : std::uint8_t { Error, Truncate, Window, Full };
  static constexpr Index default_size = 1024;

  Kind kind = Kind::Full;
  Index size = default_size; // residues kept or of a window; a sequence of exactly this length is not long
  Index overlap = 0;         // residues that neighbouring windows share

  /// `error[:N] | truncate[:N] | window:SIZE:OVERLAP | full`. \throws Error that shows these forms.
  static LongPolicy parse(std::string_view text) {
    const auto wrong = [text](const char* why) {
      fail("--on-long ", text, ": ", why, "; write error[:N], truncate[:N], window:SIZE:OVERLAP or full.");
    };
    std::vector<std::string_view> parts;
    for (std::string_view rest = text;;) {
      const std::size_t colon = rest.find(':');
      parts.push_back(rest.substr(0, colon));
      if (colon == rest.npos) break;
      rest.remove_prefix(colon + 1);
    }
    const auto number = [&](std::size_t i) {
      Index value = 0;
      const auto result = std::from_chars(parts[i].data(), parts[i].data() + parts[i].size(), value);
      if (result.ec != std::errc() || result.ptr != parts[i].data() + parts[i].size() || value < 0)
        wrong("a length is not a number");
      return value;
    };
    LongPolicy policy;
    if (parts[0] == "full" && parts.size() == 1) return policy;
    if (parts[0] == "window" && parts.size() == 3) {
      policy = {Kind::Window, number(1), number(2)};
      if (policy.overlap >= policy.size) wrong("the overlap must be smaller than the window");
    } else if ((parts[0] == "error" || parts[0] == "truncate") && parts.size() <= 2) {
      policy.kind = parts[0] == "error" ? Kind::Error : Kind::Truncate;
      if (parts.size() == 2) policy.size = number(1);
    } else
      wrong("is not a policy");
    if (policy.size < 1) wrong("a length must be at least 1");
    return policy;
  }

  std::string text() const {
    switch (kind) {
    case Kind::Error:
      return "error:" + std::to_string(size);
    case Kind::Truncate:
      return "truncate:" + std::to_string(size);
    case Kind::Window:
      return "window:" + std::to_string(size) + ":" + std::to_string(overlap);
    case Kind::Full:
      break;
    }
    return "full";
  }

  bool is_long(Index length) const { return kind != Kind::Full && length > size; }
  /// Residues that will have a row.
  Index kept(Index length) const { return kind == Kind::Truncate ? (std::min)(length, size) : length; }

  /// The pieces to run, in order; one piece for a sequence that is not long, none for an empty one. Windows all have `size`
  /// residues (the last one is moved back), so together they cover the sequence exactly. \throws Error naming `where`.
  std::vector<Window> windows(Index length, std::string_view where = "sequence") const {
    if (length <= 0) return {};
    if (!is_long(length)) return {{0, length}};
    require(kind != Kind::Error, where, ": has ", length, " residues, more than the ", size,
            " allowed: use --on-long truncate, window or full, or raise the limit.");
    if (kind == Kind::Truncate) return {{0, size}};
    std::vector<Window> pieces;
    for (Index begin = 0;; begin += size - overlap) {
      pieces.push_back({(std::min)(begin, length - size), size});
      if (begin + size >= length) return pieces;
    }
  }
};

/// Averages rows of overlapping windows back into one row per residue, in the order in which windows are added.
class WindowAverage {
public:
  WindowAverage(Index length, Index width)
      : width_(width), rows_(static_cast<std::size_t>(length * width)), counts_(static_cast<std::size_t>(length)) {}

  /// `rows`: window.length rows of `width` values, `stride` values apart.
  void add(const Window& window, const float* rows, Index stride) {
    require(window.begin >= 0 && window.begin + window.length <= static_cast<Index>(counts_.size()),
            "A window reaches beyond its sequence.");
    for (Index r = 0; r < window.length; ++r) {
      float* sum = rows_.data() + (window.begin + r) * width_;
      for (Index c = 0; c < width_; ++c) sum[c] += rows[r * stride + c];
      ++counts_[static_cast<std::size_t>(window.begin + r)];
    }
  }
  /// (length, width) without gaps between rows. \throws Error if a residue was in no window.
  const std::vector<float>& finish() {
    for (std::size_t r = 0; r < counts_.size(); ++r) {
      require(counts_[r] > 0, "Residue ", r + 1, " is in no window.");
      if (counts_[r] == 1) continue;
      for (Index c = 0; c < width_; ++c)
        rows_[r * static_cast<std::size_t>(width_) + static_cast<std::size_t>(c)] /= static_cast<float>(counts_[r]);
      counts_[r] = 1;
    }
    return rows_;
  }

private:
  Index width_;
  std::vector<float> rows_;
  std::vector<int> counts_; // windows that held the residue
};

} // namespace pleat::inline v0_1
