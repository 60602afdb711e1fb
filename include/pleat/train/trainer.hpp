#pragma once
/// \file  A whole training run: batches, learning rate, validation, early stop, log and checkpoints; resumes bit for bit.

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <functional>

#include <pleat/data/batches.hpp>
#include <pleat/data/prefetch.hpp>
#include <pleat/io/atomic_file.hpp>
#include <pleat/session/train.hpp>
#include <pleat/train/checkpoint.hpp>
#include <pleat/train/lr_schedules.hpp>
#include <pleat/train/run_log.hpp>
#include <pleat/train/trainer_options.hpp>

namespace pleat::inline v0_1 {

/// Runs `session` over `train`, validating on `valid` (may be empty), in folder `directory` (created). A folder that holds a
/// checkpoint of the same model is continued, in the precision of the session: whether that is the one its `training` names is
/// for the caller to ask. `describe` gives name, configuration and check pairs for the checkpoint. `Set`: the sequences,
/// structures or labelled graphs that the session trains on, with lengths() and residues(), of which owned_batch(set, pieces)
/// makes a batch of the session. `session` and `train` must outlive the trainer.
template <class Session, class Set = SequenceSet> class Trainer {
public:
  using Real = typename Session::Real;
  using Batch = typename Session::Batch;

  Trainer(Session& session, const Set& train, Set valid, std::string directory, TrainerOptions options,
          std::function<CheckpointInfo()> describe)
      : session_(session), train_(train), valid_(std::move(valid)), directory_(std::move(directory)), options_(options),
        describe_(std::move(describe)), plan_(train.lengths(), {options.budget, options.crop, options.seed}) {
    require(options_.steps > 0 && options_.accumulation > 0, "training: steps and accumulation must be at least 1.");
    std::error_code error;
    std::filesystem::create_directories(directory_, error);
    require(!error, directory_, ": the output folder cannot be created (", error.message(), "); choose another --output.");
    if (options_.average_decay > 0) session_.start_average({.decay = options_.average_decay, .warm_up = true});
  }

  std::string checkpoint_path() const { return directory_ + "/model.safetensors"; }

  /// Continues from the folder's checkpoint if there is one; returns the steps already done.
  Index resume() {
    std::error_code error;
    const bool there = std::filesystem::exists(checkpoint_path(), error);
    require(!error, checkpoint_path(), ": cannot be looked for (", error.message(), "); choose another --output.");
    if (!there) return 0;
    const Safetensors file = Safetensors::open(checkpoint_path());
    const CheckpointInfo found = checkpoint_info(file), mine = describe_();
    require(found.model == mine.model, checkpoint_path(), ": is a checkpoint of ", found.model, ", not of ", mine.model,
            "; choose another --output or remove the folder.");
    const std::string differs = first_difference(found.config, mine.config);
    require(differs.empty(), checkpoint_path(), ": was trained with another configuration (", differs,
            "); choose another --output, remove the folder, or continue with the same.");
    TrainingState<Real, MemoryOf<typename Session::Device>> state{&session_.optimiser(), session_.average(), {}};
    const Json& counters = found.training;
    step_ = counters.at("step").integer();
    load_training(file, session_.parameters(), state, counters.at("updates").integer());
    session_.objective().load(state.sampler);
    best_ = counters.at("best").is_null() ? INFINITY : counters.at("best").number();
    bad_ = counters.at("bad_validations").integer();
    stopped_ = options_.patience > 0 && bad_ >= options_.patience;
    const Json* steps = counters.find("steps"); // the learning rate is a function of them
    require(steps == nullptr || steps->integer() == options_.steps || step_ >= steps->integer(), checkpoint_path(),
            ": was begun for ", steps != nullptr ? steps->integer() : 0, " steps and is at step ", step_,
            "; finish it with the same --steps before you go on with more.");
    require(counters.at("seed").integer() == static_cast<std::int64_t>(options_.seed), checkpoint_path(),
            ": was trained with another seed; give the same --seed to continue it.");
    return step_;
  }

  TrainingSummary run(const std::function<void(const Progress&)>& progress = {}) {
    const auto begin = std::chrono::steady_clock::now();
    auto since = [&begin] { return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count(); };
    resume();
    RunLog log(directory_ + "/log.jsonl", step_);
    const WarmUpCosine rates{options_.peak_rate, (std::min)(options_.warm_up, options_.steps), options_.steps,
                             options_.rate_floor};
    TrainingSummary summary;
    double tokens = 0;
    if (step_ < options_.steps && !stopped_) {
      Prefetch<Gathered> batches([this](Index step) { return gather(step); }, step_);
      while (step_ < options_.steps && !stopped_) {
        const Gathered gathered = batches.next();
        const double rate = rates.rate(step_ + 1);
        const StepResult result = session_.step(gathered.batches, options_.seed, static_cast<std::uint64_t>(step_), rate);
        ++step_;
        tokens += static_cast<double>(gathered.tokens);
        Json line = Json::object();
        line.set("step", step_).set("rate", rate).set("gradient_norm", finite(result.gradient_norm));
        for (const Metrics::Entry& entry : result.metrics.entries()) line.set(entry.name, finite(entry.value()));
        require(result.finite, directory_, ": the gradient of step ", step_,
                " is not finite; train again in another folder with a lower learning rate (--rate).");
        if (progress) progress({step_, options_.steps, &result, rate, tokens / since()});
        const bool last = step_ == options_.steps;
        if (valid_.residues() > 0 && options_.validate_every > 0 && (step_ % options_.validate_every == 0 || last)) {
          if (TimeBins* bins = session_.objective().bins()) *bins = {};
          summary.validation = validate();
          if (const TimeBins* bins = session_.objective().bins()) line.set("valid_error_of_t", means(*bins));
          for (const Metrics::Entry& entry : summary.validation.entries())
            line.set(std::string("valid_") + entry.name, finite(entry.value()));
          judge(summary.validation.value("loss"));
        }
        log.append(line);
        if (last || stopped_ || (options_.checkpoint_every > 0 && step_ % options_.checkpoint_every == 0)) save(log);
      }
    }
    if (summary.validation.entries().empty() && valid_.residues() > 0) summary.validation = validate();
    summary.step = step_, summary.stopped_early = stopped_, summary.best = best_, summary.seconds = since();
    return summary;
  }

  /// Metrics on a fixed part of the validation set with fixed noise, at the averaged weights where there are any.
  Metrics validate() {
    const BatchPlan plan(valid_.lengths(), {options_.budget, options_.crop, 12345});
    Metrics metrics;
    Index residues = 0;
    with_average([&] {
      for (Index step = 0; step < plan.batches_per_epoch() && residues < options_.validation_residues; ++step) {
        const BatchPieces pieces = plan.batch(step);
        residues += pieces.tokens;
        session_.validate(owned_batch(valid_, pieces), {987654321, static_cast<std::uint64_t>(step)}, metrics);
      }
    });
    return metrics;
  }

  /// Calls body() while the trained values are the averaged ones.
  template <class Body> void with_average(Body&& body) {
    if (session_.average() == nullptr) return body();
    auto& parameters = session_.parameters();
    Real* values = parameters.store(Store::Trained);
    const std::vector<Real> raw(values, values + parameters.size(Store::Trained));
    std::copy(session_.average()->values().begin(), session_.average()->values().end(), values);
    parameters.changed();
    struct Restore { // also where the body throws: a session whose owner goes on trains its own values, not the averages
      const std::vector<Real>& raw;
      decltype(parameters) of;
      ~Restore() {
        try {
          std::copy(raw.begin(), raw.end(), of.store(Store::Trained));
          of.changed();
        } catch (const Error&) { // a device that failed: its session is lost, and the error under way says why
        }
      }
    } const restore{raw, parameters};
    body();
  }

private:
  /// "run.rate: 0.001 there, 0.01 here"; empty where nothing differs.
  static std::string first_difference(const Json& there, const Json& here) {
    if (there == here) return "";
    if (!there.is_object() || !here.is_object()) return there.dump() + " there, " + here.dump() + " here";
    for (const std::string& key : here.keys()) {
      const Json* other = there.find(key);
      const std::string inner = other != nullptr ? first_difference(*other, here.at(key)) : "nothing there";
      if (!inner.empty()) return key + (inner.find(':') == inner.npos ? ": " : ".") + inner;
    }
    return "more there than here";
  }
  /// Mean error in each bin of t, null where nothing was drawn.
  static Json means(const TimeBins& bins) {
    Json all = Json::array();
    for (std::size_t b = 0; b < time_bins; ++b) all.push(bins.count[b] > 0 ? finite(bins.sum[b] / bins.count[b]) : Json());
    return all;
  }
  static Json finite(double value) { return std::isfinite(value) ? Json(value) : Json(); }

  struct Gathered { // the micro-batches of a step
    std::vector<Batch> batches;
    Index tokens = 0;
  };
  Gathered gather(Index step) const {
    Gathered gathered;
    for (Index m = 0; m < options_.accumulation; ++m) {
      const BatchPieces pieces = plan_.batch(step * options_.accumulation + m);
      gathered.batches.push_back(owned_batch(train_, pieces));
      gathered.tokens += pieces.tokens;
    }
    return gathered;
  }

  void judge(double loss) {
    if (loss < best_)
      best_ = loss, bad_ = 0;
    else
      ++bad_;
    stopped_ = options_.patience > 0 && bad_ >= options_.patience;
  }

  void save(RunLog& log) {
    log.sync();
    CheckpointInfo info;
    with_average([&] { info = describe_(); });
    info.training = Json::object();
    info.training.set("step", step_)
        .set("steps", options_.steps)
        .set("updates", session_.optimiser().steps())
        .set("seed", static_cast<long long>(options_.seed));
    info.training.set("best", finite(best_)).set("bad_validations", bad_);
    info.training.set("precision", std::remove_cvref_t<decltype(session_.parameters())>::Precision::name); // of the last steps
    const TrainingState<Real, MemoryOf<typename Session::Device>> state{&session_.optimiser(), session_.average(),
                                                                        session_.objective().save()};
    save_checkpoint(checkpoint_path(), info, session_.parameters(), &state);
    Json copy = Json::object(); // for people; what counts is in the checkpoint
    copy.set("model", info.model).set("config", info.config).set("training", info.training);
    atomic_write(directory_ + "/config.json", copy.dump(2) + "\n");
  }

  Session& session_;
  const Set& train_;
  Set valid_; // a copy: a temporary may be handed over, as an empty one often is
  std::string directory_;
  TrainerOptions options_;
  std::function<CheckpointInfo()> describe_;
  BatchPlan plan_;
  Index step_ = 0;
  double best_ = INFINITY;
  long bad_ = 0;
  bool stopped_ = false;
};

} // namespace pleat::inline v0_1
