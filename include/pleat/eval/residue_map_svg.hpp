#pragma once
/// \file  Inline SVG of one protein: its contact map, with what is observed and what is predicted of each residue on its edges.

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>
#include <vector>

#include <pleat/eval/comparison_report.hpp>
#include <pleat/eval/report_svg.hpp>

namespace pleat::inline v0_1::detail {

// Shares of the finite values that are smaller: 0 for the smallest, 1 for the largest, equal for equal values; NaN stays.
inline std::vector<double> rank_shares(const std::vector<double>& values) {
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < values.size(); ++i)
    if (!std::isnan(values[i])) order.push_back(i);
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return values[a] < values[b]; });
  std::vector<double> shares(values.size(), std::nan(""));
  for (std::size_t first = 0, last; first < order.size(); first = last) {
    for (last = first; last < order.size() && values[order[last]] == values[order[first]]; ++last) {
    }
    const double share = order.size() > 1 ? static_cast<double>(first + last - 1) / 2 / static_cast<double>(order.size() - 1) : 1;
    for (std::size_t k = first; k < last; ++k) shares[order[k]] = share;
  }
  return shares;
}

/// The contact map below and left of the diagonal in grey; contacts between residues that are among the highest predicted ones
/// are coloured by the prediction, above the diagonal those among the highest observed ones. Strips along the top and the left
/// edge: outer observed, inner predicted, the darker the higher in rank. "Highest": as many as are observed positive where labels
/// are 0 and 1, else a tenth.
inline std::string draw_residue_map(const ResidueMap& map) {
  const std::size_t n = map.observed.size();
  const std::string title = escape_html(map.title);
  if (n == 0 || map.predicted.size() != n || map.names.size() != n)
    return "<figure><figcaption>" + title + "</figcaption><p class=\"note\">No residues to draw.</p></figure>";
  bool binary = true;
  double positives = 0, asked = 0;
  for (const double x : map.observed)
    if (!std::isnan(x)) binary = binary && (x == 0 || x == 1), positives += x > 0 ? 1 : 0, ++asked;
  const double share = binary ? positives / (std::max)(asked, 1.0) : 0.1;
  const auto seen = rank_shares(map.observed), said = rank_shares(map.predicted);
  const auto high = [share](double x) { return !std::isnan(x) && x >= 1 - share; };
  const auto observed = [&](std::size_t r) { return binary ? map.observed[r] : seen[r]; };
  const double margin = 46, strip = 12, size = 420, cell = size / static_cast<double>(n);
  const auto at = [&](std::size_t r) { return margin + cell * static_cast<double>(r); };
  const auto tile = [](double x, double y, double w, double h, const char* kind, double opacity, const std::string& hover = "") {
    const std::string open = "<rect x=\"" + fixed(x, 2) + "\" y=\"" + fixed(y, 2) + "\" width=\"" + fixed(w, 2) + "\" height=\"" +
                             fixed(h, 2) + "\" class=\"mark tile " + kind + "\" fill-opacity=\"" + fixed(opacity, 2) + "\"";
    return hover.empty() ? open + "/>" : open + "><title>" + escape_html(hover) + "</title></rect>";
  };
  std::string svg;
  const auto strips = [&](std::size_t r, double offset, const char* kind, double depth, const std::string& hover) {
    if (std::isnan(depth)) return;
    const double opacity = 0.06 + 0.94 * depth * depth;
    svg += tile(at(r), offset, cell, strip, kind, opacity, hover) + tile(offset, at(r), strip, cell, kind, opacity, hover);
  };
  for (std::size_t r = 0; r < n; ++r) {
    const std::string hover =
        map.names[r] + ": observed " + shortest(map.observed[r]) + ", predicted rank " + fixed(100 * said[r], 0) + " %";
    strips(r, margin - 2 * strip - 6, "s1", observed(r), hover), strips(r, margin - strip - 3, "s0", said[r], hover);
  }
  svg +=
      "<path class=\"axis\" d=\"M" + px(margin) + " " + px(margin) + "h" + px(size) + "v" + px(size) + "h-" + px(size) + "z\"/>";
  const double dot = (std::max)(cell, 1.6);
  for (const auto& [i, j] : map.contacts) {
    const auto a = static_cast<std::size_t>(i), b = static_cast<std::size_t>(j);
    const bool is_said = high(said[a]) && high(said[b]);
    const bool is_seen = binary ? map.observed[a] > 0 && map.observed[b] > 0 : high(seen[a]) && high(seen[b]);
    svg += tile(at(a), at(b), dot, dot, is_said ? "s0" : "s6", is_said ? 1 : 0.45); // below the diagonal
    svg += tile(at(b), at(a), dot, dot, is_seen ? "s1" : "s6", is_seen ? 1 : 0.45);
  }
  const auto key = [](const char* kind, const char* words) {
    return std::string("<li><svg viewBox=\"0 0 14 14\" width=\"14\" height=\"14\" aria-hidden=\"true\"><rect class=\"mark ") +
           kind + "\" width=\"14\" height=\"14\" rx=\"3\"/></svg>" + words + "</li>";
  };
  const double whole = margin + size + 8;
  return "<figure><figcaption>" + title + "</figcaption><svg class=\"chart\" viewBox=\"0 0 " + px(whole) + " " + px(whole) +
         "\" role=\"img\" aria-label=\"" + title + "\">" + svg + "</svg><ul class=\"legend\">" +
         key("s1", "observed: outer strips, and contacts above the diagonal") +
         key("s0", "predicted: inner strips (darker: higher rank), and contacts below the diagonal") +
         key("s6", "other contacts") + "</ul>" + (map.note.empty() ? "" : "<p class=\"note\">" + escape_html(map.note) + "</p>") +
         "</figure>\n";
}

} // namespace pleat::inline v0_1::detail
