#pragma once
/// \file  What a comparison on structure tasks found, as data, and as Markdown and JSON; `comparison_report_html.hpp` makes the
/// page.

#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include <pleat/eval/predictor_comparison.hpp>
#include <pleat/eval/report.hpp>
#include <pleat/eval/report_json.hpp>
#include <pleat/eval/report_markdown.hpp>

namespace pleat::inline v0_1 {

struct ComparisonTable {
  std::string name, title, metric; ///< "interface", "interface from the unbound form", "AUROC"
  Comparison comparison;
};

/// One protein with what a model says of its residues: its contacts, and two numbers for each residue.
struct ResidueMap {
  std::string title, note;
  std::vector<std::pair<Index, Index>> contacts; ///< residues i < j that are near each other
  std::vector<double> observed, predicted;       ///< (residues) NaN: not asked
  std::vector<std::string> names;                ///< (residues) "A:GLY 12"
};

struct ComparisonReport {
  std::string title, subtitle;
  std::vector<ComparisonTable> tasks;
  std::vector<ReportChart> training_curves;
  std::vector<ResidueMap> maps;
  std::vector<std::string> notes;
  std::vector<std::pair<std::string, std::string>> facts; ///< commands, sizes, seconds
};

/// "better", "worse", "no difference shown" or "undefined": only a paired interval that does not hold 0 is a difference.
inline std::string difference_words(const Interval& d) {
  if (std::isnan(d.low) || std::isnan(d.high)) return "undefined";
  return d.low > 0 ? "better" : d.high < 0 ? "worse" : "no difference shown";
}

inline std::string report_markdown(const ComparisonReport& report) {
  using detail::bounds, detail::fixed, detail::markdown_text;
  std::string out = "# " + markdown_text(report.title) + "\n\n";
  if (!report.subtitle.empty()) out += markdown_text(report.subtitle) + "\n\n";
  const auto difference = [](const std::optional<Interval>& d) {
    return d ? fixed(d->value, 3, true) + " (" + bounds(*d, 3, true) + ")" : std::string();
  };
  for (const ComparisonTable& task : report.tasks) {
    const Comparison& c = task.comparison;
    out += "## " + markdown_text(task.title) + "\n\n" + std::to_string(c.examples) + " labels of test in " +
           std::to_string(c.components) + " components.\n\n| predictor | " + markdown_text(task.metric) +
           ", mean over seeds | each seed | less " + markdown_text(c.reference.empty() ? "(no reference)" : c.reference) +
           " | less the best baseline |\n|---|---|---|---|---|\n";
    for (const ComparedRow& row : c.rows) {
      std::string seeds;
      for (const auto& [seed, value] : row.seeds) seeds += (seeds.empty() ? "" : ", ") + fixed(value.value);
      out += "| " + markdown_text(row.title) + (row.learned ? "" : " (baseline)") + " | " + fixed(row.value.value) + " (" +
             bounds(row.value) + ") | " + seeds + " | " + difference(row.to_reference) + " | " + difference(row.to_baseline) +
             " |\n";
    }
    out += "\n";
  }
  for (const auto& note : report.notes) out += "- " + markdown_text(note) + "\n";
  if (!report.facts.empty()) out += "\n| fact | value |\n|---|---|\n";
  for (const auto& [name, value] : report.facts) out += "| " + markdown_text(name) + " | " + markdown_text(value) + " |\n";
  return out;
}

inline Json report_json(const ComparisonReport& report) {
  Json json = Json::object(), tasks = Json::object();
  for (const ComparisonTable& task : report.tasks) {
    const Comparison& c = task.comparison;
    Json rows = Json::array();
    for (const ComparedRow& row : c.rows) {
      Json one = detail::interval_json(row.value), seeds = Json::object();
      for (const auto& [seed, value] : row.seeds) seeds.set(seed, detail::interval_json(value));
      one.set("predictor", row.title).set("learned", row.learned);
      if (row.learned) one.set("seeds", std::move(seeds));
      if (row.to_reference) one.set("difference_to_reference", detail::interval_json(*row.to_reference));
      if (row.to_baseline) one.set("difference_to_baseline", detail::interval_json(*row.to_baseline));
      rows.push(std::move(one));
    }
    Json of_task = Json::object();
    of_task.set("metric", task.metric).set("labels", static_cast<std::int64_t>(c.examples));
    of_task.set("components", static_cast<std::int64_t>(c.components)).set("reference", c.reference);
    of_task.set("best_baseline", c.baseline).set("rows", std::move(rows));
    tasks.set(task.name, std::move(of_task));
  }
  json.set("title", report.title).set("tasks", std::move(tasks));
  Json facts = Json::object();
  for (const auto& [name, value] : report.facts) facts.set(name, value);
  json.set("facts", std::move(facts));
  return json;
}

} // namespace pleat::inline v0_1
