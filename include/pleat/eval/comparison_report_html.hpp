#pragma once
/// \file  A comparison on structure tasks as one self-contained HTML page; `write_report` (report_files.hpp) writes its folder.

#include <cmath>
#include <optional>
#include <string>

#include <pleat/eval/comparison_report.hpp>
#include <pleat/eval/report_html.hpp>
#include <pleat/eval/residue_map_svg.hpp>

namespace pleat::inline v0_1 {
namespace detail {

inline std::string html_difference(const std::optional<Interval>& d) {
  if (!d) return "<td></td>";
  const std::string kind = d->low > 0 ? "up" : d->high < 0 ? "down" : "soft";
  return "<td>" + with_minus(fixed(d->value, 3, true) + " (" + bounds(*d, 3, true)) + ")<span class=\"small " + kind + "\">" +
         difference_words(*d) + "</span></td>";
}

inline std::string html_comparison(const ComparisonTable& task) {
  const Comparison& c = task.comparison;
  std::string out = "<h3>" + escape_html(task.title) + "</h3>\n<p class=\"note\">" + std::to_string(c.examples) +
                    " labels of test in " + std::to_string(c.components) +
                    " components.</p>\n<div class=\"scroll\"><table class=\"main\"><thead><tr><th>Predictor</th><th>" +
                    escape_html(task.metric) +
                    "<small>mean over seeds, 95 % interval over components</small></th><th>Each seed</th>";
  out += "<th>Less " + escape_html(c.reference.empty() ? "the reference" : c.reference) + "<small>paired</small></th><th>Less " +
         escape_html(c.baseline.empty() ? "the best baseline" : c.baseline) +
         "<small>paired</small></th></tr></thead>\n<tbody>\n";
  const ComparedRow* best = nullptr;
  for (const ComparedRow& row : c.rows)
    if (row.learned && !std::isnan(row.value.value) && (best == nullptr || row.value.value > best->value.value)) best = &row;
  for (const ComparedRow& row : c.rows) {
    std::string seeds;
    for (const auto& [seed, value] : row.seeds)
      seeds += "<span class=\"small\" title=\"" + escape_html(bounds(value)) + "\">" + escape_html(seed) + ": " +
               with_minus(fixed(value.value)) + "</span>";
    out += std::string("<tr") + (row.learned ? "" : " class=\"baseline\"") + "><th>" + escape_html(row.title) +
           (row.learned ? "" : "<small>baseline</small>") + "</th><td" + (&row == best ? " class=\"best\"" : "") +
           "><span class=\"value\">" + with_minus(fixed(row.value.value)) + "</span> <span class=\"soft\">" +
           with_minus(bounds(row.value)) + "</span></td><td>" + seeds + "</td>" + html_difference(row.to_reference) +
           html_difference(row.to_baseline) + "</tr>\n";
  }
  return out + "</tbody></table></div>\n";
}

} // namespace detail

inline std::string report_html(const ComparisonReport& report) {
  using detail::escape_html;
  std::string out = detail::html_head(report.title, report.subtitle);
  out += "<h2>Tasks</h2>\n<p class=\"note\">A difference counts only where its whole paired interval lies on one side of 0. "
         "Intervals "
         "are over components of related proteins, not over seeds. The best learned value is bold and underlined.</p>\n";
  for (const ComparisonTable& task : report.tasks) out += detail::html_comparison(task);
  out += detail::html_charts("Training", "Loss against optimiser step; long curves are drawn as means of neighbouring steps.",
                             report.training_curves);
  if (!report.maps.empty()) {
    out += "<h2>One protein, residue by residue</h2>\n<div class=\"charts wide\">\n";
    for (const ResidueMap& map : report.maps) out += detail::draw_residue_map(map);
    out += "</div>\n";
  }
  return out + detail::html_end(report.notes, report.facts);
}

} // namespace pleat::inline v0_1
