#pragma once
/// \file  Inline SVG of line charts and clouds of amino acids. Colours are classes (s0 ... s7, a0 ... a5) that the page's style
/// defines, so that one drawing serves light and dark; series also differ in marker and dash for readers who do not see the
/// colours.

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include <pleat/eval/report.hpp>

namespace pleat::inline v0_1 {
namespace detail {

inline constexpr std::size_t series_styles = 8;

inline std::string escape_html(std::string_view text) {
  std::string result;
  for (char c : text) {
    if (c == '&')
      result += "&amp;";
    else if (c == '<')
      result += "&lt;";
    else if (c == '>')
      result += "&gt;";
    else if (c == '"')
      result += "&quot;";
    else if (c == '\'')
      result += "&#39;";
    else if (static_cast<unsigned char>(c) >= 0x20 || c == '\n' || c == '\t')
      result += c;
  }
  return result;
}

/// Maps data to pixels, with ticks at round numbers.
struct Axis {
  double low = 0, high = 1, from = 0, to = 1;
  std::vector<double> ticks;

  double at(double value) const { return from + (value - low) / (high - low) * (to - from); }

  /// `exact`: the axis ends at the data; else it is widened to whole ticks.
  static Axis over(double low, double high, double from, double to, bool exact) {
    if (!(low <= high) || std::isinf(low) || std::isinf(high)) low = 0, high = 1;
    if (high - low < 1e-9 * (std::max)(1.0, std::abs(low))) {
      double pad = (std::max)(0.05, 0.05 * std::abs(low));
      low -= pad, high += pad;
    }
    double raw = (high - low) / 5, power = std::pow(10.0, std::floor(std::log10(raw)));
    double step = raw <= power ? power : raw <= 2 * power ? 2 * power : raw <= 5 * power ? 5 * power : 10 * power;
    Axis axis{low, high, from, to, {}};
    if (!exact) axis.low = std::floor(low / step + 1e-9) * step, axis.high = std::ceil(high / step - 1e-9) * step;
    for (double i = std::ceil(axis.low / step - 1e-9); i * step <= axis.high + 1e-9 * step; ++i) axis.ticks.push_back(i * step);
    return axis;
  }
};

struct Frame {
  double width = 430, height = 270, left = 58, right = 10, top = 10, bottom = 44;
};

inline std::string px(double value) { return fixed(value, 1); }

inline std::string draw_axes(const Frame& f, const Axis& x, const Axis& y, std::string_view x_label, std::string_view y_label) {
  std::string svg;
  auto text = [&](const char* kind, double at_x, double at_y, const std::string& content, const std::string& more = "") {
    svg += std::string("<text class=\"") + kind + "\" x=\"" + px(at_x) + "\" y=\"" + px(at_y) + "\"" + more + ">" + content +
           "</text>";
  };
  for (double tick : y.ticks) {
    svg += "<line class=\"grid\" x1=\"" + px(f.left) + "\" x2=\"" + px(f.width - f.right) + "\" y1=\"" + px(y.at(tick)) +
           "\" y2=\"" + px(y.at(tick)) + "\"/>";
    text("tick end", f.left - 7, y.at(tick) + 4, shortest(std::abs(tick) < 1e-12 ? 0 : tick));
  }
  for (double tick : x.ticks) {
    svg += "<line class=\"axis\" x1=\"" + px(x.at(tick)) + "\" x2=\"" + px(x.at(tick)) + "\" y1=\"" + px(f.height - f.bottom) +
           "\" y2=\"" + px(f.height - f.bottom + 5) + "\"/>";
    text("tick mid", x.at(tick), f.height - f.bottom + 18, shortest(std::abs(tick) < 1e-12 ? 0 : tick, 6));
  }
  svg += "<path class=\"axis\" d=\"M" + px(f.left) + " " + px(f.top) + "V" + px(f.height - f.bottom) + "H" +
         px(f.width - f.right) + "\"/>";
  text("label mid", 0.5 * (f.left + f.width - f.right), f.height - 8, escape_html(x_label));
  double middle = 0.5 * (f.top + f.height - f.bottom);
  text("label mid", 14, middle, escape_html(y_label), " transform=\"rotate(-90 14 " + px(middle) + ")\"");
  return svg;
}

inline std::string draw_marker(std::size_t style, double x, double y) {
  std::string cx = px(x), cy = px(y);
  switch (style % 4) {
  case 0:
    return "<circle cx=\"" + cx + "\" cy=\"" + cy + "\" r=\"4\"/>";
  case 1:
    return "<rect x=\"" + px(x - 3.6) + "\" y=\"" + px(y - 3.6) + "\" width=\"7.2\" height=\"7.2\"/>";
  case 2:
    return "<path d=\"M" + cx + " " + px(y - 4.8) + "l4.6 8.2h-9.2z\"/>";
  default:
    return "<path d=\"M" + cx + " " + px(y - 5) + "l5 5l-5 5l-5-5z\"/>";
  }
}

inline std::string draw_series(const ReportSeries& series, std::vector<ReportPoint> points, std::size_t style, const Axis& x,
                               const Axis& y) {
  std::string line, upper, lower, markers, kind = "s" + std::to_string(style % series_styles), name = escape_html(series.title);
  bool band = false;
  for (auto& p : points) {
    if (!std::isfinite(p.y.low) || !std::isfinite(p.y.high)) p.y.low = p.y.high = p.y.value;
    band = band || p.y.high > p.y.low;
    line += (line.empty() ? "" : " ") + px(x.at(p.x)) + "," + px(y.at(p.y.value));
    upper += " " + px(x.at(p.x)) + "," + px(y.at(p.y.high));
    lower = " " + px(x.at(p.x)) + "," + px(y.at(p.y.low)) + lower;
  }
  std::string svg;
  if (band) svg += "<polygon class=\"band " + kind + "\" points=\"" + upper.substr(1) + lower + "\"/>";
  svg += "<polyline class=\"line " + kind + "\" points=\"" + line + "\"><title>" + name + "</title></polyline>";
  if (points.size() > 40) return svg;
  for (const auto& p : points) {
    std::string hover =
        name + ": " + fixed(p.y.value) + (p.y.high > p.y.low ? " (" + bounds(p.y) + ")" : "") + " at " + shortest(p.x);
    svg +=
        "<g class=\"mark " + kind + "\"><title>" + hover + "</title>" + draw_marker(style, x.at(p.x), y.at(p.y.value)) + "</g>";
  }
  return svg;
}

/// A line chart with its legend, as a <figure>.
inline std::string draw_chart(const ReportChart& chart) {
  Frame f;
  double none = std::numeric_limits<double>::infinity(), x_low = none, x_high = -none, y_low = none, y_high = -none;
  std::vector<std::vector<ReportPoint>> all;
  for (const auto& series : chart.series) {
    all.push_back(thinned(series.points, 240));
    for (const auto& p : all.back()) {
      x_low = (std::min)(x_low, p.x), x_high = (std::max)(x_high, p.x);
      for (double v : {p.y.value, p.y.low, p.y.high})
        if (std::isfinite(v)) y_low = (std::min)(y_low, v), y_high = (std::max)(y_high, v);
    }
  }
  for (const auto& level : chart.levels)
    if (std::isfinite(level.second)) y_low = (std::min)(y_low, level.second), y_high = (std::max)(y_high, level.second);
  std::string title = escape_html(chart.title), legend, level_legend, body;
  if (!(x_low <= x_high))
    return "<figure><figcaption>" + title + "</figcaption><p class=\"note\">No finite numbers to draw.</p></figure>";

  if (x_low > 0 && x_low < 0.05 * x_high) x_low = 0; // steps and times start at 0
  Axis x = Axis::over(x_low, x_high, f.left + 10, f.width - f.right - 10, true);
  Axis y = Axis::over(y_low, y_high, f.height - f.bottom, f.top, false);
  auto key = [&](std::string& to, const std::string& drawing, const std::string& name) {
    to += "<li><svg viewBox=\"0 0 34 14\" width=\"34\" height=\"14\" aria-hidden=\"true\">" + drawing + "</svg>" + name + "</li>";
  };
  for (std::size_t i = 0; i < chart.levels.size(); ++i) {
    const auto& [name, level] = chart.levels[i];
    if (!std::isfinite(level)) continue;
    std::string kind = "level l" + std::to_string(i % 4), label = escape_html(name) + " (" + fixed(level) + ")";
    for (std::size_t k = 0; k < chart.series.size(); ++k) // the level of a series has its colour
      if (name.starts_with(chart.series[k].title + " ")) kind += " s" + std::to_string(k % series_styles);
    body += "<line class=\"" + kind + "\" x1=\"" + px(f.left) + "\" x2=\"" + px(f.width - f.right) + "\" y1=\"" +
            px(y.at(level)) + "\" y2=\"" + px(y.at(level)) + "\"><title>" + label + "</title></line>";
    key(level_legend, "<line class=\"" + kind + "\" x1=\"1\" x2=\"33\" y1=\"7\" y2=\"7\"/>", label);
  }
  for (std::size_t i = 0; i < chart.series.size(); ++i) {
    if (all[i].empty()) continue;
    std::string kind = "s" + std::to_string(i % series_styles);
    body += draw_series(chart.series[i], all[i], i, x, y);
    std::string marker = all[i].size() > 40 ? "" : "<g class=\"mark " + kind + "\">" + draw_marker(i, 17, 7) + "</g>";
    key(legend, "<polyline class=\"line " + kind + "\" points=\"1,7 33,7\"/>" + marker, escape_html(chart.series[i].title));
  }
  return "<figure><figcaption>" + title + "</figcaption><svg class=\"chart\" viewBox=\"0 0 " + px(f.width) + " " + px(f.height) +
         "\" role=\"img\" aria-label=\"" + title + "\">" + draw_axes(f, x, y, chart.x_label, chart.y_label) + body +
         "</svg><ul class=\"legend\">" + legend + level_legend + "</ul>" +
         (chart.note.empty() ? "" : "<p class=\"note\">" + escape_html(chart.note) + "</p>") + "</figure>\n";
}

struct AminoAcidGroup {
  std::string_view letters, title;
};
inline constexpr AminoAcidGroup amino_acid_groups[] = {{"AVILMC", "aliphatic, sulphur (A V I L M C)"},
                                                       {"FWY", "aromatic (F W Y)"},
                                                       {"STNQ", "polar (S T N Q)"},
                                                       {"KRH", "positive (K R H)"},
                                                       {"DE", "negative (D E)"},
                                                       {"GP", "special (G P)"}};

/// Each point is the letter of its amino acid, coloured by its chemical group; few enough to read, at most 3000.
inline std::string draw_cloud(const ReportCloud& cloud) {
  Frame f{.width = 560, .height = 430};
  std::size_t n = (std::min)({cloud.x.size(), cloud.y.size(), cloud.letters.size()}),
              step = (std::max)(std::size_t{1}, (n + 2999) / 3000);
  double none = std::numeric_limits<double>::infinity(), x_low = none, x_high = -none, y_low = none, y_high = -none;
  std::vector<std::size_t> chosen;
  for (std::size_t i = 0; i < n; i += step) {
    if (!std::isfinite(cloud.x[i]) || !std::isfinite(cloud.y[i])) continue;
    chosen.push_back(i);
    x_low = (std::min)(x_low, cloud.x[i]), x_high = (std::max)(x_high, cloud.x[i]);
    y_low = (std::min)(y_low, cloud.y[i]), y_high = (std::max)(y_high, cloud.y[i]);
  }
  std::string title = escape_html(cloud.title), body, legend;
  if (chosen.empty())
    return "<figure><figcaption>" + title + "</figcaption><p class=\"note\">No finite numbers to draw.</p></figure>";
  Axis x = Axis::over(x_low, x_high, f.left + 10, f.width - f.right - 10, true),
       y = Axis::over(y_low, y_high, f.height - f.bottom - 8, f.top + 8, true);
  for (std::size_t g = 0; g < 7; ++g) { // group by group: the class is written once; the seventh is every other letter
    std::string letters;
    for (std::size_t i : chosen) {
      char c = cloud.letters[i];
      bool known = false, mine = false;
      for (std::size_t k = 0; k < 6; ++k)
        if (amino_acid_groups[k].letters.find(c) != std::string_view::npos) known = true, mine = k == g;
      if (g == 6 ? known : !mine) continue;
      letters += "<text x=\"" + px(x.at(cloud.x[i])) + "\" y=\"" + px(y.at(cloud.y[i])) + "\">" +
                 escape_html(std::string_view(&c, 1)) + "</text>";
    }
    if (letters.empty()) continue;
    std::string kind = "a" + std::to_string(g), name(g < 6 ? amino_acid_groups[g].title : "other");
    body += "<g class=\"residue " + kind + "\"><title>" + name + "</title>" + letters + "</g>";
    legend += "<li><svg viewBox=\"0 0 14 14\" width=\"14\" height=\"14\" aria-hidden=\"true\"><rect class=\"" + kind +
              "\" width=\"14\" height=\"14\" rx=\"3\"/></svg>" + name + "</li>";
  }
  auto label = [](const char* name, double share) {
    return std::string(name) + " (" + fixed(100 * share, 1) + " % of the variance)";
  };
  return "<figure><figcaption>" + title + "</figcaption><svg class=\"chart\" viewBox=\"0 0 " + px(f.width) + " " + px(f.height) +
         "\" role=\"img\" aria-label=\"" + title + "\">" +
         draw_axes(f, x, y, label("component 1", cloud.explained_x), label("component 2", cloud.explained_y)) + body +
         "</svg><ul class=\"legend\">" + legend + "</ul></figure>\n";
}

} // namespace detail
} // namespace pleat::inline v0_1
