#pragma once
/// \file  Evaluates frozen models on a suite of tasks and writes what it finds into a Report: the cells of the table with their
/// differences to composition, the curves of score against t, and the warnings.

#include <algorithm>
#include <cmath>
#include <exception>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <pleat/eval/evaluated_model.hpp>
#include <pleat/eval/report.hpp>
#include <pleat/eval/report_warnings.hpp>
#include <pleat/eval/task_suite.hpp>

namespace pleat::inline v0_1 {

struct ModelEvaluationOptions {
  std::vector<double> times{0, 0.15, 0.3, 0.5, 0.7}; ///< rising
  ReadingChoice reading{Reading::EpsHat, 0};         ///< of the diffusion
  ReadingInput input = ReadingInput::Clean;
  Index draws = 1;
  Pool pool = Pool::mean;
  Index crop = 0;             ///< residues of a protein that models read; 0: all
  EvaluationOptions probes{}; ///< of the table; t itself is chosen with the closed-form and logistic probes
  /// Tells how far the present model is: what runs, and the share done of it in [0, 1].
  std::function<void(std::string_view what, double share)> progress;
};

namespace detail {

/// body(i) for i in [0, count) on the threads of `device`; the first exception comes out.
template <class Device, class Body> void for_each_task(const Device& device, std::size_t count, const Body& body) {
  std::vector<std::string> errors(count);
  device.parallel_for(static_cast<Index>(count), [&](Index i) {
    try {
      body(static_cast<std::size_t>(i));
    } catch (const std::exception& error) {
      errors[static_cast<std::size_t>(i)] = error.what();
    }
  });
  for (const auto& error : errors)
    if (!error.empty()) fail(error);
}

} // namespace detail

/// Fits composition on every task of the suite: the baseline that everything is compared with. Whole chains, whatever models are
/// cut at. `single` is a device of one thread: tasks run side by side on the threads of `device`.
template <class Device>
void fit_composition(const Device& device, const Device& single, TaskSuite& suite, const EvaluationOptions& probes) {
  const auto features = composition_matrix(suite.sequences());
  const FeatureView view{features.data(), suite.sequences().size(), composition_width};
  detail::for_each_task(device, suite.tasks().size(), [&](std::size_t i) {
    SuiteTask& task = suite.tasks()[i];
    task.composition = evaluate_task(single, view, task.problem, probes);
  });
}

/// The columns, and the row and cells of composition.
inline void add_composition(Report& report, const TaskSuite& suite) {
  report.tasks = suite.columns();
  report.rows.push_back({"composition", "Composition", "features", false});
  for (const SuiteTask& task : suite.tasks())
    report.cells.push_back(make_cell(task.name, "composition", "features", task.composition));
}

/// What the evaluation of one model found, task by task in the order of the suite.
struct ModelScores {
  struct OnTask {
    TaskResult encoder, diffusion;
    Interval encoder_valid;
    std::vector<ReportPoint> curve; ///< task metric on valid against t; empty without diffusion
    double t = std::nan("");        ///< where the curve is highest, the smaller of equals
  };
  std::vector<OnTask> tasks;
};

/// Embeds every sequence of the suite once and scores it. Sequences of train and valid are read by the encoder and at every t in
/// one pass; t is chosen per task on valid; sequences that only the test split has are then read by the encoder and at the
/// chosen t alone.
template <class Device>
ModelScores score_model(const Device& device, const Device& single, const EvaluatedModel& model, const TaskSuite& suite,
                        const ModelEvaluationOptions& options) {
  require(!suite.tasks().empty(), "an evaluation needs at least one task");
  auto tell = [&](std::string_view what, double share) {
    if (options.progress) options.progress(what, share);
  };
  auto embed_progress = [&](Index done, Index all) { tell("embedding", static_cast<double>(done) / static_cast<double>(all)); };
  FeatureTable features(suite.sequences().size(), model.width, options.pool);
  std::vector<ReadOptions> readings{ReadOptions{}};
  std::vector<Index> into{features.add_reading()};
  std::vector<double> times;
  if (model.diffuses) times = options.times;
  for (const double t : times) {
    readings.push_back({options.reading, t, options.input, options.draws});
    into.push_back(features.add_reading());
  }
  features.read(model, suite.sequences(), suite.records(true), options.crop, readings, into, embed_progress);

  // t is chosen with the cheap probes: they rank noise levels as well as the MLP does, at a hundredth of its time.
  EvaluationOptions quick = options.probes;
  quick.mlp = !(quick.ridge || quick.logistic);
  ModelScores scores;
  scores.tasks.resize(suite.tasks().size());
  std::vector<std::size_t> chosen(suite.tasks().size(), 0);
  tell("choosing t", 0);
  detail::for_each_task(device, suite.tasks().size(), [&](std::size_t i) {
    auto& found = scores.tasks[i];
    const ProbeProblem& problem = suite.tasks()[i].problem;
    found.encoder_valid = validate_features(single, features.view(into[0]), problem, quick);
    for (std::size_t k = 0; k < times.size(); ++k) {
      const Interval value = validate_features(single, features.view(into[k + 1]), problem, quick);
      found.curve.push_back({times[k], value});
      if (k == 0 || value.value > found.curve[chosen[i]].y.value) chosen[i] = k;
    }
    if (!times.empty()) found.t = times[chosen[i]];
  });

  std::vector<ReadOptions> late_readings{readings[0]};
  std::vector<Index> late_into{into[0]};
  for (std::size_t k = 0; k < times.size(); ++k)
    if (std::find(chosen.begin(), chosen.end(), k) != chosen.end())
      late_readings.push_back(readings[k + 1]), late_into.push_back(into[k + 1]);
  features.read(model, suite.sequences(), suite.records(false), options.crop, late_readings, late_into, embed_progress);

  tell("probes", 0);
  const std::size_t kinds = model.diffuses ? 2 : 1;
  detail::for_each_task(device, kinds * suite.tasks().size(), [&](std::size_t job) {
    const std::size_t i = job / kinds;
    auto& found = scores.tasks[i];
    const Index reading = job % kinds == 0 ? into[0] : into[chosen[i] + 1];
    (job % kinds == 0 ? found.encoder : found.diffusion) =
        evaluate_task(single, features.view(reading), suite.tasks()[i].problem, options.probes);
  });
  tell("probes", 1);
  return scores;
}

/// The rows and cells of a model, its curves of score against t (into the chart of each task), and the warnings of signs 1 and 3.
/// `learned` is false for baselines.
inline void add_scores(Report& report, const EvaluatedModel& model, const ModelScores& scores, const TaskSuite& suite,
                       const ModelEvaluationOptions& options, bool learned = true) {
  report.rows.push_back({model.key, model.title, "encoder", learned});
  if (model.diffuses) report.rows.push_back({model.key, model.title, "diffusion", learned});
  if (model.diffuses && report.score_curves.empty())
    for (const SuiteTask& task : suite.tasks())
      report.score_curves.push_back({task.title,
                                     "t",
                                     std::string(task_metric_name(task.problem.kind)) + " on valid",
                                     "",
                                     {},
                                     {{"Composition", task.composition.probe.valid_metric}}});
  const BootstrapOptions& bootstrap = options.probes.bootstrap;
  for (std::size_t i = 0; i < suite.tasks().size(); ++i) {
    const SuiteTask& task = suite.tasks()[i];
    const auto& found = scores.tasks[i];
    report.cells.push_back(make_cell(task.name, model.key, "encoder", found.encoder,
                                     compare(found.encoder, task.composition, task.problem, bootstrap)));
    if (!model.diffuses) continue;
    report.cells.push_back(make_cell(task.name, model.key, "diffusion", found.diffusion,
                                     compare(found.diffusion, task.composition, task.problem, bootstrap)));
    report.cells.back().t = found.t;
    report.cells.back().reading = name_of(options.reading);
    report.score_curves[i].series.push_back({model.title, found.curve});
    report.score_curves[i].levels.emplace_back(model.title + " encoder", found.encoder_valid.value);
    const auto difference = compare(found.diffusion, found.encoder, task.problem, bootstrap);
    add_warning(report, warn_diffusion_below_encoder(model.title, task.title, difference[0].interval, model.normalised));
    add_warning(report, warn_not_smooth(model.title, task.title, found.curve));
  }
}

} // namespace pleat::inline v0_1
