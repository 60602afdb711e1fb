#pragma once
/// \file  A report as a Markdown page (tables only: pages of text carry no charts).

#include <cmath>
#include <string>
#include <string_view>
#include <vector>

#include <pleat/eval/report.hpp>

namespace pleat::inline v0_1 {
namespace detail {

/// Text inside a table cell: what Markdown or HTML would read as markup is escaped, line ends become spaces.
inline std::string markdown_text(std::string_view text) {
  std::string result;
  for (char c : text) {
    if (c == '&')
      result += "&amp;";
    else if (c == '<')
      result += "&lt;";
    else if (c == '\n' || c == '\r')
      result += ' ';
    else {
      if (std::string_view("\\`*_[]|#").find(c) != std::string_view::npos) result += '\\';
      result += c;
    }
  }
  return result;
}

/// A fence longer than any run of backticks inside.
inline std::string markdown_code(const std::string& text) {
  std::string line, fence = "`";
  for (char c : text) line += c == '\n' || c == '\r' ? ' ' : c;
  while (line.find(fence) != std::string::npos) fence += '`';
  return fence + " " + line + " " + fence;
}

inline std::string markdown_cell(const Report& report, const ReportTask& task, const ReportRow& row) {
  const ReportCell* cell = report.find(task.name, row.model, row.representation);
  if (!cell || cell->metrics.empty()) return "not run";
  const Interval& value = cell->metrics[0].interval;
  std::string number = fixed(value.value), text = cell == report.best_learned(task.name) ? "**" + number + "**" : number;
  text += " (" + bounds(value) + ")";
  if (!cell->differences.empty()) {
    const Interval& d = cell->differences[0].interval;
    text += "<br>" + fixed(d.value, 3, true) + " (" + bounds(d, 3, true) + ")";
    if (standing(*cell) != "beats composition") text += "<br>" + standing(*cell);
  }
  if (!std::isnan(cell->t)) text += "<br>t = " + shortest(cell->t);
  return text;
}

inline std::string markdown_label_sets(const ReportLabelSets& table) {
  std::string out =
      "\n## " + markdown_text(table.title) + "\n\n" + std::to_string(table.classes) + " classes, several a protein; " +
      std::to_string(table.train) + " / " + std::to_string(table.valid) + " / " + std::to_string(table.test) +
      " proteins in train / valid / test.\n\n| model | representation | t | Fmax | micro AUPR | Fmax on valid | ridge "
      "strength |\n|---|---|---|---:|---:|---:|---:|\n";
  for (const auto& row : table.rows)
    out += "| " + markdown_text(row.of.title) + (row.of.learned ? "" : " (baseline)") + " | " +
           markdown_text(row.of.representation) + " | " + (std::isnan(row.t) ? "" : shortest(row.t)) +
           (row.chosen ? ", chosen on valid" : "") + " | " + fixed(row.score.f1_max) + " | " + fixed(row.score.micro_auprc) +
           " | " + fixed(row.score.valid_f1_max) + " | " + shortest(row.score.strength) + " |\n";
  return out;
}

inline std::string markdown_tasks(const Report& report) {
  std::string out =
      "\nTest score with its 95 % interval; below it the difference to composition with its paired interval. The best "
      "learned value of a task is bold.\n\n| model | representation |";
  for (const auto& task : report.tasks) out += " " + markdown_text(task.title) + " (" + markdown_text(task.metric) + ") |";
  out += "\n|---|---|";
  for (std::size_t i = 0; i < report.tasks.size(); ++i) out += "---|";
  out += "\n";
  for (const auto& row : report.rows) {
    out +=
        "| " + markdown_text(row.title) + (row.learned ? "" : " (baseline)") + " | " + markdown_text(row.representation) + " |";
    for (const auto& task : report.tasks) out += " " + markdown_cell(report, task, row) + " |";
    out += "\n";
  }
  return out;
}

inline std::string markdown_all_metrics(const Report& report) {
  std::string out =
      "\n## All metrics\n\n| task | model | representation | metric | value | interval | difference to composition | "
      "interval | t | probe | probe seeds |\n"
      "|---|---|---|---|---:|---|---:|---|---:|---|---|\n";
  for (const auto& task : report.tasks)
    for (const auto& row : report.rows) {
      const ReportCell* cell = report.find(task.name, row.model, row.representation);
      for (std::size_t i = 0; cell && i < cell->metrics.size(); ++i) {
        const auto& metric = cell->metrics[i];
        const Interval* d = i < cell->differences.size() ? &cell->differences[i].interval : nullptr;
        std::string seeds;
        for (double v : cell->seed_values) seeds += (seeds.empty() ? "" : ", ") + fixed(v);
        out += "| " + markdown_text(task.title) + " | " + markdown_text(row.title) + " | " + markdown_text(row.representation) +
               " | " + metric.name + " | " + fixed(metric.interval.value) + " | " + bounds(metric.interval) + " | " +
               (d ? fixed(d->value, 3, true) + " | " + bounds(*d, 3, true) : std::string("| ")) + " | " +
               (std::isnan(cell->t) ? "" : shortest(cell->t)) + " | " + markdown_text(cell->probe) + " | " +
               (i == 0 ? seeds : "") + " |\n";
      }
    }
  return out;
}

} // namespace detail

inline std::string report_markdown(const Report& report) {
  std::string out = "# " + detail::markdown_text(report.title) + "\n\n";
  if (!report.subtitle.empty()) out += detail::markdown_text(report.subtitle) + "\n\n";
  for (const auto& warning : report.warnings) out += "> **Warning.** " + detail::markdown_text(warning) + "\n>\n";
  if (!report.tasks.empty()) out += detail::markdown_tasks(report);
  for (const auto& table : report.label_sets) out += detail::markdown_label_sets(table);
  if (!report.tasks.empty()) out += detail::markdown_all_metrics(report);
  if (!report.notes.empty()) out += "\n## Notes\n\n";
  for (const auto& note : report.notes) out += "- " + detail::markdown_text(note) + "\n";
  if (!report.facts.empty()) out += "\n## The run\n\n| fact | value |\n|---|---|\n";
  for (const auto& [name, value] : report.facts) {
    std::string code = detail::markdown_code(value);
    for (std::size_t at = 0; (at = code.find('|', at)) != std::string::npos; at += 2) code.insert(at, "\\");
    out += "| " + detail::markdown_text(name) + " | " + code + " |\n";
  }
  return out;
}

} // namespace pleat::inline v0_1
