#pragma once
// A made-up report with every part, for the tests of its writers.

#include <cmath>
#include <string>
#include <vector>

#include <pleat/eval/report_warnings.hpp>

inline pleat::Report sample_report() {
  using pleat::Index;
  pleat::Report report;
  report.title = "LSD against MLM <nano> & co";
  report.subtitle = "Numbers made up for a test; no protein was harmed.";
  report.tasks = {{"thermostability", "Thermostability", "spearman", 250, 250, 250},
                  {"human_ppi", "Human PPI", "accuracy", 250, 250, 250},
                  {"metal_ion_binding", "Metal ion binding", "accuracy", 250, 250, 250},
                  {"deeploc_binary", "DeepLoc, binary", "accuracy", 250, 250, 250},
                  {"deeploc_subcellular", "DeepLoc, 10 classes", "accuracy", 250, 250, 250}};
  for (const char* model : {"mlm", "lsd-tn", "lsd-nm"})
    for (const char* representation : {"encoder", "diffusion"})
      report.rows.push_back({std::string(model) + "-nano",
                             model == std::string("mlm")      ? "MLM"
                             : model == std::string("lsd-tn") ? "LSD-TN"
                                                              : "LSD-NM",
                             representation, true});
  report.rows.push_back({"composition", "Composition", "features", false});
  report.rows.push_back({"random-nano", "Random weights", "encoder", false});
  double n = 0;
  for (const auto& task : report.tasks)
    for (const auto& row : report.rows) {
      if (task.name == "human_ppi" && row.model == "random-nano") continue;
      double value = 0.55 + 0.07 * std::sin(1.7 * ++n), difference = value - 0.54;
      pleat::ReportCell cell;
      cell.task = task.name, cell.model = row.model, cell.representation = row.representation;
      cell.metrics = {{task.metric, {value, value - 0.055, value + 0.052}}, {"mcc", {0.2, 0.1, 0.31}}};
      if (row.model != "composition")
        cell.differences = {{task.metric, {difference, difference - 0.035, difference + 0.03}}, {"mcc", {-0.01, -0.1, 0.05}}};
      if (row.representation == "diffusion") cell.t = 0.3, cell.reading = "eq8";
      cell.probe = "mlp", cell.strength = 400, cell.seed_values = {value - 0.01, value, value + 0.01};
      report.cells.push_back(cell);
    }
  for (const auto& task : report.tasks) {
    pleat::ReportChart chart{task.title, "t", task.metric + " on valid",
                             "",         {},  {{"composition", 0.54}, {"LSD-NM encoder", 0.58}}};
    for (int m = 0; m < 3; ++m) {
      pleat::ReportSeries series{m == 0 ? "MLM" : m == 1 ? "LSD-TN" : "LSD-NM", {}};
      for (double t : {0.0, 0.15, 0.3, 0.5, 0.7, 0.9}) {
        double y = 0.5 + 0.05 * m + 0.08 * std::sin(3 * t + m);
        series.points.push_back({t, {y, y - 0.04, y + 0.04}});
      }
      chart.series.push_back(series);
    }
    report.score_curves.push_back(chart);
  }
  for (const char* stage : {"Autoencoders", "Diffusions"}) {
    pleat::ReportChart chart{stage, "step", "loss", "", {}, {}};
    for (const char* model : {"MLM", "LSD-TN", "LSD-NM"}) {
      pleat::ReportSeries series{model, {}};
      for (int step = 0; step < 1000; ++step) {
        double y = 1 + 2 * std::exp(-step / 150.0) + 0.1 * std::sin(step * 12.9898 + static_cast<double>(model[4 % 3]));
        series.points.push_back({static_cast<double>(step), {y, y, y}});
      }
      chart.series.push_back(series);
    }
    report.training_curves.push_back(chart);
  }
  pleat::ReportChart bins{"v-loss", "t", "loss", "20 bins of equal width", {}, {}};
  for (const char* model : {"MLM", "LSD-TN", "LSD-NM"}) {
    pleat::ReportSeries series{model, {}};
    for (int b = 0; b < 20; ++b) {
      double t = (b + 0.5) / 20, y = 0.3 + 0.5 * (t - 0.4) * (t - 0.4) + (model[0] == 'M' ? 0.1 : 0);
      series.points.push_back({t, {y, y, y}});
    }
    bins.series.push_back(series);
  }
  report.time_loss.push_back(bins);
  for (const char* model : {"LSD-TN", "LSD-NM"}) {
    pleat::ReportCloud cloud;
    cloud.title = std::string(model) + ", residue latents";
    cloud.explained_x = 0.213, cloud.explained_y = 0.118;
    for (int i = 0; i < 1600; ++i) {
      int type = i % 20;
      cloud.letters += "ACDEFGHIKLMNPQRSTVWY"[type];
      cloud.x.push_back(3 * std::cos(type * 2.4) * std::sqrt(type) + std::sin(i * 7.13));
      cloud.y.push_back(3 * std::sin(type * 2.4) * std::sqrt(type) + std::cos(i * 3.71));
    }
    report.clouds.push_back(cloud);
  }
  pleat::add_warning(report, pleat::warn_diffusion_below_encoder("LSD-TN", "Human PPI", {-0.08, -0.12, -0.03}));
  report.notes = {"t was chosen on valid proteins.", "Pairs have the features [a + b, |a - b|]."};
  report.facts = {
      {"command", "pleat evaluate --task all --report out | tee \"log\""}, {"parameters", "1.2 M"}, {"seconds", "312"}};
  return report;
}
