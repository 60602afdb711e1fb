#pragma once
/// \file  A report as results.json: tasks -> task -> model -> representation -> metrics with intervals.

#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include <pleat/eval/report.hpp>
#include <pleat/io/json.hpp>

namespace pleat::inline v0_1 {
namespace detail {

inline Json interval_json(const Interval& interval) {
  Json json = Json::object();
  json.set("value", interval.value), json.set("low", interval.low), json.set("high", interval.high);
  return json;
}

inline Json cell_json(const ReportCell& cell) {
  Json json = Json::object(), metrics = Json::object();
  for (std::size_t i = 0; i < cell.metrics.size(); ++i) {
    Json metric = interval_json(cell.metrics[i].interval);
    if (i < cell.differences.size()) metric.set("difference_to_composition", interval_json(cell.differences[i].interval));
    metrics.set(cell.metrics[i].name, std::move(metric));
  }
  json.set("metrics", std::move(metrics));
  json.set("standing", standing(cell));
  if (!std::isnan(cell.t)) json.set("t", cell.t);
  if (!cell.reading.empty()) json.set("reading", cell.reading);
  json.set("probe", cell.probe), json.set("probe_strength", cell.strength);
  if (!cell.seed_values.empty()) {
    Json seeds = Json::array();
    for (double v : cell.seed_values) seeds.push(v);
    json.set("probe_seeds", std::move(seeds));
  }
  return json;
}

inline Json charts_json(const std::vector<ReportChart>& charts) {
  Json all = Json::array();
  for (const auto& chart : charts) {
    Json json = Json::object(), series = Json::object(), levels = Json::object();
    for (const auto& s : chart.series) {
      Json points = Json::array();
      for (const auto& p : thinned(s.points, 240)) {
        bool band = p.y.low < p.y.value || p.y.high > p.y.value;
        Json point = band ? interval_json(p.y) : Json::object().set("value", p.y.value);
        point.set("x", p.x);
        points.push(std::move(point));
      }
      series.set(s.title, std::move(points));
    }
    for (const auto& [name, level] : chart.levels) levels.set(name, level);
    json.set("title", chart.title), json.set("x", chart.x_label), json.set("y", chart.y_label);
    json.set("series", std::move(series)), json.set("levels", std::move(levels));
    all.push(std::move(json));
  }
  return all;
}

inline Json label_sets_json(const ReportLabelSets& table) {
  Json json = Json::object(), rows = Json::array();
  json.set("classes", table.classes).set("train", table.train).set("valid", table.valid).set("test", table.test);
  for (const auto& row : table.rows) {
    Json one = Json::object();
    one.set("model", row.of.model).set("representation", row.of.representation);
    if (!std::isnan(row.t)) one.set("t", row.t).set("chosen_on_valid", row.chosen);
    one.set("f1_max", row.score.f1_max).set("micro_auprc", row.score.micro_auprc);
    one.set("valid_f1_max", row.score.valid_f1_max).set("probe_strength", row.score.strength);
    rows.push(std::move(one));
  }
  return json.set("rows", std::move(rows));
}

} // namespace detail

/// Everything of the report but the clouds of points. Undefined numbers are null.
inline Json report_json(const Report& report) {
  Json json = Json::object(), tasks = Json::object(), facts = Json::object(), warnings = Json::array(), notes = Json::array();
  json.set("title", report.title);
  for (const auto& task : report.tasks) {
    Json models = Json::object();
    for (const auto& row : report.rows) {
      const ReportCell* cell = report.find(task.name, row.model, row.representation);
      if (!cell) continue;
      Json representations = models.contains(row.model) ? models.at(row.model) : Json::object();
      representations.set(row.representation, detail::cell_json(*cell));
      models.set(row.model, std::move(representations));
    }
    tasks.set(task.name, std::move(models));
  }
  for (const auto& text : report.warnings) warnings.push(text);
  for (const auto& text : report.notes) notes.push(text);
  for (const auto& [name, value] : report.facts) facts.set(name, value);
  json.set("tasks", std::move(tasks));
  if (!report.label_sets.empty()) {
    Json tables = Json::object();
    for (const auto& table : report.label_sets) tables.set(table.name, detail::label_sets_json(table));
    json.set("label_sets", std::move(tables));
  }
  json.set("warnings", std::move(warnings)), json.set("notes", std::move(notes));
  json.set("facts", std::move(facts));
  json.set("score_against_t", detail::charts_json(report.score_curves));
  json.set("training", detail::charts_json(report.training_curves));
  json.set("loss_per_t_bin", detail::charts_json(report.time_loss));
  return json;
}

} // namespace pleat::inline v0_1
