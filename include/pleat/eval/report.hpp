#pragma once
/// \file  What an evaluation found, as data: the table, curves, clouds, warnings and facts that the writers turn into pages.
///
/// The writers are `report_html` (one self-contained page), `report_markdown` and `report_json`; `write_report`
/// (report_files.hpp) makes all three.

#include <charconv>
#include <cmath>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <pleat/core/index.hpp>
#include <pleat/eval/bootstrap.hpp>
#include <pleat/eval/label_set_evaluation.hpp>
#include <pleat/eval/task_evaluation.hpp>

namespace pleat::inline v0_1 {

/// A column of the table.
struct ReportTask {
  std::string name;   ///< thermostability
  std::string title;  ///< Thermostability
  std::string metric; ///< spearman
  Index train = 0, valid = 0, test = 0;
};

/// One row of the table.
struct ReportRow {
  std::string model;          ///< key in results.json: lsd-nm-nano, composition
  std::string title;          ///< LSD-NM
  std::string representation; ///< encoder, diffusion; "features" for composition
  bool learned = true;        ///< false for baselines: never bold
};

struct ReportCell {
  std::string task, model, representation;
  std::vector<MetricValue> metrics;                    ///< the first ranks
  std::vector<MetricValue> differences;                ///< to composition, metric by metric; empty for composition itself
  double t = std::numeric_limits<double>::quiet_NaN(); ///< noise level chosen on valid; NaN where there is none
  std::string reading;                                 ///< eq8, denoised ...; may be empty
  std::string probe;                                   ///< ridge, logistic, mlp
  double strength = 0;
  std::vector<double> seed_values; ///< test metric of each probe seed, where there are several
};

struct ReportPoint {
  double x = 0;
  Interval y; ///< low == high == value draws no band
};

struct ReportSeries {
  std::string title;
  std::vector<ReportPoint> points;
};

/// A line chart; `levels` are horizontal lines such as a baseline. A level named after a series ("LSD-NM encoder" where there is
/// a series "LSD-NM") has its colour.
struct ReportChart {
  std::string title, x_label, y_label, note;
  std::vector<ReportSeries> series;
  std::vector<std::pair<std::string, double>> levels;
};

/// A task with several labels an example: a table of its own, whose scores have no intervals.
struct ReportLabelSets {
  struct Row {
    ReportRow of;
    double t = std::numeric_limits<double>::quiet_NaN(); ///< noise level of a diffusion; NaN where there is none
    bool chosen = false;                                 ///< that t has the best Fmax on valid of its model
    LabelSetScore score;
  };
  std::string name, title; ///< ec, "EC numbers of enzymes"
  Index classes = 0, train = 0, valid = 0, test = 0;
  std::vector<Row> rows;
};

/// Residue latents on two components; `letters[i]` is the amino acid of point (x[i], y[i]).
struct ReportCloud {
  std::string title;
  std::vector<double> x, y;
  std::string letters;
  double explained_x = 0, explained_y = 0; ///< shares of variance, 0 to 1
};

struct Report {
  std::string title, subtitle;
  std::vector<ReportTask> tasks;
  std::vector<ReportRow> rows; ///< in the order of the table
  std::vector<ReportCell> cells;
  std::vector<ReportLabelSets> label_sets;
  std::vector<ReportChart> score_curves, training_curves, time_loss; ///< score against t; loss against step; loss per t-bin
  std::vector<ReportCloud> clouds;
  std::vector<std::string> warnings, notes;
  std::vector<std::pair<std::string, std::string>> facts; ///< commands, sizes, seconds

  const ReportCell* find(std::string_view task, std::string_view model, std::string_view representation) const {
    for (const auto& cell : cells)
      if (cell.task == task && cell.model == model && cell.representation == representation) return &cell;
    return nullptr;
  }

  /// The learned row with the highest ranking value on a task; nullptr without any.
  const ReportCell* best_learned(std::string_view task) const {
    const ReportCell* best = nullptr;
    for (const auto& row : rows) {
      const ReportCell* cell = row.learned ? find(task, row.model, row.representation) : nullptr;
      if (!cell || cell->metrics.empty() || std::isnan(cell->metrics[0].interval.value)) continue;
      if (!best || cell->metrics[0].interval.value > best->metrics[0].interval.value) best = cell;
    }
    return best;
  }
};

/// Fills a cell from the result of a task.
inline ReportCell make_cell(std::string task, std::string model, std::string representation, const TaskResult& result,
                            std::vector<MetricValue> differences = {}) {
  ReportCell cell;
  cell.task = std::move(task), cell.model = std::move(model), cell.representation = std::move(representation);
  cell.metrics = result.metrics, cell.differences = std::move(differences);
  cell.probe = result.probe.probe, cell.strength = result.probe.strength, cell.seed_values = result.seed_values;
  return cell;
}

/// How a cell stands to composition, in words. "Beats" needs the whole paired interval above 0.
inline std::string standing(const ReportCell& cell) {
  if (cell.differences.empty()) return "";
  const Interval& d = cell.differences[0].interval;
  if (std::isnan(d.low) || std::isnan(d.high)) return "difference undefined";
  return d.low > 0 ? "beats composition" : d.high < 0 ? "below composition" : "does not beat composition";
}

namespace detail {

/// At most `most` points: means over equal runs of neighbours, so that a long training curve stays light and readable.
inline std::vector<ReportPoint> thinned(const std::vector<ReportPoint>& points, std::size_t most) {
  std::vector<ReportPoint> finite;
  for (const auto& p : points)
    if (std::isfinite(p.x) && std::isfinite(p.y.value)) finite.push_back(p);
  if (finite.size() <= most) return finite;
  std::vector<ReportPoint> result;
  for (std::size_t k = 0; k < most; ++k) {
    std::size_t first = k * finite.size() / most, last = (k + 1) * finite.size() / most;
    ReportPoint mean{0, {0, 0, 0}};
    auto n = static_cast<double>(last - first);
    for (std::size_t i = first; i < last; ++i) {
      mean.x += finite[i].x / n;
      mean.y.value += finite[i].y.value / n, mean.y.low += finite[i].y.low / n, mean.y.high += finite[i].y.high / n;
    }
    result.push_back(mean);
  }
  return result;
}

/// Fixed digits whatever the locale says; "n/a" for NaN; a true minus sign is left to the pages.
inline std::string fixed(double value, int digits = 3, bool sign = false) {
  if (std::isnan(value)) return "n/a";
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  char buffer[400];
  auto end = std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::fixed, digits).ptr;
  std::string text(buffer, end);
  if (text.find_first_not_of("-0.") == std::string::npos && text[0] == '-') text.erase(0, 1);
  return sign && value >= 0 ? "+" + text : text;
}

/// Up to `digits` significant digits, without trailing zeros.
inline std::string shortest(double value, int digits = 4) {
  if (std::isnan(value)) return "n/a";
  char buffer[64];
  return {buffer, std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::general, digits).ptr};
}

inline std::string bounds(const Interval& interval, int digits = 3, bool sign = false) {
  return fixed(interval.low, digits, sign) + " to " + fixed(interval.high, digits, sign);
}

} // namespace detail
} // namespace pleat::inline v0_1
