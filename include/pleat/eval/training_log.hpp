#pragma once
/// \file  Reads the log of a training run (one JSON object a line, train/run_log.hpp) as columns for curves.

#include <cmath>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <pleat/core/error.hpp>
#include <pleat/eval/report.hpp>
#include <pleat/io/byte_source.hpp>
#include <pleat/io/json.hpp>

namespace pleat::inline v0_1 {

/// Numbers of a run by name, each with the step it was logged at. Names are those of train/trainer.hpp: `loss`, `rate`,
/// `gradient_norm`; of autoencoders `reconstruction`, `accuracy`, `normalisation`; of diffusions `error`; and `valid_` + name.
class TrainingLog {
public:
  using Column = std::vector<std::pair<double, double>>; // (step, value)

  /// A last line without its end (the process was killed while writing it) is left out. \throws Error with file and line for
  /// anything else that is no object with a "step".
  static TrainingLog read(ByteSource& source) {
    std::string text;
    char buffer[65536];
    for (Index n; (n = source.read(buffer, sizeof buffer)) > 0;) text.append(buffer, static_cast<std::size_t>(n));
    TrainingLog log;
    std::size_t begin = 0;
    Index line = 1;
    for (std::size_t end; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1, ++line) {
      const std::string where = std::string(source.name()) + ":" + std::to_string(line);
      const Json entry = Json::parse(std::string_view(text).substr(begin, end - begin), where);
      require(entry.is_object() && entry.contains("step") && entry.at("step").is_number(), where,
              ": is not a line of a training log (no number \"step\"); name the folder of a training run.");
      log.add(entry);
    }
    return log;
  }
  static TrainingLog read(const std::string& path) {
    FileSource source(path);
    return read(source);
  }

  bool empty() const { return columns_.empty(); }
  /// Empty where nothing has that name.
  const Column& column(std::string_view name) const {
    static const Column none;
    for (const auto& [known, values] : columns_)
      if (known == name) return values;
    return none;
  }
  /// The last value; NaN where there is none.
  double last(std::string_view name) const { return column(name).empty() ? std::nan("") : column(name).back().second; }
  std::vector<double> values(std::string_view name) const {
    std::vector<double> all;
    for (const auto& [step, value] : column(name)) all.push_back(value);
    return all;
  }
  ReportSeries series(std::string_view name, std::string title) const {
    ReportSeries series{std::move(title), {}};
    for (const auto& [step, value] : column(name)) series.points.push_back({step, {value, value, value}});
    return series;
  }

private:
  void add(const Json& entry) {
    const double step = entry.at("step").number();
    for (std::size_t i = 0; i < entry.keys().size(); ++i) {
      const Json& value = entry.items()[i];
      if (entry.keys()[i] == "step" || !value.is_number()) continue; // what was not finite is null
      Column* column = nullptr;
      for (auto& [name, values] : columns_)
        if (name == entry.keys()[i]) column = &values;
      if (!column) column = &columns_.emplace_back(entry.keys()[i], Column{}).second;
      column->emplace_back(step, value.number());
    }
  }

  std::vector<std::pair<std::string, Column>> columns_;
};

} // namespace pleat::inline v0_1
