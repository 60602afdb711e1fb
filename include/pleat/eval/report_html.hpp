#pragma once
/// \file  A report as one self-contained HTML page: no script, nothing loaded from outside, every text escaped.

#include <cmath>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <pleat/eval/report.hpp>
#include <pleat/eval/report_style.hpp>
#include <pleat/eval/report_svg.hpp>

namespace pleat::inline v0_1 {
namespace detail {

/// Numbers for people: a true minus sign.
inline std::string with_minus(std::string text) {
  for (std::size_t at = 0; (at = text.find('-', at)) != std::string::npos; at += 3) text.replace(at, 1, "\u2212");
  return text;
}

/// Metric names as people write them.
inline std::string metric_title(std::string_view name) {
  if (name == "spearman") return "Spearman \u03c1";
  return name == "mcc" ? "MCC" : name == "auroc" ? "AUROC" : name == "auprc" ? "AUPRC" : std::string(name);
}

inline std::string html_cell(const Report& report, const ReportTask& task, const ReportRow& row) {
  const ReportCell* cell = report.find(task.name, row.model, row.representation);
  if (!cell || cell->metrics.empty()) return "<td class=\"soft\">not run</td>";
  const Interval& value = cell->metrics[0].interval;
  bool best = cell == report.best_learned(task.name);
  std::string probe = "probe " + cell->probe + " (" + shortest(cell->strength) + ")";
  if (!cell->reading.empty()) probe += ", reading " + cell->reading;
  std::string td = std::string("<td") + (best ? " class=\"best\"" : "") + " title=\"" + escape_html(probe) +
                   "\"><span class=\"value\">" + with_minus(fixed(value.value)) + "</span> <span class=\"soft\">" +
                   with_minus(bounds(value, 2)) + "</span>";
  if (!cell->differences.empty()) {
    const Interval& d = cell->differences[0].interval;
    std::string words = standing(*cell), kind = d.low > 0 ? "up" : d.high < 0 ? "down" : "flat";
    td += "<span class=\"small\">" + with_minus(fixed(d.value, 3, true) + " (" + bounds(d, 3, true)) + ")</span>";
    td += "<span class=\"small " + kind + "\">" + words + "</span>";
  }
  if (!std::isnan(cell->t)) td += "<span class=\"small\">t = " + shortest(cell->t) + "</span>";
  return td + "</td>";
}

inline std::string html_table(const Report& report) {
  std::string out =
      "<p class=\"note\">Test score with its 95 % interval; below it the difference to "
      "composition with its paired 95 % interval. "
      "The best learned value of each task is bold and underlined. A cell beats composition only where the whole paired interval "
      "is above 0. Counts are examples in train / valid / test.</p>\n<div class=\"scroll\"><table "
      "class=\"main\">\n<thead><tr><th>Model</th>";
  for (const auto& task : report.tasks) {
    out += "<th>" + escape_html(task.title) + "<small>" + escape_html(metric_title(task.metric)) + "</small>";
    if (task.train > 0)
      out += "<small>" + std::to_string(task.train) + " / " + std::to_string(task.valid) + " / " + std::to_string(task.test) +
             "</small>";
    out += "</th>";
  }
  out += "</tr></thead>\n<tbody>\n";
  const ReportRow* before = nullptr;
  for (const auto& row : report.rows) {
    bool group = before && (before->model != row.model || before->learned != row.learned);
    out += std::string("<tr class=\"") + (row.learned ? "" : "baseline ") + (group ? "group" : "") + "\"><th>" +
           escape_html(row.title) + "<small>" + escape_html(row.representation) + (row.learned ? "" : ", baseline") +
           "</small></th>";
    for (const auto& task : report.tasks) out += html_cell(report, task, row);
    out += "</tr>\n";
    before = &row;
  }
  return out + "</tbody></table></div>\n";
}

inline std::string html_all_metrics(const Report& report) {
  std::string out = "<details><summary>All metrics</summary><div class=\"scroll\"><table "
                    "class=\"full\"><thead><tr><th>Task</th><th>Model</th><th>Representation</th><th>Metric</th>"
                    "<th class=\"number\">Value</th><th>95 % interval</th><th class=\"number\">Difference to "
                    "composition</th><th>95 % interval</th><th>t</th><th>Probe</th><th>Probe seeds</th></tr></thead>\n<tbody>\n";
  for (const auto& task : report.tasks)
    for (const auto& row : report.rows) {
      const ReportCell* cell = report.find(task.name, row.model, row.representation);
      for (std::size_t i = 0; cell && i < cell->metrics.size(); ++i) {
        const auto& metric = cell->metrics[i];
        const Interval* d = i < cell->differences.size() ? &cell->differences[i].interval : nullptr;
        std::string seeds;
        for (double v : cell->seed_values) seeds += (seeds.empty() ? "" : ", ") + fixed(v);
        out += "<tr><td>" + escape_html(task.title) + "</td><td>" + escape_html(row.title) + "</td><td>" +
               escape_html(row.representation) + "</td><td>" + escape_html(metric_title(metric.name)) +
               "</td><td class=\"number\">" + with_minus(fixed(metric.interval.value)) + "</td><td>" +
               with_minus(bounds(metric.interval)) + "</td><td class=\"number\">" +
               (d ? with_minus(fixed(d->value, 3, true)) : "") + "</td><td>" + (d ? with_minus(bounds(*d, 3, true)) : "") +
               "</td><td>" + (std::isnan(cell->t) ? "" : shortest(cell->t)) + "</td><td>" + escape_html(cell->probe) + " " +
               shortest(cell->strength) + "</td><td>" + (i == 0 ? seeds : "") + "</td></tr>\n";
      }
    }
  return out + "</tbody></table></div></details>\n";
}

inline std::string html_label_sets(const ReportLabelSets& table) {
  std::string out =
      "<h2>" + escape_html(table.title) + "</h2>\n<p class=\"note\">" + std::to_string(table.classes) +
      " classes, several a protein; " + std::to_string(table.train) + " / " + std::to_string(table.valid) + " / " +
      std::to_string(table.test) +
      " proteins in train / valid / test.</p>\n<div class=\"scroll\"><table class=\"full\"><thead><tr><th>Model</th>"
      "<th>Representation</th><th>t</th><th class=\"number\">Fmax</th><th class=\"number\">Micro AUPR</th>"
      "<th class=\"number\">Fmax on valid</th><th class=\"number\">Ridge strength</th></tr></thead>\n<tbody>\n";
  for (const auto& row : table.rows) {
    out += "<tr><td>" + escape_html(row.of.title) + (row.of.learned ? "" : ", baseline") + "</td><td>" +
           escape_html(row.of.representation) + "</td><td>" + (std::isnan(row.t) ? "" : shortest(row.t)) +
           (row.chosen ? ", chosen on valid" : "") + "</td>";
    for (const std::string& number :
         {fixed(row.score.f1_max), fixed(row.score.micro_auprc), fixed(row.score.valid_f1_max), shortest(row.score.strength)})
      out += "<td class=\"number\">" + with_minus(number) + "</td>";
    out += "</tr>\n";
  }
  return out + "</tbody></table></div>\n";
}

inline std::string html_charts(std::string_view title, std::string_view explanation, const std::vector<ReportChart>& charts) {
  if (charts.empty()) return "";
  std::string out =
      "<h2>" + std::string(title) + "</h2>\n<p class=\"soft\">" + std::string(explanation) + "</p>\n<div class=\"charts\">\n";
  for (const auto& chart : charts) out += draw_chart(chart);
  return out + "</div>\n";
}

/// A page up to its title and subtitle.
inline std::string html_head(const std::string& title, const std::string& subtitle) {
  std::string out = "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" "
                    "content=\"width=device-width, initial-scale=1\">\n<title>" +
                    escape_html(title) + "</title>\n<style>" + std::string(report_style) + "</style>\n</head>\n<body>\n<h1>" +
                    escape_html(title) + "</h1>\n";
  return subtitle.empty() ? out : out + "<p class=\"soft\">" + escape_html(subtitle) + "</p>\n";
}

/// Notes, facts, and the end of a page.
inline std::string html_end(const std::vector<std::string>& notes,
                            const std::vector<std::pair<std::string, std::string>>& facts) {
  std::string out;
  if (!notes.empty()) {
    out += "<h2>Notes</h2>\n<ul>\n";
    for (const auto& note : notes) out += "<li>" + escape_html(note) + "</li>\n";
    out += "</ul>\n";
  }
  if (!facts.empty()) {
    out += "<h2>The run</h2>\n<div class=\"scroll\"><table class=\"full facts\"><tbody>\n";
    for (const auto& [name, value] : facts)
      out += "<tr><th>" + escape_html(name) + "</th><td><code>" + escape_html(value) + "</code></td></tr>\n";
    out += "</tbody></table></div>\n";
  }
  return out + "</body>\n</html>\n";
}

} // namespace detail

inline std::string report_html(const Report& report) {
  using detail::escape_html;
  std::string out = detail::html_head(report.title, report.subtitle);
  for (const auto& warning : report.warnings)
    out += "<p class=\"warning\" role=\"note\"><strong>Warning.</strong> " + escape_html(warning) + "</p>\n";
  if (!report.tasks.empty())
    out += "<h2>Frozen representations on the tasks</h2>\n" + detail::html_table(report) + detail::html_all_metrics(report);
  for (const auto& table : report.label_sets) out += detail::html_label_sets(table);
  out += detail::html_charts("Score against t",
                             "How good the diffusion representation is at each noise level t. Bands are 95 % intervals; levels "
                             "mark what needs no diffusion.",
                             report.score_curves);
  out += detail::html_charts("Training", "Loss against optimiser step; long curves are drawn as means of neighbouring steps.",
                             report.training_curves);
  out += detail::html_charts("Diffusion loss per t-bin", "Where on the noise scale the denoiser still has something to learn.",
                             report.time_loss);
  if (!report.clouds.empty()) {
    out += "<h2>Residue latents</h2>\n<p class=\"soft\">Principal components of residue latents; each letter is one residue, "
           "coloured by its chemical group.</p>\n<div class=\"charts wide\">\n";
    for (const auto& cloud : report.clouds) out += detail::draw_cloud(cloud);
    out += "</div>\n";
  }
  return out + detail::html_end(report.notes, report.facts);
}

} // namespace pleat::inline v0_1
