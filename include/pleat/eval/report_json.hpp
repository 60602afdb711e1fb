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
  json.set("tasks", std::move(tasks)), json.set("warnings", std::move(warnings)), json.set("notes", std::move(notes));
  json.set("facts", std::move(facts));
  json.set("score_against_t", detail::charts_json(report.score_curves));
  json.set("training", detail::charts_json(report.training_curves));
  json.set("loss_per_t_bin", detail::charts_json(report.time_loss));
  return json;
}

} // namespace pleat::inline v0_1
